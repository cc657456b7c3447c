"""The ledger of budgets: what may still be learned of a dataset, by one consumer and by all.

Whole micro-ρ, charged before noise is drawn and never handed back. Two limits hold at once, since
consumers who tell each other their answers have learned the sum. Periods begin anew only where a
policy says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, text

from .answers.spec import Limits
from .errors import BudgetSpent

ALL = ""
"""The consumer that stands for all of them together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was learned of a dataset by `consumer`; `ever` counts over all periods."""

    dataset: str
    consumer: str
    spent: int = 0
    ever: int = 0
    period_began_at: datetime

    def left(self, limit: int) -> int:
        """Return what may still be learned; never below nothing, also where a limit was lowered."""
        return max(limit - self.spent, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A price: what the consumer learns by it, and what of that nobody knew before."""

    dataset: str
    consumer: str
    question: str
    for_consumer: int
    for_dataset: int


def charge(tx: Connection, asked: Charge, limits: Limits, *, at: datetime) -> tuple[int, int]:
    """Charge both accounts or none; return what is left to the consumer and of the dataset.

    The dataset's row is locked first, then the consumer's, until `tx` ends: of two who race for
    the last of a budget, one is charged. Raises BudgetSpent, after which `tx` must not commit.
    """
    # The dataset's row is written also where it is charged nothing: it is the lock.
    whole = _spend(tx, asked, limits, whose=ALL, at=at)
    own = _spend(tx, asked, limits, whose=asked.consumer, at=at)
    tx.execute(
        _LINE,
        {
            "dataset": asked.dataset,
            "consumer": asked.consumer,
            "question": asked.question,
            "own": asked.for_consumer,
            "whole": asked.for_dataset,
            "at": at,
        },
    )
    return max(limits.per_consumer - own, 0), max(limits.per_dataset - whole, 0)


def _spend(tx: Connection, asked: Charge, limits: Limits, *, whose: str, at: datetime) -> int:
    """Add the price to one account where its limit allows it; return what is spent then."""
    price, limit = asked.for_consumer, limits.per_consumer
    if whose == ALL:
        price, limit = asked.for_dataset, limits.per_dataset
    assert price >= 0, "nothing is ever handed back"
    spent = None
    if price <= limit:
        spent = tx.execute(
            _SPEND,
            {
                "dataset": asked.dataset,
                "consumer": whose,
                "price": price,
                "limit": limit,
                "at": at,
                "fresh_before": _fresh_before(limits, at),
            },
        ).scalar_one_or_none()
    if spent is None:
        raise _refusal(tx, asked, limits, at)
    return int(spent)


def _refusal(tx: Connection, asked: Charge, limits: Limits, at: datetime) -> BudgetSpent:
    """Return whose budget is short: the consumer's own where both are."""
    own = account(tx, asked.dataset, asked.consumer, limits, at=at).left(limits.per_consumer)
    if asked.for_consumer > own:
        return BudgetSpent("consumer", asked.for_consumer, own)
    whole = account(tx, asked.dataset, ALL, limits, at=at).left(limits.per_dataset)
    return BudgetSpent("dataset", asked.for_dataset, whole)


def account(
    tx: Connection, dataset: str, consumer: str, limits: Limits, *, at: datetime
) -> Account:
    """Return what `consumer` (or ALL) has learned of `dataset` in the period that `at` is in."""
    found = tx.execute(_ACCOUNT, {"dataset": dataset, "consumer": consumer}).mappings().first()
    if found is None:
        return Account(dataset=dataset, consumer=consumer, period_began_at=at)
    return _account(found, limits, at)


def _account(row: RowMapping, limits: Limits, at: datetime) -> Account:
    over = row["period_began_at"] < _fresh_before(limits, at)
    return Account(
        dataset=row["dataset"],
        consumer=row["consumer"],
        spent=0 if over else row["spent_micro_rho"],
        ever=row["ever_micro_rho"],
        period_began_at=at if over else row["period_began_at"],
    )


def hold(tx: Connection, dataset: str, *, at: datetime) -> None:
    """Lock a dataset's account until `tx` ends: what is then read of its vectors stays true."""
    held = tx.execute(_HOLD, {"dataset": dataset}).first()
    if held is None:
        tx.execute(_OPEN, {"dataset": dataset, "at": at})
        tx.execute(_HOLD, {"dataset": dataset})


def imbalances(tx: Connection) -> list[tuple[str, str]]:
    """Return every account whose sum is not the sum of its charges: there must be none."""
    return [(row.dataset, row.consumer) for row in tx.execute(_IMBALANCES)]


def _fresh_before(limits: Limits, at: datetime) -> datetime:
    """Return the instant before which a period that began is over."""
    return at - (limits.refresh or _NEVER)


_NEVER = timedelta(days=300_000)

_SPEND = text(
    """
    INSERT INTO budget_accounts AS held
        (dataset, consumer, spent_micro_rho, ever_micro_rho, period_began_at)
    VALUES (:dataset, :consumer, :price, :price, :at)
    ON CONFLICT (dataset, consumer) DO UPDATE SET
        spent_micro_rho = :price
            + CASE WHEN held.period_began_at < :fresh_before THEN 0 ELSE held.spent_micro_rho END,
        ever_micro_rho = held.ever_micro_rho + :price,
        period_began_at
            = CASE WHEN held.period_began_at < :fresh_before THEN :at ELSE held.period_began_at END
    WHERE :price = 0 OR :price + CASE WHEN held.period_began_at < :fresh_before
        THEN 0 ELSE held.spent_micro_rho END <= :limit
    RETURNING spent_micro_rho
    """
)
_LINE = text(
    """
    INSERT INTO budget_charges
        (dataset, consumer, question, consumer_micro_rho, dataset_micro_rho, charged_at)
    VALUES (:dataset, :consumer, :question, :own, :whole, :at)
    """
)
_ACCOUNT = text("SELECT * FROM budget_accounts WHERE dataset = :dataset AND consumer = :consumer")
_HOLD = text("SELECT 1 FROM budget_accounts WHERE dataset = :dataset AND consumer = '' FOR UPDATE")
_OPEN = text(
    """
    INSERT INTO budget_accounts
        (dataset, consumer, spent_micro_rho, ever_micro_rho, period_began_at)
    VALUES (:dataset, '', 0, 0, :at) ON CONFLICT DO NOTHING
    """
)
_IMBALANCES = text(
    """
    WITH lines AS (
        SELECT dataset, consumer, sum(consumer_micro_rho) AS ever
            FROM budget_charges GROUP BY dataset, consumer
        UNION ALL
        SELECT dataset, '', sum(dataset_micro_rho) FROM budget_charges GROUP BY dataset
    )
    SELECT coalesce(held.dataset, lines.dataset) AS dataset,
           coalesce(held.consumer, lines.consumer) AS consumer
    FROM budget_accounts held FULL JOIN lines USING (dataset, consumer)
    WHERE coalesce(held.ever_micro_rho, 0) <> coalesce(lines.ever, 0)
    """
)
