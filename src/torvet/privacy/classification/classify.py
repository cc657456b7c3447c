"""Which columns of a table identify people, single them out, or tell what is theirs alone.

First it is decided whether rows are about people at all, since nearly every table has rows that
are alone: of a time series each one is. Rows are about people where a column names somebody
(by its name, or by values with check digits), where two columns describe persons, where health,
belief or crime is told of, or where a device goes from place to place. Where they are not, no
column is personal, and streets and consumptions are a garage's and a country's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from torvet.kit.sql import identifier

from .looking import ColumnLook, Look, Readable, counted, look_at
from .model import Classification, Role, SingledOut, Verdict
from .names import Cue, Reach, counts, cue_of, cue_of_text, is_bare_name, spoken
from .reading import opened
from .uniqueness import singled_out
from .values import Recognised, recognised, within_texts

OWN_VALUES_SHARE = 0.95
"""Where so many rows have a value of their own, a column is as good as a number for each row."""
ROWS_MIN = 20
MEASURED_DISTINCT_MIN = 1_000
COUNTED_MEDIAN_MIN = 10.0
"""A table of counts counts many: where the middle count is lower, rows may be about people."""
_PERSONS_MIN = 2
_TELLING = frozenset({"health", "belief", "crime"})
_UNITS = ("cpr", "customer", "meter", "device", "vehicle", "account", "email", "phone", "name")
_COUNTED = frozenset(
    {"count", "n", "antal", "population", "befolkning", "folketal", "indbyggere", "inhabitants"}
    | {"persons", "personer", "households", "husstande", "antal personer"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One column, with what its name and its values say."""

    look: ColumnLook
    cue: Cue | None
    values: Recognised | None

    @property
    def name(self) -> str:
        return self.look.name

    @property
    def names_somebody(self) -> bool:
        by_name = self.cue is not None and self.cue.reach is Reach.ALONE
        return by_name or (self.values is not None and self.values.personal)

    @property
    def kind(self) -> str:
        if self.values is not None:
            return self.values.kind
        return self.cue.kind if self.cue else ""

    @property
    def sentences(self) -> tuple[str, ...]:
        by_name = f"its name says that it is {self.cue.words}" if self.cue else ""
        return tuple(it for it in (by_name, self.values.sentence if self.values else "") if it)


def classify(table: Any) -> Classification:
    """Say of each column of `table` what it may do to people, and why.

    `table` is a CSV or Parquet file, a folder of Delta, Parquet URIs, or anything of Arrow.
    Raises SourceUnreadable.
    """
    with opened(table) as source:
        return classify_readable(source)


def classify_readable(table: Readable) -> Classification:
    """Say the same of a table that is open: one pass, and counts where people are in it."""
    look = look_at(table)
    seen = [_see(column) for column in look.columns]
    reason = _about_people(table, seen)
    if reason is None:
        return Classification(
            rows=look.rows,
            verdicts=tuple(_nobodys(it) for it in seen),
            singled_out=(),
            reason=_why_not(look, seen),
        )
    look = counted(table, look)
    seen = [replace(it, look=column) for it, column in zip(seen, look.columns, strict=True)]
    roles = {it.name: _role(look, it) for it in seen}
    candidates = [name for name, role in roles.items() if role is Role.QUASI_IDENTIFIER]
    sets = singled_out(table, look, candidates)
    return Classification(
        rows=look.rows,
        verdicts=tuple(_verdict(look, it, roles[it.name], sets) for it in seen),
        singled_out=sets,
        reason=reason,
        unit=_unit(seen, roles),
    )


def _see(column: ColumnLook) -> _Seen:
    cue = cue_of_text(column.name) if column.texts else cue_of(column.name)
    values = recognised(column, named=cue.kind if cue else "")
    if values is None and column.texts:
        values = within_texts(column)
    if values is not None and values.kind == "name" and cue and cue.kind == "place":
        values = None  # streets are named after people
    return _Seen(look=column, cue=cue, values=values)


def _about_people(table: Readable, seen: Sequence[_Seen]) -> str | None:
    """Return in a sentence why rows are about people, or None where they are not."""
    somebody = [it for it in seen if it.names_somebody]
    if somebody:
        first = somebody[0]
        return f"Rows are about people: column {first.name!r}: {'; '.join(first.sentences)}."
    described = [it for it in seen if it.cue and it.cue.reach is Reach.PERSON]
    if _statistics(seen):
        return None
    if len({it.kind for it in described}) >= _PERSONS_MIN:
        named = ", ".join(repr(it.name) for it in described[:4])
        return f"Rows are about people: {named} describe persons."
    telling = next((it for it in described if it.kind in _TELLING), None)
    if telling is not None and telling.cue:
        return f"Rows are about people: column {telling.name!r} tells {telling.cue.words}."
    return _traces(table, seen)


