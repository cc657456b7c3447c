"""What differs between two sets of terms, and who may do what. Pure."""

from collections.abc import Sequence

from torvet.contracts.clauses import Clause
from torvet.contracts.levels import words as level_words
from torvet.contracts.model import Offer
from torvet.contracts.prices import words as price_words
from torvet.contracts.sentences import Sentence

from .model import Change

TITLE = "title"
PRICE = "price"
LEVELS = "service-levels"


def changes(before: Offer, after: Offer) -> tuple[Change, ...]:
    """Return what `after` says otherwise than `before`: title, clauses, price, service levels.

    Empty where a reader of both would see no difference.
    """
    found = [
        Change(about=TITLE, before=_plain(before.title), after=_plain(after.title)),
        *_of_clauses(before.clauses, after.clauses),
        Change(
            about=PRICE,
            before=_joined(price_words.of_price(before.price)),
            after=_joined(price_words.of_price(after.price)),
        ),
        Change(
            about=LEVELS,
            before=_joined(level_words.of_levels(before.levels, before.price)),
            after=_joined(level_words.of_levels(after.levels, after.price)),
        ),
    ]
    return tuple(change for change in found if change.before != change.after)


def _of_clauses(before: Sequence[Clause], after: Sequence[Clause]) -> list[Change]:
    was = {clause.kind: clause.words() for clause in before}
    now = {clause.kind: clause.words() for clause in after}
    return [
        Change(about=kind, before=was.get(kind), after=now.get(kind))
        for kind in dict.fromkeys((*was, *now))
    ]


def _plain(text: str) -> Sentence:
    return Sentence(da=text, en=text)


def _joined(said: Sequence[Sentence]) -> Sentence | None:
    if not said:
        return None
    return Sentence(da=" ".join(one.da for one in said), en=" ".join(one.en for one in said))
