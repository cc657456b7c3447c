"""Words that were nearly typed: pure, so that it can be tested without an index.

Two words that differ by one letter more, less, changed or swapped with its neighbour have a text
in common once a letter may be left out of either (the symmetric deletes of Garbe's SymSpell).
The index keeps those texts of each word, so that near words are found by equality.
"""

import re
from collections.abc import Iterable, Mapping

LETTERS_MIN = 4
LETTERS_MAX = 24
TWO_FAULTS_FROM = 8
"""Words of so many letters may have two faults where they are near all the same."""

_WORD = re.compile(rf"[^\W\d_]{{{LETTERS_MIN},{LETTERS_MAX}}}")
_TYPED = re.compile(rf"(?<![-\w])[^\W\d_]{{{LETTERS_MIN},{LETTERS_MAX}}}(?!\w)")


def words_of(texts: Iterable[str]) -> list[str]:
    """Return the words in `texts` that one may mistype, each once, in order."""
    return sorted({word for text in texts for word in _WORD.findall(text.lower())})


def typed(wanted: str) -> list[str]:
    """Return the words that somebody typed and that may be mistyped; none that is excluded."""
    return list(dict.fromkeys(word.lower() for word in _TYPED.findall(wanted)))


def respelt(wanted: str, instead: Mapping[str, str]) -> str:
    """Return what somebody typed with other words in the place of some."""
    return _TYPED.sub(lambda hit: instead.get(hit[0].lower(), hit[0]), wanted)


def shortened(word: str) -> list[str]:
    """Return `word`, and what it becomes by leaving out any one letter."""
    return sorted({word, *(word[:at] + word[at + 1 :] for at in range(len(word)))})


def nearest(word: str, others: Iterable[str], limit: int) -> list[str]:
    """Return those of `others` that `word` may have been meant to be, the likeliest first."""
    most = 2 if len(word) >= TWO_FAULTS_FROM else 1
    ranked = sorted((faults(word, other), other[:1] != word[:1], other) for other in set(others))
    return [other for wrong, _, other in ranked if wrong <= most][:limit]


def faults(one: str, other: str) -> int:
    """Return by how many letters more, less, changed or swapped two words differ.

    The optimal string alignment distance.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        now = [i]
        for j, opposite in enumerate(other, start=1):
            cost = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (letter != opposite))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == opposite:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        before, row = row, now
    return row[-1]
