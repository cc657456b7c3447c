"""The page of a delivery: how far it is, or what it waits for and what can be done about it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet.kit.errors import ExchangeError, Kind
from torvet.parties import Caller
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.privacy import PRESETS, Policy, PolicyInvalid, ProposalNotFound
from torvet.web.pages import render
from torvet.web.parts import TheParts

from . import privacy_service, service, store
from .api import DeliveryName
from .model import Dataset, Delivery, Stage
from .policy_words import policy_in_words

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

POLICY_CHARACTERS_MAX = 1_000_000
K_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a provider chose on the page: a policy, or the one that is proposed, with a k."""

    policy: str = ""
    preset: str = ""
    k: int | None = None


@router.get("/deliveries/{delivery}")
def delivery_page(
    delivery: DeliveryName,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    preset: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show a delivery to the party that made it."""
    return _page(request, parts, caller, delivery, _Wish(preset=preset))


@router.post("/deliveries/{delivery}/policy")
def set_policy_on_page(  # noqa: PLR0917 - FastAPI calls it, by name
    delivery: DeliveryName,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    policy: Annotated[str, Form(max_length=POLICY_CHARACTERS_MAX)] = "",
    preset: Annotated[str, Form(max_length=40)] = "",
    k: Annotated[int | None, Form(ge=1, le=K_MAX)] = None,
) -> Response:
    """Set a policy from the page of the delivery that waits for one; it goes on then."""
    wish = _Wish(policy=policy, preset=preset, k=k)
    dataset, _ = _dataset_of(parts, caller, delivery)
    try:
        chosen = _chosen(parts, caller, dataset.slug, wish)
        privacy_service.set_policy(parts, caller, dataset.slug, chosen)
    except ExchangeError as fault:
        if fault.kind is not Kind.INVALID:
            raise
        return _page(request, parts, caller, delivery, wish, fault)
    return RedirectResponse(f"/deliveries/{delivery}", status_code=303)


@router.post("/deliveries/{delivery}/drop")
def drop_on_page(delivery: DeliveryName, caller: SignedIn, parts: TheParts) -> Response:
    """Drop a delivery that waits."""
    dropped = privacy_service.drop(parts, caller, delivery)
    return RedirectResponse(f"/deliveries/{dropped.id}", status_code=303)


def _dataset_of(parts: Parts, caller: Caller, delivery_id: str) -> tuple[Dataset, Delivery]:
    with parts.db.begin() as tx:
        found = service.delivery(tx, delivery_id, caller)
        return store.dataset(tx, found.dataset), found


def _chosen(parts: Parts, caller: Caller, slug: str, wish: _Wish) -> Mapping[str, Any]:
    if wish.policy:
        try:
            edited: Any = json.loads(wish.policy)
        except ValueError as error:
            raise PolicyInvalid((f"it is no JSON ({error})",)) from error
        return edited if isinstance(edited, Mapping) else {}
    found = privacy_service.proposal_for(parts, caller, slug, wish.preset)
    policy: dict[str, Any] = dict(found["policy"])
    if wish.k is not None and policy.get("anonymise"):
        models = [
            {**it, "k": wish.k} if it.get("kind") == "k-anonymity" else it
            for it in policy["anonymise"]["models"]
        ]
        policy["anonymise"] = {**policy["anonymise"], "models": models}
    return policy


def _page(  # noqa: PLR0917 - whoever asks, of what, and what was wrong
    request: Request,
    parts: Parts,
    caller: Caller,
    delivery_id: str,
    wish: _Wish,
    fault: ExchangeError | None = None,
) -> Response:
    dataset, found = _dataset_of(parts, caller, delivery_id)
    waiting = _waiting(parts, caller, dataset, wish) if found.stage is Stage.HELD else None
    return render(
        request,
        "catalogue/delivery.html",
        http_status=422 if fault else 200,
        dataset=dataset,
        delivery=found,
        waiting=waiting,
        presets=PRESETS,
        fault=fault,
    )


def _waiting(parts: Parts, caller: Caller, dataset: Dataset, wish: _Wish) -> dict[str, Any]:
    """Return what was found in a delivery that waits, what is proposed, and what is in force."""
    with parts.db.begin() as tx:
        held = privacy_service.policy_for(tx, caller, dataset.slug)
    try:
        found = privacy_service.proposal_for(parts, caller, dataset.slug, wish.preset)
    except ProposalNotFound:  # another delivery was dropped, and took it along
        return {"proposal": None, "text": wish.policy, "held": held}
    policy = Policy.trusted(found["policy"])
    edited = held.policy.to_json() if held is not None and not wish.preset else found["policy"]
    return {
        "proposal": found,
        "policy": policy,
        "words": policy_in_words(policy),
        "k": policy.anonymise.k if policy.anonymise else None,
        "held": held,
        "text": wish.policy or json.dumps(edited, ensure_ascii=False, indent=2),
    }
