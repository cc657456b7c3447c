"""What watches over the books: triggers in the database, and facts in the log."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TypeVar

from sqlalchemy import ARRAY, Connection, Text, bindparam, text

from torvet.audit import Fact

_It = TypeVar("_It")


def unguarded(tx: Connection, *triggers: str) -> list[str]:
    """Return those of `triggers` that are gone or switched off.

    Each is named after its table and what it does there, in one word: `invoices_kept`. On guard
    is one that fires always, also for a replica.
    """
    return list(tx.scalars(_UNGUARDED, {"wanted": list(triggers)}))


def beside(
    facts: Iterable[Fact], own: Iterable[tuple[str, _It]]
) -> Iterator[tuple[str, _It | None, list[Fact]]]:
    """Give every id with what is kept under it, None where it is gone, and its facts.

    Both come by the bytes of their ids, so that neither is held in memory.
    """
    witnesses = groupby(facts, key=lambda fact: fact.subject)
    due = next(witnesses, None)
    for id_, it in own:
        while due is not None and due[0] < id_:
            yield due[0], None, list(due[1])
            due = next(witnesses, None)
        if due is not None and due[0] == id_:
            yield id_, it, list(due[1])
            due = next(witnesses, None)
        else:
            yield id_, it, []
    while due is not None:
        yield due[0], None, list(due[1])
        due = next(witnesses, None)


_UNGUARDED = text(
    """
    select wanted.name from unnest(:wanted) as wanted (name)
    where not exists (
        select from pg_trigger
        where tgname = wanted.name and tgenabled = 'A'
          and tgrelid = to_regclass(regexp_replace(wanted.name, '_[a-z]+$', '')))
    order by 1
    """
).bindparams(bindparam("wanted", type_=ARRAY(Text)))
