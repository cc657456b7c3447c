"""How likely somebody is found in a release: from the release alone, or against a population.

    risk.report(table, ["age", "sex"], sensitive=["income"]).k

Definitions: docs/decisions/0091.
"""

from collections.abc import Sequence
from typing import Any

from .errors import ColumnsInvalid
from .recoding.classes import classes_of
from .recoding.groups import Gathering
from .recoding.measures import Risk, risk_of
from .sources import hold, opened

__all__ = ["Risk", "journalist", "marketer", "prosecutor", "report"]


def report(
    source: Any,
    quasi_identifiers: Sequence[str],
    sensitive: Sequence[str] = (),
    population: Any = None,
) -> Risk:
    """Measure k, l, t and the three attackers of a release as it is.

    Args:
        source: the release: a path, Arrow, or whatever `anonymise` takes.
        quasi_identifiers: columns an attacker is thought to know; equal values make a class.
            Null and NaN are one value of its own.
        sensitive: columns of which l and t are told.
        population: a table of everybody with the same columns in the same form; without it the
            release is taken for the population.

    Raises:
        ColumnsInvalid: A column is missing, or none is named.
        SourceUnreadable: The source is no table.
    """
    if not quasi_identifiers:
        raise ColumnsInvalid("no quasi-identifier is named")
    gathering = Gathering(dict.fromkeys(quasi_identifiers), sensitive)
    with opened(source) as rows:
        hold(rows, gathering.columns, "release")
        gathering.take(rows.batches(gathering.columns))
    people = None
    if population is not None:
        with opened(population) as everybody:
            hold(everybody, tuple(quasi_identifiers), "population")
            people = gathering.people(everybody.batches(tuple(quasi_identifiers)))
    groups = gathering.groups(people)
    as_it_is = [0] * len(quasi_identifiers)
    return risk_of(groups, classes_of(groups, as_it_is), sensitive)


def prosecutor(source: Any, quasi_identifiers: Sequence[str]) -> float:
    """Return the chance to find a person known to be in the release: 1 by the smallest class."""
    return report(source, quasi_identifiers).prosecutor


def journalist(source: Any, quasi_identifiers: Sequence[str], population: Any = None) -> float:
    """Return the chance to find a person of the population: 1 by the smallest class of it."""
    return report(source, quasi_identifiers, population=population).journalist


def marketer(source: Any, quasi_identifiers: Sequence[str]) -> float:
    """Return the share of rows expected to be found when all are tried: classes by rows."""
    return report(source, quasi_identifiers).marketer
