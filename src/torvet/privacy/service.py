"""Answers as deeds: make what they read, tell the price, charge, draw, keep, and tell.

The order is what makes it safe. A question is charged, durably, before its noise is drawn; noise
is kept, durably, before it is told; and of several that draw the same vector only what was kept
first is told. Whoever is killed in between has paid, and gets the answer by asking again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection

from torvet.audit import Fact, record
from torvet.ports.parts import Parts

from . import ledger, policy_store, store
from .answers import figures, noise
from .answers.accounting import Calibrated, calibrated, epsilon, price_of
from .answers.exact import exact
from .answers.figures import Figures, Noisy
from .answers.prepare import prepared, schema
from .answers.question import Count, Fitted, Histogram, Question, Sum, Vector, fitted
from .answers.sensitivity import l2_squared
from .answers.spec import MICRO_RHO_MAX, AnswerSpec
from .errors import BudgetSpent, NoAnswers, QuestionInvalid
from .ledger import ALL, Account, Charge
from .statements import BudgetStatement
from .store import Kept

BESIDE = (
    "Exact figures of these people are out as well (release {}): the budget bounds what answers"
    " tell, and not what both tell together."
)
OTHER_UNITS = (
    "The unit was changed: what was charged before counts on, and hides the unit of then only."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, under which contract, and whose data it is."""

    consumer: str
    provider: str
    contract: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A question, and how well it is to be answered: for a price, or within an error.

    With neither it costs what the policy says. `half_width` is in the first measure's own unit.
    """

    question: Question
    micro_rho: int | None = None
    half_width: float | None = None
    release: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """One vector of a question: what it will be, and what is to be paid for it."""

    vector: Vector
    how: Calibrated
    kept: Kept | None
    for_consumer: int
    for_dataset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a question costs and how far off its answer will be, before anything is spent."""

    dataset: str
    release: int
    spec: AnswerSpec
    asked: Fitted
    priced: tuple[Priced, ...]
    consumer: Account
    whole: Account

    @property
    def for_consumer(self) -> int:
        """Return what the consumer's own budget is charged, in micro-ρ."""
        return sum(each.for_consumer for each in self.priced)

    @property
    def for_dataset(self) -> int:
        """Return what the budget of all consumers together is charged, in micro-ρ."""
        return sum(each.for_dataset for each in self.priced)

    @property
    def affordable(self) -> bool:
        """Say whether both budgets have enough left now."""
        limits = self.spec.limits
        own, whole = self.consumer.left(limits.per_consumer), self.whole.left(limits.per_dataset)
        return self.for_consumer <= own and self.for_dataset <= whole

    def errors(self) -> list[dict[str, str]]:
        """Return the error that each measure will have, in the order asked."""
        how = {each.vector: each.how for each in self.priced}
        return [
            {"name": figures.name_of(self.asked.question.measures, place)}
            | figures.expected(self.spec, measure, needs[0], [how[v] for v in needs])
            for place, (measure, needs) in enumerate(
                zip(self.asked.question.measures, self.asked.needs, strict=True)
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a question came to, for every cell of the public keys, and what it cost."""

    quote: Quote
    figures: tuple[Figures, ...]
    charged: int
    """Of the consumer's own budget, in micro-ρ."""
    charged_dataset: int
    at: datetime

    @property
    def consumer_left(self) -> int:
        """Return what the consumer may still learn."""
        return self.quote.consumer.left(self.quote.spec.limits.per_consumer)

    @property
    def epsilon(self) -> float:
        """Return the ε that the charge amounts to at the policy's δ."""
        return epsilon(self.charged, self.quote.spec.delta)

    def fact(self, asker: Asker) -> Fact:
        """Return the fact that it was given."""
        more = {"cells": self.quote.asked.cells, "charged_micro_rho": self.charged}
        return _fact("answer-given", asker, self.quote, self.at, more)


def table_of(dataset: str, number: int) -> str:
    """Return the name of the table that answers about release `number` are summed from."""
    return f"answers/{dataset}/{number}"


def prepare_answers(
    parts: Parts, dataset: str, number: int, *, uris: Sequence[str], spec: AnswerSpec
) -> None:
    """Make the table that answers about a release are summed from; once made, it stays.

    `uris` are all files that the release is made of. It answers nobody before `open_answers`.
    """
    table, now = table_of(dataset, number), parts.clock.now()
    if (parts.tables.version(table) or 0) > 0:
        return
    folder = parts.tables.folder(table)
    files = prepared(parts.engine, uris, spec, folder, prefix=f"{parts.new_id('part')}-")
    columns = schema(spec)
    parts.tables.create(table, columns, at=now)
    held = [file for file in files if file.rows > 0]
    parts.tables.commit(table, held, version=1, replace=True, schema=columns, at=now)


def open_answers(tx: Connection, dataset: str, number: int, spec: AnswerSpec, at: datetime) -> None:
    """Let a release that was prepared be asked, from when `tx` commits."""
    store.add_release(tx, dataset, number, spec, at)


def change_budget(tx: Connection, dataset: str, spec: AnswerSpec) -> None:
    """Put the budgets of `spec` in force for the newest release that gives answers, if any does.

    What was spent stays spent. Keys and bounds stay as its table was made.
    """
    found = store.release(tx, dataset, None)
    if found is not None:
        number, held = found
        fresh = replace(held, limits=spec.limits, per_answer=spec.per_answer, delta=spec.delta)
        store.replace_spec(tx, dataset, number, fresh)


def budget(
    tx: Connection, dataset: str, consumer: str, at: datetime
) -> tuple[int, AnswerSpec, Account, Account]:
    """Return the newest release that answers, what may be asked of it, and both accounts."""
    number, spec = _release(tx, dataset, None)
    own = ledger.account(tx, dataset, consumer, spec.limits, at=at)
    return number, spec, own, ledger.account(tx, dataset, ALL, spec.limits, at=at)


def spent(tx: Connection, dataset: str, spec: AnswerSpec, at: datetime) -> int:
    """Return what all consumers together have learned of `dataset`, in micro-ρ, under `spec`."""
    return ledger.account(tx, dataset, ALL, spec.limits, at=at).spent


def budget_stated(tx: Connection, dataset: str, *, slug: str, at: datetime) -> BudgetStatement:
    """Return what `dataset` has told by its answers, to be signed; raise NoAnswers."""
    number, spec = _release(tx, dataset, None)
    whole = ledger.account(tx, dataset, ALL, spec.limits, at=at)
    units = store.units(tx, dataset)
    remarks = [beside_answers(tx, dataset)] if beside_answers(tx, dataset) else []
    if len(units) > 1:
        remarks.append(OTHER_UNITS)
    return BudgetStatement(
        dataset=slug,
        release=number,
        at=at,
        units=units,
        spent=whole.spent,
        ever=whole.ever,
        limit=spec.limits.per_dataset,
        limit_per_consumer=spec.limits.per_consumer,
        delta=spec.delta,
        refresh_days=spec.limits.refresh_days,
        period_began_at=whole.period_began_at,
        remarks=tuple(remarks),
    )


def beside_answers(tx: Connection, dataset: str) -> str:
    """Say what a budget does not bound, where exact figures of the same people are out as well."""
    numbers = policy_store.exact_releases(tx, dataset)
    return BESIDE.format(", ".join(map(str, numbers))) if numbers else ""


def quote(tx: Connection, dataset: str, consumer: str, wish: Wish, at: datetime) -> Quote:
    """Return what `wish` would cost `consumer` now; nothing is charged and no data is read.

    Raises NoAnswers and QuestionInvalid.
    """
    number, spec = _release(tx, dataset, wish.release)
    # Budgets are the newest policy's, whichever release is asked.
    _, newest = _release(tx, dataset, None)
    spec = replace(spec, limits=newest.limits, per_answer=newest.per_answer, delta=newest.delta)
    asked = fitted(wish.question, spec)
    wanted = _calibrated(spec, asked, wish)
    there = store.kept(tx, dataset, number, consumer, [vector.key for vector in wanted])
    return Quote(
        dataset=dataset,
        release=number,
        spec=spec,
        asked=asked,
        priced=tuple(_priced(vector, how, there) for vector, how in wanted.items()),
        consumer=ledger.account(tx, dataset, consumer, spec.limits, at=at),
        whole=ledger.account(tx, dataset, ALL, spec.limits, at=at),
    )


def _release(tx: Connection, dataset: str, number: int | None) -> tuple[int, AnswerSpec]:
    found = store.release(tx, dataset, number)
    if found is None:
        raise NoAnswers(dataset)
    return found


def _calibrated(spec: AnswerSpec, asked: Fitted, wish: Wish) -> dict[Vector, Calibrated]:
    """Share the price among the vectors of a question, and find the noise of each."""
    vectors = asked.vectors
    share = max(_price(spec, asked, wish) // len(vectors), 1)
    return {vector: calibrated(l2_squared(spec, vector), share) for vector in vectors}


def _price(spec: AnswerSpec, asked: Fitted, wish: Wish) -> int:
    if wish.half_width is None:
        return wish.micro_rho or max(spec.per_answer, len(asked.vectors))
    measure, needs = asked.question.measures[0], asked.needs[0]
    if wish.micro_rho is not None or not wish.half_width > 0:
        raise QuestionInvalid("it says both a price and an error, or an error that is not above 0")
    match measure:
        case Count() | Histogram():
            steps = wish.half_width
        case Sum(column):
            steps = wish.half_width / float(spec.bounds[column].step)
        case _:
            raise QuestionInvalid(
                "the error of a mean or quantile is not known before: say a price"
            )
    each = price_of(l2_squared(spec, needs[0]), steps)
    if each * len(asked.vectors) > MICRO_RHO_MAX:
        raise QuestionInvalid("so small an error costs more than any budget has")
    return each * len(asked.vectors)


def _priced(vector: Vector, how: Calibrated, there: list[Kept]) -> Priced:
    """Price one vector: nothing where the consumer has it as good or better.

    Another consumer's vector of the same price costs the consumer, who learns it, and not the
    dataset, of which nothing new is told.
    """
    same = [kept for kept in there if kept.vector == vector.key]
    own = [kept for kept in same if kept.held and kept.how.micro_rho >= how.micro_rho]
    if own:
        best = max(own, key=lambda kept: kept.how.micro_rho)
        return Priced(vector=vector, how=best.how, kept=best, for_consumer=0, for_dataset=0)
    price = how.micro_rho
    for kept in same:
        if kept.how.micro_rho == price:
            return Priced(vector=vector, how=kept.how, kept=kept, for_consumer=price, for_dataset=0)
    return Priced(vector=vector, how=how, kept=None, for_consumer=price, for_dataset=price)


def answer(parts: Parts, dataset: str, asker: Asker, wish: Wish) -> Answer:
    """Charge a question, draw its noise, keep it, and return it; once asked, again for nothing.

    Raises NoAnswers, QuestionInvalid, and BudgetSpent, which is on the record.
    """
    now = parts.clock.now()
    with parts.db.connect() as plain:
        reading = plain.execution_options(isolation_level="AUTOCOMMIT")
        found = quote(reading, dataset, asker.consumer, wish, now)
    charged, whole = 0, 0
    if found.for_consumer:
        try:
            found, charged, whole = _charge(parts, asker, found, wish, now)
        except BudgetSpent as spent:
            with parts.db.begin() as tx:
                record(tx, _refusal(asker, found, spent, now))
            raise
    return Answer(
        quote=found,
        figures=figures.figures(found.spec, found.asked, _noisy(parts, asker, found)),
        charged=charged,
        charged_dataset=whole,
        at=now,
    )


def _charge(
    parts: Parts, asker: Asker, seen: Quote, wish: Wish, now: datetime
) -> tuple[Quote, int, int]:
    dataset = seen.dataset
    with parts.db.begin() as tx:
        ledger.hold(tx, dataset, at=now)
        # Asked again under the lock: the same question may have been charged a moment ago.
        held = quote(tx, dataset, asker.consumer, replace(wish, release=seen.release), now)
        if not held.for_consumer:
            return held, 0, 0
        price = Charge(
            dataset=dataset,
            consumer=asker.consumer,
            question=held.asked.key,
            for_consumer=held.for_consumer,
            for_dataset=held.for_dataset,
        )
        ledger.charge(tx, price, held.spec.limits, at=now)
        paid = [(each.vector.key, each.how) for each in held.priced if each.for_consumer]
        store.reserve(tx, dataset, held.release, consumer=asker.consumer, wanted=paid, at=now)
        record(tx, _charged(asker, held, now))
    after = replace(
        held,
        consumer=replace(held.consumer, spent=held.consumer.spent + price.for_consumer),
        whole=replace(held.whole, spent=held.whole.spent + price.for_dataset),
    )
    return after, price.for_consumer, price.for_dataset


def _noisy(parts: Parts, asker: Asker, found: Quote) -> Mapping[Vector, Noisy]:
    """Return the vectors as they are kept, drawn where nobody has drawn them yet."""
    numbers = {each.vector: each.kept.numbers if each.kept else None for each in found.priced}
    lacking = [each for each in found.priced if numbers[each.vector] is None]
    if lacking:
        numbers |= _drawn(parts, asker, found, lacking)
    return {
        each.vector: Noisy(
            numbers=np.frombuffer(numbers[each.vector] or b"", dtype="<i8").reshape(
                each.vector.shape(found.spec)
            ),
            how=each.how,
        )
        for each in found.priced
    }


def _drawn(
    parts: Parts, asker: Asker, found: Quote, lacking: list[Priced]
) -> dict[Vector, bytes | None]:
    table = table_of(found.dataset, found.release)
    uris = parts.tables.file_uris(table, 1)
    sums = exact(parts.engine, uris, found.spec, [each.vector for each in lacking])
    made = {
        each.vector: noise.hidden(sums[each.vector], each.how).astype("<i8").tobytes()
        for each in lacking
    }
    with parts.db.begin() as tx:
        for each in sorted(lacking, key=lambda one: one.vector.key):
            store.keep_numbers(
                tx,
                found.dataset,
                found.release,
                vector=each.vector.key,
                micro_rho=each.how.micro_rho,
                numbers=made[each.vector],
            )
        keys = [each.vector.key for each in lacking]
        there = store.kept(tx, found.dataset, found.release, asker.consumer, keys)
    told = {(kept.vector, kept.how.micro_rho): kept.numbers for kept in there}
    return {each.vector: told[each.vector.key, each.how.micro_rho] for each in lacking}


def _charged(asker: Asker, quoted: Quote, at: datetime) -> Fact:
    more = {
        "consumer_micro_rho": quoted.for_consumer,
        "dataset_micro_rho": quoted.for_dataset,
    }
    return _fact("budget-charged", asker, quoted, at, more)


def _refusal(asker: Asker, quoted: Quote, spent: BudgetSpent, at: datetime) -> Fact:
    more = {
        "whose": spent.whose,
        "price_micro_rho": spent.price_micro_rho,
        "left_micro_rho": spent.left_micro_rho,
    }
    return _fact("answer-refused", asker, quoted, at, more)


def _fact(name: str, asker: Asker, quoted: Quote, at: datetime, more: Mapping[str, Any]) -> Fact:
    """Return a fact of a question: who asked what, of whom, and what came of it."""
    asked = {
        "contract": asker.contract,
        "dataset": quoted.dataset,
        "release": quoted.release,
        "question": quoted.asked.key,
    }
    return Fact(
        name=name,
        at=at,
        actor=asker.actor,
        subject=asker.contract,
        parties=(asker.consumer, asker.provider),
        body={**asked, **more},
    )
