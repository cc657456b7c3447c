"""Terms of sharing as they are typed: one member a line, one coalition a line. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from torvet.kit.entered import Entered, whole_number

from .errors import SharesUnfit
from .model import PORTION_WHOLE, Member, Terms, Way, Worth

FAULTS_TOLD_MAX = 10
_PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?")
_NAME = re.compile(r"[a-z0-9-]{1,60}")
_HUNDREDTHS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What stands in the fields of the form."""

    percent: str = ""
    way: str = Way.EQUAL.value
    members: str = ""
    worths: str = ""
    seen: str = ""


def typed_by(entered: Entered) -> Typed:
    """Return what somebody typed, to be read or to be shown again."""
    return Typed(
        percent=entered.line("percent"),
        way=entered.line("way"),
        members=entered.text("members"),
        worths=entered.text("worths"),
        seen=entered.line("seen"),
    )


def read(typed: Typed) -> Terms:
    """Read terms whose parties are short names; raise SharesUnfit with every line that is wrong."""
    faults: list[str] = []
    way = Way(typed.way) if typed.way in set(Way) else None
    if way is None:
        faults.append("the way is one of those that are offered")
    portion = _portion(typed.percent)
    if portion is None:
        faults.append(f"{typed.percent!r} is no percentage from 0 to 100, such as 12.5")
    members = tuple(_members(typed.members, way, faults)) if way else ()
    worths = tuple(_worths(typed.worths, faults))
    if faults:
        more = len(faults) - FAULTS_TOLD_MAX
        told = (*faults[:FAULTS_TOLD_MAX], *([f"{more} more"] if more > 0 else []))
        raise SharesUnfit(told)
    assert way is not None, "or it was a fault"
    return Terms(portion=portion or 0, way=way, members=members, worths=worths)


def _portion(percent: str) -> int | None:
    if not percent:
        return 0
    found = _PERCENT.fullmatch(percent)
    if found is None:
        return None
    portion = int(found[1]) * _HUNDREDTHS + int((found[2] or "").ljust(2, "0"))
    return portion if portion <= PORTION_WHOLE else None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, line.strip()


def _members(text: str, way: Way, faults: list[str]) -> Iterator[Member]:
    for number, line in _lines(text):
        name, _, rest = (part.strip() for part in line.partition(":"))
        if not _NAME.fullmatch(name):
            faults.append(f"line {number} of the members begins with no short name")
            continue
        match way:
            case Way.CONTRIBUTION:
                weight = whole_number(rest)
                if weight is None:
                    faults.append(f"line {number} of the members has no weight: {name}: 12")
                else:
                    yield Member(party=name, weight=weight)
            case Way.COLUMNS:
                columns = tuple(each.strip() for each in rest.split(",") if each.strip())
                if not columns:
                    faults.append(f"line {number} of the members has no columns: {name}: a, b")
                yield Member(party=name, columns=columns)
            case Way.EQUAL | Way.TABLE:
                if rest:
                    faults.append(f"line {number} of the members has more than a short name")
                yield Member(party=name)


def _worths(text: str, faults: list[str]) -> Iterator[Worth]:
    for number, line in _lines(text):
        names, _, worth = line.rpartition("=")
        members = tuple(each.strip() for each in names.split("+") if each.strip())
        value = whole_number(worth.strip())
        if not members or value is None or not all(_NAME.fullmatch(each) for each in members):
            faults.append(f"line {number} of the coalitions is not like one + another = 12")
            continue
        yield Worth(members=members, worth=value)


def names_in(terms: Terms) -> set[str]:
    """Return every party that terms name."""
    return {one.party for one in terms.members} | {
        each for worth in terms.worths for each in worth.members
    }


def renamed(terms: Terms, names: Mapping[str, str]) -> Terms:
    """Return the same terms with other names for their parties: ids for short names, or back."""
    return replace(
        terms,
        members=tuple(replace(one, party=names[one.party]) for one in terms.members),
        worths=tuple(
            replace(one, members=tuple(names[each] for each in one.members)) for one in terms.worths
        ),
    )


def written(terms: Terms, *, version: int) -> Typed:
    """Return terms, whose parties are short names, as `read` reads them."""
    return Typed(
        percent=percent_of(terms.portion),
        way=terms.way.value,
        members="\n".join(_line(one, terms.way) for one in terms.members),
        worths="\n".join(f"{' + '.join(one.members)} = {one.worth}" for one in terms.worths),
        seen=str(version),
    )


def percent_of(portion: int) -> str:
    """Write hundredths of a percent as people do: `12.5`."""
    whole, part = divmod(portion, _HUNDREDTHS)
    return f"{whole}.{part:02}".rstrip("0").rstrip(".") if part else str(whole)


def _line(member: Member, way: Way) -> str:
    match way:
        case Way.CONTRIBUTION:
            return f"{member.party}: {member.weight}"
        case Way.COLUMNS:
            return f"{member.party}: {', '.join(member.columns)}"
        case Way.EQUAL | Way.TABLE:
            return member.party
