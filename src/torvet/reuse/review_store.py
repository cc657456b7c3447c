"""Reviews as rows, with every version of theirs. Each function takes its transaction."""

from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Text, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import Integer

from torvet.parties.model import PartyId

from .errors import ReviewNotFound
from .model import CRITERIA, Review, ReviewId, ReviewStage, ReviewVersion, Side, Stars
from .tables import review_versions as versions
from .tables import reviews


def add(tx: Connection, review: Review) -> bool:
    """Write a review; return False where its contract has one."""
    new = insert(reviews).values(id=review.id, **_values(review))
    kept = new.on_conflict_do_nothing(index_elements=["contract"]).returning(reviews.c.id)
    return tx.scalar(kept) is not None


def replace(tx: Connection, changed: Review) -> None:
    """Write a review, whose row the transaction holds."""
    tx.execute(update(reviews).where(reviews.c.id == changed.id).values(**_values(changed)))


def add_version(tx: Connection, review: str, version: ReviewVersion, by: str | None) -> None:
    tx.execute(
        insert(versions).values(
            review=review,
            side=version.side.value,
            version=version.version,
            stars=None if version.stars is None else version.stars.by_criterion(),
            words=version.words,
            at=version.at,
            by=by,
        )
    )


def review(tx: Connection, review_id: str) -> Review:
    """Return a review and hold it; raise ReviewNotFound."""
    return _one(tx, select(reviews).where(reviews.c.id == review_id), review_id)


def review_of(tx: Connection, contract: str) -> Review:
    """Return the review of a contract and hold it; raise ReviewNotFound."""
    return _one(tx, select(reviews).where(reviews.c.contract == contract), contract)


def reviews_of(tx: Connection, dataset: str, *, after: str | None, limit: int) -> list[Review]:
    """Return the reviews of a dataset that were not withdrawn, newest first."""
    standing = reviews.c.stage != ReviewStage.WITHDRAWN.value
    wanted = select(reviews).where(reviews.c.dataset == dataset, standing)
    if after is not None:
        wanted = wanted.where(reviews.c.id < after)
    page = wanted.order_by(reviews.c.id.desc()).limit(limit)
    return [_review(row) for row in tx.execute(page).mappings()]


def versions_of(tx: Connection, review_id: str) -> list[ReviewVersion]:
    """Return every version of a review and of its answer, the oldest first."""
    wanted = select(versions).where(versions.c.review == review_id)
    return [
        ReviewVersion(
            side=Side(row["side"]),
            version=row["version"],
            stars=None if row["stars"] is None else Stars(**row["stars"]),
            words=row["words"],
            at=row["at"],
        )
        for row in tx.execute(wanted.order_by(versions.c.at, versions.c.version)).mappings()
    ]


def sums_of(tx: Connection, dataset: str) -> tuple[int, dict[str, int]]:
    """Return how many reviews of a dataset are shown, and their stars by criterion, added up."""
    given = [func.coalesce(func.sum(_stars(name)), 0).label(name) for name in CRITERIA]
    shown = (reviews.c.dataset == dataset, reviews.c.stage == ReviewStage.SHOWN.value)
    row = tx.execute(select(func.count().label("many"), *given).where(*shown)).one()
    return row.many, {name: int(getattr(row, name)) for name in CRITERIA}


def hold_dataset(tx: Connection, dataset: str) -> None:
    """Let nobody else count this dataset's reviews until `tx` ends."""
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(dataset, 0))))


def _stars(name: str) -> Any:
    return cast(cast(reviews.c.stars[name], Text), Integer)


def _one(tx: Connection, wanted: Select[Any], named: str) -> Review:
    row = tx.execute(wanted.with_for_update()).mappings().one_or_none()
    if row is None:
        raise ReviewNotFound(named)
    return _review(row)


def _values(review: Review) -> dict[str, object]:
    return {
        "contract": review.contract,
        "dataset": review.dataset,
        "provider": review.provider,
        "author": review.author,
        "stage": review.stage.value,
        "reason": review.reason,
        "stars": review.stars.by_criterion(),
        "words": review.words,
        "answer": review.answer,
        "versions": review.versions,
        "answer_versions": review.answer_versions,
        "made_at": review.made_at,
        "changed_at": review.changed_at,
        "answered_at": review.answered_at,
    }


def _review(row: RowMapping) -> Review:
    return Review(
        id=ReviewId(row["id"]),
        contract=row["contract"],
        dataset=row["dataset"],
        provider=PartyId(row["provider"]),
        author=PartyId(row["author"]),
        stage=ReviewStage(row["stage"]),
        stars=Stars(**row["stars"]),
        words=row["words"],
        answer=row["answer"],
        versions=row["versions"],
        answer_versions=row["answer_versions"],
        reason=row["reason"],
        made_at=row["made_at"],
        changed_at=row["changed_at"],
        answered_at=row["answered_at"],
    )
