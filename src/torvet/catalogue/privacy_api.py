"""Privacy over HTTP: what is proposed for a dataset, what its provider decides, certificates."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from torvet.parties.signin import SignedIn, TheCaller
from torvet.privacy import Held, Role, Treatment
from torvet.web.parts import TheParts
from torvet.web.problems import problems_of

from . import privacy_service
from .api import DatasetName, DeliveryName, Number

router = APIRouter(prefix="/api", tags=["privacy"])

CERTIFICATE = "application/vnd.torvet.certificate+json"
STATEMENT = "application/vnd.torvet.statement+json"


Preset = Annotated[
    str,
    Query(
        max_length=40,
        description="Whose numbers to take: households, meters, mobility, health or open.",
    ),
]


class PolicyForm(BaseModel):
    """What is done with a dataset's rows before anybody gets them."""

    model_config = ConfigDict(extra="forbid")

    preset: str = Field("", max_length=40, description="Where it began: households, meters …")
    treatment: Treatment
    roles: dict[str, Role] = Field(max_length=1000, description="What each column is.")
    because: dict[str, str] = Field(
        default_factory=dict,
        max_length=1000,
        description="Why a column is less personal than it was found to be.",
    )
    beside: str | None = Field(
        None,
        max_length=2000,
        description="Why exact figures and answers with noise are both let out.",
    )
    basis: dict[str, str] | None = Field(
        None, description="ground (consent, law, not-personal), reference and reason, for as-is."
    )
    anonymise: dict[str, Any] | None = Field(
        None, description="hierarchies, models, suppression_limit, metric, recoding."
    )
    aggregate: dict[str, Any] | None = Field(None, description="by, value, unit, rules.")
    answers: dict[str, Any] | None = Field(
        None, description="unit, slot, keys, bounds and budgets of what may be asked."
    )

    def policy(self) -> dict[str, Any]:
        """Return it as a policy is read."""
        return self.model_dump(mode="json", exclude_none=True)


class PolicyView(BaseModel):
    """The policy in force; without `version` there is none."""

    dataset: str
    version: int | None = None
    set_at: datetime | None = None
    policy: dict[str, Any] | None = None

    @classmethod
    def of(cls, slug: str, held: Held | None) -> Self:
        if held is None:
            return cls(dataset=slug)
        return cls(
            dataset=slug, version=held.version, set_at=held.set_at, policy=held.policy.to_json()
        )


class CostView(BaseModel):
    """What one k would cost, by the best transformation there is."""

    k: int
    possible: bool = Field(description="Within the suppression limit.")
    transformation: dict[str, int] = Field(default_factory=dict)
    suppressed: int = Field(0, description="Rows that would be left out.")
    suppressed_share: float = 0.0
    loss: float = Field(1.0, description="0 as it was, 1 nothing left.")


class ProposalView(BaseModel):
    """What was found in the newest delivery that waits, and what could be done about it."""

    dataset: str
    release: int = Field(description="The release that it would become.")
    found: dict[str, Any] = Field(description="A verdict for each column, with its evidence.")
    policy: dict[str, Any] = Field(description="A policy to start from: edit it, and PUT it.")
    costs: list[CostView] = Field(description="What each k costs in utility, under this policy.")


@router.get("/datasets/{slug}/privacy", responses=problems_of(401, 403, 404, 422))
def show_policy(slug: DatasetName, caller: SignedIn, parts: TheParts) -> PolicyView:
    """Show the privacy policy of your dataset."""
    with parts.db.begin() as tx:
        return PolicyView.of(slug, privacy_service.policy_for(tx, caller, slug))


@router.put("/datasets/{slug}/privacy", responses=problems_of(401, 403, 404, 422))
def set_policy(
    slug: DatasetName, wish: PolicyForm, caller: SignedIn, parts: TheParts
) -> PolicyView:
    """Set the privacy policy of your dataset. Deliveries that wait for one go on under it."""
    return PolicyView.of(slug, privacy_service.set_policy(parts, caller, slug, wish.policy()))


@router.get("/datasets/{slug}/privacy/proposal", responses=problems_of(401, 403, 404, 422))
def show_proposal(
    slug: DatasetName, caller: SignedIn, parts: TheParts, preset: Preset = ""
) -> ProposalView:
    """Show what was found in a delivery that waits, a policy for it, and what each k costs."""
    found = privacy_service.proposal_for(parts, caller, slug, preset)
    return ProposalView.model_validate({"dataset": slug, **found})


@router.delete(
    "/deliveries/{delivery}", status_code=204, responses=problems_of(401, 403, 404, 409, 422)
)
def drop_delivery(delivery: DeliveryName, caller: SignedIn, parts: TheParts) -> None:
    """Drop a delivery of your party that waits for a privacy policy: its file and its rows go."""
    privacy_service.drop(parts, caller, delivery)


@router.get(
    "/datasets/{slug}/budget",
    responses={
        **problems_of(401, 404, 422),
        200: {"content": {STATEMENT: {"schema": {"type": "object"}}}},
    },
    response_class=Response,
)
def show_budget_spent(slug: DatasetName, caller: TheCaller, parts: TheParts) -> Response:
    """State what all consumers together have learned of a dataset by answers, signed, as of now.

    What is left to you under a contract is `GET /api/contracts/{id}/budget`.
    """
    content = privacy_service.budget_stated(parts, caller, slug)
    return Response(content, media_type=STATEMENT, headers={"Cache-Control": "no-store"})


@router.get(
    "/datasets/{slug}/releases/{number}/certificate",
    responses={
        **problems_of(401, 404, 422),
        200: {"content": {CERTIFICATE: {"schema": {"type": "object"}}}},
    },
    response_class=Response,
)
def show_certificate(
    slug: DatasetName, number: Number, caller: TheCaller, parts: TheParts
) -> Response:
    """Show the signed certificate of a release: what was done, and how safe it was found.

    `torvet privacy verify FILE CERTIFICATE` checks it offline.
    """
    with parts.db.begin() as tx:
        found = privacy_service.certificate_for(tx, caller, slug, number)
    return Response(found.content, media_type=CERTIFICATE)
