"""A provider's own checks: `occupied <= capacity`, or any condition that a filter can say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from torvet.kit import filters
from torvet.kit.filters import Filter, FilterInvalid, Op
from torvet.kit.sql import identifier

CHECKS_MAX = 50

_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d]\w*)'
_PAIR = re.compile(rf"\s*({_NAME})\s*(<=|>=|<>|!=|=|<|>)\s*({_NAME})\s*")
_WORDS = frozenset({"true", "false", "null"})
_NUMBERS = frozenset({"integer", "number", "decimal"})
_MOMENTS = frozenset({"date", "timestamp"})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns of the same row, compared; a row that lacks either is not judged."""

    left: str
    op: Op
    right: str


Rule: TypeAlias = Pair | Filter


def rule_from_text(text: str) -> Rule:
    """Read a rule; raise FilterInvalid, which says what cannot be read."""
    found = _PAIR.fullmatch(text)
    if found and found[3].lower() not in _WORDS:
        op = "<>" if found[2] == "!=" else found[2]
        return Pair(_unquoted(found[1]), Op(op), _unquoted(found[3]))
    return filters.from_text(text)


def columns_of(rule: Rule) -> tuple[str, ...]:
    """Return the columns that `rule` looks at."""
    return (rule.left, rule.right) if isinstance(rule, Pair) else filters.columns(rule)


def fitted(rule: Rule, types: Mapping[str, str]) -> Rule:
    """Return `rule` with its values in the types of the columns; raise FilterInvalid."""
    if not isinstance(rule, Pair):
        return filters.check(rule, types)
    for name in columns_of(rule):
        if name not in types:
            raise FilterInvalid(f"there is no column {name!r}")
    if not _comparable(types[rule.left], types[rule.right]):
        raise FilterInvalid(
            f"column {rule.left!r} is {types[rule.left]} and {rule.right!r} is"
            f" {types[rule.right]}: they cannot be compared"
        )
    return rule


def kept(rule: Rule) -> str:
    """Return SQL that is true for a row that keeps `rule`, false where not, null where unknown."""
    if isinstance(rule, Pair):
        return f"{identifier(rule.left)} {rule.op.value} {identifier(rule.right)}"
    return filters.to_sql(rule)


def _comparable(left: str, right: str) -> bool:
    return left == right or any({left, right} <= kind for kind in (_NUMBERS, _MOMENTS))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
