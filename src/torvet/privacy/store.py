"""Answers as rows. Each function takes the transaction that it runs in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from .answers.accounting import Calibrated
from .answers.spec import AnswerSpec
from .tables import answer_holders, answer_releases, answer_vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A noisy vector that was charged; `numbers` is None until its noise was drawn."""

    vector: str
    how: Calibrated
    numbers: bytes | None
    held: bool
    """Whether the consumer who asks was charged for it before."""


def add_release(tx: Connection, dataset: str, number: int, spec: AnswerSpec, at: datetime) -> None:
    """Let release `number` answer to `spec`; once it does, nothing changes that."""
    row = {"dataset": dataset, "release": number, "spec": spec.to_json(), "made_at": at}
    tx.execute(insert(answer_releases).values(row).on_conflict_do_nothing())


def release(tx: Connection, dataset: str, number: int | None) -> tuple[int, AnswerSpec] | None:
    """Return a release that gives answers (the newest where `number` is None) and its spec."""
    columns = answer_releases.c
    query = select(columns.release, columns.spec).where(columns.dataset == dataset)
    if number is not None:
        query = query.where(columns.release == number)
    row = tx.execute(query.order_by(columns.release.desc()).limit(1)).first()
    return None if row is None else (row.release, AnswerSpec.from_json(row.spec))


def units(tx: Connection, dataset: str) -> list[tuple[int, str]]:
    """Return whose contribution is hidden, from which release on: a line where it changed."""
    columns = answer_releases.c
    query = select(columns.release, columns.spec["unit"].astext.label("unit"))
    lines: list[tuple[int, str]] = []
    for row in tx.execute(query.where(columns.dataset == dataset).order_by(columns.release)):
        if not lines or lines[-1][1] != row.unit:
            lines.append((row.release, row.unit))
    return lines


def replace_spec(tx: Connection, dataset: str, number: int, spec: AnswerSpec) -> None:
    """Write the spec of a release anew, for other budgets."""
    tx.execute(
        update(answer_releases)
        .where(answer_releases.c.dataset == dataset, answer_releases.c.release == number)
        .values(spec=spec.to_json())
    )


def kept(
    tx: Connection, dataset: str, number: int, consumer: str, vectors: Iterable[str]
) -> list[Kept]:
    """Return what was charged of `vectors` by anybody, and whether `consumer` has it."""
    vector, holder = answer_vectors.c, answer_holders.c
    joined = answer_vectors.outerjoin(
        answer_holders,
        and_(
            *(holder[n] == vector[n] for n in ("dataset", "release", "vector", "micro_rho")),
            holder.consumer == consumer,
        ),
    )
    query = (
        select(vector.vector, vector.micro_rho, vector.scale, vector.numbers, holder.consumer)
        .select_from(joined)
        .where(
            vector.dataset == dataset,
            vector.release == number,
            vector.vector.in_(sorted(vectors)),
        )
    )
    return [
        Kept(
            vector=row.vector,
            how=Calibrated(scale=row.scale, micro_rho=row.micro_rho),
            numbers=row.numbers,
            held=row.consumer is not None,
        )
        for row in tx.execute(query)
    ]


def reserve(
    tx: Connection,
    dataset: str,
    number: int,
    *,
    consumer: str,
    wanted: Sequence[tuple[str, Calibrated]],
    at: datetime,
) -> None:
    """Note that `consumer` was charged for vectors; those that nobody has yet are to be drawn."""
    named = [
        {"dataset": dataset, "release": number, "vector": key, "micro_rho": how.micro_rho}
        for key, how in wanted
    ]
    made = [
        row | {"scale": how.scale, "charged_at": at}
        for row, (_, how) in zip(named, wanted, strict=True)
    ]
    tx.execute(insert(answer_vectors).on_conflict_do_nothing(), made)
    tx.execute(
        insert(answer_holders).on_conflict_do_nothing(),
        [row | {"consumer": consumer} for row in named],
    )


def keep_numbers(
    tx: Connection, dataset: str, number: int, *, vector: str, micro_rho: int, numbers: bytes
) -> None:
    """Write what was drawn for a vector, where nobody was faster."""
    columns = answer_vectors.c
    tx.execute(
        update(answer_vectors)
        .where(
            columns.dataset == dataset,
            columns.release == number,
            columns.vector == vector,
            columns.micro_rho == micro_rho,
            columns.numbers.is_(None),
        )
        .values(numbers=numbers)
    )
