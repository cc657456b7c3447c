"""Reviews over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.parties.signin import SignedIn, TheCaller
from torvet.ports.parts import Parts
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import review_store, reviewing
from .api import IdPath, SlugPath
from .forms import AnswerForm, HidingForm, ReviewForm
from .model import Review
from .sheets import (
    RatingSheet,
    ReviewHistorySheet,
    ReviewSheet,
    ReviewsSheet,
    ReviewVersionSheet,
)

PAGE_MAX = 200
PAGE = 50

router = APIRouter(prefix="/api", tags=["reviews"])

ReviewPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@router.get("/datasets/{slug}/reviews", responses=problems_of(401, 404, 422, 429))
def list_reviews(
    slug: SlugPath,
    caller: TheCaller,
    parts: TheParts,
    after: Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
) -> ReviewsSheet:
    """List what those think of a dataset who read it under a contract, newest first."""
    with parts.db.begin() as tx:
        dataset = catalogue.visible_dataset(tx, slug, caller)
        return reviews_sheet(tx, dataset.id, after=after, limit=limit)


@router.put(
    "/contracts/{contract_id}/review", responses=problems_of(400, 401, 403, 404, 409, 422, 429)
)
def write_review(
    contract_id: IdPath, form: ReviewForm, caller: SignedIn, parts: TheParts
) -> ReviewSheet:
    """Review what you read under a contract; once more is a new version, the old one is kept."""
    made = reviewing.write(
        parts, caller, contract_id, stars=form.stars.to_stars(), words=form.words
    )
    return _sheet(parts, made)


@router.delete("/contracts/{contract_id}/review", responses=problems_of(401, 403, 404, 422, 429))
def withdraw_review(contract_id: IdPath, caller: SignedIn, parts: TheParts) -> ReviewSheet:
    """Take your review back: its stars count no more."""
    return _sheet(parts, reviewing.withdraw(parts, caller, contract_id))


@router.put("/reviews/{review_id}/answer", responses=problems_of(400, 401, 403, 404, 409, 422, 429))
def answer_review(
    review_id: ReviewPath, form: AnswerForm, caller: SignedIn, parts: TheParts
) -> ReviewSheet:
    """Answer a review of your dataset; once more is a new version of the answer."""
    return _sheet(parts, reviewing.answer(parts, caller, review_id, form.words))


@router.get("/reviews/{review_id}/versions", responses=problems_of(401, 404, 422, 429))
def review_versions(
    review_id: ReviewPath, caller: TheCaller, parts: TheParts
) -> ReviewHistorySheet:
    """Tell every version of a review and of its answer."""
    with parts.db.begin() as tx:
        found = reviewing.versions_of(tx, caller, review_id)
    return ReviewHistorySheet(items=[ReviewVersionSheet.of(one) for one in found])


@router.post("/reviews/{review_id}/hiding", responses=problems_of(400, 401, 403, 404, 422, 429))
def hide_review(
    review_id: ReviewPath, form: HidingForm, caller: SignedIn, parts: TheParts
) -> ReviewSheet:
    """Hide unlawful words, as the operator: the reason is shown in their place."""
    return _sheet(parts, reviewing.hide(parts, caller, review_id, form.reason))


@router.delete("/reviews/{review_id}/hiding", responses=problems_of(401, 403, 404, 422, 429))
def show_review_again(review_id: ReviewPath, caller: SignedIn, parts: TheParts) -> ReviewSheet:
    """Show a review again that was hidden, as the operator."""
    return _sheet(parts, reviewing.show_again(parts, caller, review_id))


def reviews_sheet(
    tx: Connection, dataset: str, *, after: str | None = None, limit: int = PAGE
) -> ReviewsSheet:
    """Return a page of a dataset's reviews, with what all of them say together."""
    found = review_store.reviews_of(tx, dataset, after=after, limit=limit + 1)
    authors = parties.parties_by_id(tx, [one.author for one in found])
    page = [ReviewSheet.of(one, authors.get(one.author)) for one in found[:limit]]
    return ReviewsSheet(
        items=page,
        rating=RatingSheet.of(catalogue.ratings_of(tx, [dataset]).get(dataset)),
        next=page[-1].id if len(found) > limit else None,
    )


def _sheet(parts: Parts, review: Review) -> ReviewSheet:
    with parts.db.begin() as tx:
        return ReviewSheet.of(review, parties.party(tx, review.author))
