"""Pages of reviews: written from the contract, answered and hidden on a page of their own."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from torvet import catalogue, parties
from torvet.kit.errors import ExchangeError
from torvet.parties import Caller, Role, Scope
from torvet.parties.signin import SignedIn, TheCaller
from torvet.ports.parts import Parts
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import review_store, reviewing
from .forms import HidingForm, ReviewForm, StarsForm, Words
from .model import CRITERIA, ReviewStage
from .pages import SEE_OTHER, contract_page
from .sheets import ReviewSheet

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class Reviewed(StarsForm):
    """What the form of a review says."""

    words: Words

    def to_review(self) -> ReviewForm:
        stars = StarsForm(**{name: getattr(self, name) for name in CRITERIA})
        return ReviewForm(stars=stars, words=self.words)


@router.post("/contracts/{contract_id}/review")
def review(
    contract_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    reviewed: Annotated[Reviewed, Form()],
) -> Response:
    """Write a review, or a new version of it."""
    said = reviewed.to_review()
    try:
        reviewing.write(parts, caller, contract_id, stars=said.stars.to_stars(), words=said.words)
    except ExchangeError as error:
        entered = {name: str(given) for name, given in reviewed.model_dump().items()}
        return contract_page(
            request, caller, parts, contract_id, form="review", entered=entered, error=error
        )
    return RedirectResponse(f"/contracts/{contract_id}/reuse", SEE_OTHER)


@router.post("/contracts/{contract_id}/review/withdrawal")
def withdraw_review(contract_id: str, caller: SignedIn, parts: TheParts) -> RedirectResponse:
    """Take one's review back."""
    reviewing.withdraw(parts, caller, contract_id)
    return RedirectResponse(f"/contracts/{contract_id}/reuse", SEE_OTHER)


@router.get("/reviews/{review_id}")
def review_page(review_id: str, request: Request, caller: TheCaller, parts: TheParts) -> Response:
    """Show a review with all its versions, and what the reader can do about it."""
    return _shown(request, caller, parts, review_id)


@router.post("/reviews/{review_id}/answer")
def answer(
    review_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    words: Annotated[Words, Form()],
) -> Response:
    """Answer a review, as the provider; go back to the dataset's page."""
    try:
        answered = reviewing.answer(parts, caller, review_id, words)
    except ExchangeError as error:
        return _shown(request, caller, parts, review_id, entered=words, error=error)
    with parts.db.begin() as tx:
        slug = catalogue.dataset(tx, answered.dataset).slug
    return RedirectResponse(f"/datasets/{slug}#reviews", SEE_OTHER)


@router.post("/reviews/{review_id}/hiding")
def hide(
    review_id: str,
    request: Request,
    caller: SignedIn,
    parts: TheParts,
    hiding: Annotated[HidingForm, Form()],
) -> Response:
    """Hide unlawful words, as the operator, for a reason that everybody reads."""
    deed = partial(reviewing.hide, parts, caller, review_id, hiding.reason)
    return _done(request, caller, parts, review_id, deed, hiding.reason)


@router.post("/reviews/{review_id}/showing")
def show_again(review_id: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show a review again that was hidden, as the operator."""
    deed = partial(reviewing.show_again, parts, caller, review_id)
    return _done(request, caller, parts, review_id, deed, "")


def _done(  # noqa: PLR0917 - who does what where, and what they had entered
    request: Request,
    caller: Caller,
    parts: Parts,
    review_id: str,
    deed: Callable[[], object],
    entered: str,
) -> Response:
    try:
        deed()
    except ExchangeError as error:
        return _shown(request, caller, parts, review_id, entered=entered, error=error)
    return RedirectResponse(f"/reviews/{review_id}", SEE_OTHER)


def _shown(
    request: Request,
    caller: Caller,
    parts: Parts,
    review_id: str,
    *,
    entered: str = "",
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        versions = reviewing.versions_of(tx, caller, review_id)
        held = review_store.review(tx, review_id)
        dataset = catalogue.dataset(tx, held.dataset)
        author = parties.party(tx, held.author)
    is_shown = held.stage is ReviewStage.SHOWN
    return render(
        request,
        "reuse/review.html",
        http_status=200 if error is None else STATUS[error.kind],
        it=ReviewSheet.of(held, author),
        dataset=dataset,
        versions=versions[::-1],
        criteria=CRITERIA,
        may_answer=is_shown and caller.party == held.provider and caller.may(Role.STEWARD),
        may_hide=is_shown and caller.may(Scope.OPERATE),
        may_show=held.stage is ReviewStage.HIDDEN and caller.may(Scope.OPERATE),
        entered=entered,
        error=error,
    )