def _statistics(seen: Sequence[_Seen]) -> bool:
    """Say whether each row counts many: there is a count, and it is seldom a small one."""
    number = next((it for it in seen if spoken(it.name) in _COUNTED and not it.look.texts), None)
    if number is None:
        return False
    values = sorted(float(value) for value in number.look.values)
    return bool(values) and values[len(values) // 2] >= COUNTED_MEDIAN_MIN


def _traces(table: Readable, seen: Sequence[_Seen]) -> str | None:
    """Say whether a device is seen at several places, which a sensor on its mast is not."""
    device = next((it for it in seen if it.kind == "device"), None)
    places = [it.name for it in seen if it.kind == "place" and _moves(it.name)]
    if device is None or not places:
        return None
    name = identifier(device.name)
    at = ", ".join(identifier(place) for place in places)
    found = table.rows(
        f"SELECT count(*) AS places, count(DISTINCT device) AS devices FROM"
        f" (SELECT {name} AS device, {at} FROM source GROUP BY {name}, {at}) AS seen"
    )[0]
    per_device = int(str(found["places"])) / max(1, int(str(found["devices"])))
    if per_device < 2:  # noqa: PLR2004 - more than one place
        return None
    return (
        f"Rows are about people: those of {device.name!r} are seen at {per_device:.1f} places"
        " each, and who goes from place to place is somebody."
    )


def _moves(name: str) -> bool:
    words = set(spoken(name).split())
    return bool(words & {"lat", "latitude", "lon", "lng", "longitude", "h3", "zone", "location"})


def _why_not(look: Look, seen: Sequence[_Seen]) -> str:
    if not look.rows:
        return "There are no rows."
    if _statistics(seen):
        return "Each row counts many, and none is about one person."
    return "No column names or describes people, so rows that are alone are alone as things are."


def _nobodys(it: _Seen) -> Verdict:
    """Return the verdict on a column of a table that is not about people."""
    said = tuple(f"{sentence}, but rows are not about people" for sentence in it.sentences)
    return Verdict(
        column=it.name,
        role=Role.PUBLIC,
        kind=it.kind,
        evidence=said or ("neither its name nor its values are of people",),
    )


def _role(look: Look, it: _Seen) -> Role:
    """Return what a column is where rows are about people: in doubt, what protects more."""
    if it.names_somebody:
        return Role.IDENTIFIER
    if it.look.distinct <= 1 and it.look.nulls == 0:
        return Role.PUBLIC
    if it.cue is not None:
        return it.cue.role
    if it.values is not None or is_bare_name(it.name):
        return Role.QUASI_IDENTIFIER
    return _role_by_form(look, it.look)


def _role_by_form(look: Look, column: ColumnLook) -> Role:
    """Return the role of a column of which neither name nor values say anything."""
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return Role.SENSITIVE
    if _own_values(look, column) and not counts(column.name):
        return Role.IDENTIFIER
    if pa.types.is_integer(column.type) and column.distinct >= MEASURED_DISTINCT_MIN:
        return Role.SENSITIVE
    return Role.QUASI_IDENTIFIER


def _own_values(look: Look, column: ColumnLook) -> bool:
    return look.rows >= ROWS_MIN and column.distinct >= OWN_VALUES_SHARE * look.rows


def _verdict(look: Look, it: _Seen, role: Role, sets: Sequence[SingledOut]) -> Verdict:
    said = list(it.sentences)
    if role is Role.PUBLIC:
        said.append("it is the same in every row")
    if _own_values(look, it.look) and role is Role.IDENTIFIER:
        said.append(f"nearly every row has a value of its own ({it.look.distinct:,} or so)")
    said += [_in_words(it.name, one) for one in sets if it.name in one.columns]
    if not said:
        said.append(_by_default(role))
    return Verdict(column=it.name, role=role, kind=it.kind, evidence=tuple(said))


def _in_words(name: str, one: SingledOut) -> str:
    others = [repr(column) for column in one.columns if column != name]
    company = f"together with {' and '.join(others)}" if others else "alone"
    return f"{company} it singles out {one.rows:,} of {one.of:,} rows ({one.share:.1%})"


def _by_default(role: Role) -> str:
    match role:
        case Role.SENSITIVE:
            return "it is a measured value, and rows are about people"
        case Role.QUASI_IDENTIFIER:
            return "rows are about people, and somebody who knows one may know it"
        case _:
            return "rows are about people"


def _unit(seen: Sequence[_Seen], roles: dict[str, Role]) -> str | None:
    """Return the column that stands for one person or household, if there is one."""
    named = [it for it in seen if roles[it.name] is Role.IDENTIFIER and it.kind in _UNITS]
    return min(named, key=lambda it: _UNITS.index(it.kind)).name if named else None
