"""A filter as text: `garage = 'BRUUNS' and (occupied > 10 or spaces is null)`.

The grammar, smallest first; keywords in any case:

    value   text in single quotes, number, true, false, date '…', timestamp '…'
    test    name op value | name [not] in (value, …) | name [not] between value and value
            | name is [not] null
    filter  test | not filter | filter and filter | filter or filter | (filter)
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from .errors import FilterInvalid
from .limits import DEPTH_MAX, TEXT_MAX, VALUES_MAX, number, within_limits
from .model import And, Compare, Filter, In, IsNull, Not, Op, Or, Value

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")+"|`(?:[^`]|``)+`)
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)(?![\w.])
    | (?P<name>[^\W\d]\w*)
    | (?P<sign><>|!=|<=|>=|==|[=<>(),])
    )""",
    re.VERBOSE,
)
_SIGNS = {"!=": Op.UNLIKE, "==": Op.EQUAL, **{op.value: op for op in Op}}
_KEYWORDS = frozenset(
    {"and", "or", "not", "in", "is", "null", "between", "true", "false", "date", "timestamp"}
)
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    def is_word(self, word: str) -> bool:
        return self.kind == "name" and self.text.lower() == word

    def is_sign(self, sign: str) -> bool:
        return self.kind == "sign" and self.text == sign


def from_text(text: str) -> Filter:
    """Read a filter; raise FilterInvalid, with the place of the fault, where it is none."""
    if len(text) > TEXT_MAX:
        raise FilterInvalid(f"it has {len(text):,} characters, and {TEXT_MAX:,} are allowed")
    reader = _Reader(_tokens(text))
    condition = reader.either(1)
    if reader.next.kind != "end":
        raise reader.wanted("“and”, “or” or the end")
    return within_limits(condition)


def to_text(condition: Filter) -> str:
    """Write `condition` so that `from_text` reads the same."""
    match condition:
        case Compare(column, op, value):
            return f"{_name(column)} {op.value} {_value(value)}"
        case In(column, values):
            return f"{_name(column)} in ({', '.join(_value(value) for value in values)})"
        case IsNull(column):
            return f"{_name(column)} is null"
        case And(parts):
            return " and ".join(_inner(part) for part in parts)
        case Or(parts):
            return " or ".join(_inner(part) for part in parts)
        case Not(part):
            return f"not ({to_text(part)})"


def _inner(part: Filter) -> str:
    return f"({to_text(part)})" if isinstance(part, And | Or) else to_text(part)


def _name(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name) and name.lower() not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def _value(value: Value) -> str:
    match value:
        case str():
            return "'" + value.replace("'", "''") + "'"
        case bool():
            return "true" if value else "false"
        case datetime():
            return f"timestamp '{value.isoformat()}'"
        case date():
            return f"date '{value.isoformat()}'"
        case _:
            return str(value)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while match := _TOKEN.match(text, at):
        kind = match.lastgroup
        assert kind is not None
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    rest = _SPACE.match(text, at)
    assert rest is not None
    if rest.end() < len(text):
        raise FilterInvalid(f"{text[rest.end()]!r} begins nothing that is known", rest.end())
    return [*found, _Token("end", "the end", len(text))]


class _Reader:
    """Reads tokens from left to right; each method reads one thing of the grammar."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._place]

    def take(self) -> _Token:
        token = self.next
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def wanted(self, what: str) -> FilterInvalid:
        return FilterInvalid(f"{what} is wanted, not {self.next.text[:40]}", self.next.at)

    def took_word(self, word: str) -> bool:
        found = self.next.is_word(word)
        if found:
            self.take()
        return found

    def took_sign(self, sign: str) -> bool:
        found = self.next.is_sign(sign)
        if found:
            self.take()
        return found

    def need_word(self, word: str) -> None:
        if not self.took_word(word):
            raise self.wanted(f"“{word}”")

    def need_sign(self, sign: str) -> None:
        if not self.took_sign(sign):
            raise self.wanted(f"“{sign}”")

    def either(self, depth: int) -> Filter:
        if depth > DEPTH_MAX:
            raise FilterInvalid(f"it is nested deeper than {DEPTH_MAX} levels", self.next.at)
        parts = [self.both(depth)]
        while self.took_word("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self, depth: int) -> Filter:
        parts = [self.one(depth)]
        while self.took_word("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self, depth: int) -> Filter:
        if depth > DEPTH_MAX:
            raise FilterInvalid(f"it is nested deeper than {DEPTH_MAX} levels", self.next.at)
        if self.took_word("not"):
            return Not(self.one(depth + 1))
        if self.took_sign("("):
            condition = self.either(depth + 1)
            self.need_sign(")")
            return condition
        return self.test()

    def test(self) -> Filter:
        column = self.column()
        if self.took_word("is"):
            negated = self.took_word("not")
            self.need_word("null")
            return Not(IsNull(column)) if negated else IsNull(column)
        negated = self.took_word("not")
        if self.took_word("in"):
            found: Filter = In(column, self.values())
        elif self.took_word("between"):
            low = self.value()
            self.need_word("and")
            found = And(
                (Compare(column, Op.AT_LEAST, low), Compare(column, Op.AT_MOST, self.value()))
            )
        elif negated:
            raise self.wanted("“in” or “between”")
        else:
            return Compare(column, self.op(), self.value())
        return Not(found) if negated else found

    def column(self) -> str:
        token = self.next
        if token.kind == "quoted":
            quote = token.text[0]
            name = token.text[1:-1].replace(quote * 2, quote)
        elif token.kind == "name" and token.text.lower() not in _KEYWORDS - {"date", "timestamp"}:
            name = token.text
        else:
            raise self.wanted("a column")
        self.take()
        return name

    def op(self) -> Op:
        if self.next.kind != "sign" or self.next.text not in _SIGNS:
            raise self.wanted("=, <>, <, <=, >, >=, in, between or is null")
        return _SIGNS[self.take().text]

    def values(self) -> tuple[Value, ...]:
        self.need_sign("(")
        found = [self.value()]
        while self.took_sign(","):
            found.append(self.value())
            if len(found) > VALUES_MAX:
                raise FilterInvalid(f"“in” takes at most {VALUES_MAX:,} values", self.next.at)
        self.need_sign(")")
        return tuple(found)

    def value(self) -> Value:
        token = self.next
        if token.kind == "text":
            return _unquoted(self.take().text)
        if token.kind == "number":
            return number(self.take().text)
        for word, truth in (("true", True), ("false", False)):
            if self.took_word(word):
                return truth
        for word in ("date", "timestamp"):
            if self.took_word(word):
                return self.moment(word)
        if token.is_word("null"):
            raise FilterInvalid("nothing equals null: write “is null”", token.at)
        raise self.wanted("a value (texts stand in single quotes)")

    def moment(self, word: str) -> Value:
        token = self.next
        if token.kind != "text":
            raise self.wanted(f"a {word} in single quotes")
        self.take()
        written = _unquoted(token.text)
        try:
            if word == "date":
                return date.fromisoformat(written)
            at = datetime.fromisoformat(written)
            return at if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError) as wrong:
            raise FilterInvalid(f"{written[:40]!r} is no {word}", token.at) from wrong


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
