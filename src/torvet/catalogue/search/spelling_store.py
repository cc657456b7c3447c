"""The words of the catalogue as rows. Each function takes the transaction that it runs in.

A word stays when the last dataset with it is gone: it is shown to nobody for whom it finds nothing.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Text, cast, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from . import spelling
from .tables import search_words as words

NEAR_MAX = 200


def learn(tx: Connection, found: Iterable[str]) -> None:
    """Keep words that may be mistyped. Sorted, so that two writers never wait for each other."""
    rows = [{"word": word, "near": spelling.shortened(word)} for word in sorted(set(found))]
    if not rows:
        return
    known = set(tx.scalars(select(words.c.word).where(words.c.word.in_([r["word"] for r in rows]))))
    if new := [row for row in rows if row["word"] not in known]:
        tx.execute(insert(words).on_conflict_do_nothing(), new)


def near(tx: Connection, typed: Sequence[str], limit: int) -> dict[str, list[str]]:
    """Return, for each of `typed` that the catalogue does not know, words that it may have been."""
    known = set(tx.scalars(select(words.c.word).where(words.c.word.in_(typed))))
    found = {}
    for word in typed:
        if word in known:
            continue
        texts = cast(spelling.shortened(word), ARRAY(Text(collation="C")))
        others = tx.scalars(select(words.c.word).where(words.c.near.overlap(texts)).limit(NEAR_MAX))
        if likely := spelling.nearest(word, others, limit):
            found[word] = likely
    return found
