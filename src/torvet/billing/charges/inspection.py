"""Charges checked: their sheets, the log as witness, and whether deriving again adds anything."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, text

from torvet.audit import facts_named
from torvet.billing.guards import beside, unguarded
from torvet.kit.errors import ExchangeError

from . import store
from .deriving import derived, digest_of, gathered
from .service import CHARGED

CONTRACTS_AT_A_TIME = 500
TRIGGERS = ("charges_kept", "charge_sheets_kept", "charge_sheets_billed")


def faults_of_charges(tx: Connection) -> Iterator[str]:
    """Say what is wrong with charges; nothing where every law of theirs holds.

    The laws: a sheet is the sum of its charges; the portions of a charge are counted without a
    gap; nothing of a sheet changed since it was written, as the log bears witness, and each has its
    fact; deriving all charges again from what was metered adds nothing and takes nothing back; the
    triggers are on guard.
    """
    for name in unguarded(tx, *TRIGGERS):
        yield f"the trigger {name} is gone or switched off: charges are not kept"
    for law in (_SUMS, _PORTIONS, _STRAY):
        for row in tx.execute(law):
            yield f"charges of contract {row.contract}: {row.wrong}"
    yield from _faults_of_witnesses(tx)
    yield from _faults_of_derivations(tx)


def _faults_of_witnesses(tx: Connection) -> Iterator[str]:
    """Hold every sheet against its fact, contract by contract."""
    own = groupby(tx.execute(_LINES), key=lambda row: row.contract)
    for contract, rows, facts in beside(facts_named(tx, CHARGED), own):
        if rows is None:
            yield f"charges of contract {contract} are gone: the log knows them"
            continue
        told = {fact.body["sheet"]: fact.body["digest"] for fact in facts}
        for sheet, lines in groupby(rows, key=lambda row: row.sheet):
            digest = digest_of(
                (row.cause, row.meter, row.begin, row.portion, row.counted, row.amount)
                for row in lines
            )
            if told.pop(sheet, None) != digest:
                yield f"sheet {sheet} of contract {contract} is not what the log bears witness of"
        for sheet in told:
            yield f"sheet {sheet} of contract {contract} is gone: the log knows it"


def _faults_of_derivations(tx: Connection) -> Iterator[str]:
    """Derive all that is derived once more, but for contracts of which there is news."""
    last = ""
    while page := store.settled_after(tx, last, CONTRACTS_AT_A_TIME):
        last = page[-1].contract
        reached: dict[str, datetime] = {
            one.contract: one.reached for one in page if one.reached is not None
        }
        for work in gathered(tx, page, anew=True):
            contract = work.place.contract
            try:
                more, _ = derived(work, reached[contract])
            except (ExchangeError, ValueError, OverflowError) as error:
                yield f"contract {contract} cannot be charged: {error}"
                continue
            for sheet in more:
                yield (
                    f"contract {contract} is charged {-sheet.amount} too much for"
                    if sheet.amount.minor < 0
                    else f"contract {contract} is charged {sheet.amount} too little for"
                ) + f" {sheet.month:%Y-%m}, in {len(sheet.portions)} charges"


_SUMS = text(
    """
    select s.contract, format('sheet %s says %s in %s charges, and they are %s in %s', s.id,
        s.amount, s.charges, coalesce(sums.amount, 0), coalesce(sums.charges, 0)) as wrong
    from charge_sheets s left join (
        select sheet, contract, sum(amount) as amount, count(*) as charges
        from charges group by sheet, contract) sums
        on sums.sheet = s.id and sums.contract = s.contract
    where s.amount is distinct from sums.amount or s.charges is distinct from sums.charges
    order by s.id limit 100
    """
)
_PORTIONS = text(
    """
    select contract, format('%s %s of %s has %s portions, the last of them %s', cause, meter,
        begin, count(*), max(portion)) as wrong
    from charges group by contract, cause, meter, begin
    having max(portion) <> count(*) - 1
    order by 1, 2 limit 100
    """
)
_STRAY = text(
    """
    select c.contract, format('%s %s of %s is on sheet %s, which is not there', c.cause, c.meter,
        c.begin, c.sheet) as wrong
    from charges c
    where not exists (select from charge_sheets s where s.id = c.sheet and s.contract = c.contract)
    order by 1, 2 limit 100
    """
)
_LINES = text(
    """
    select contract, sheet, cause, meter, begin, portion, counted, amount from charges
    order by contract collate "C", sheet
    """
).execution_options(yield_per=5_000)
