"""Which version a client means: by number, by time, as a range. Pure.

Versions are release numbers, and version 0 is the empty table before the first release.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from .errors import BadRequest, VersionNotThere
from .model import Moment

VERSION_MAX = 2**53 - 1
_LENIENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{2}):(\d{2})(\.\d{1,9})?(.*)")
_TEXT_MAX = 64


def moment_from_text(text: str) -> datetime:
    """Read a timestamp of the protocol (`yyyy-[m]m-[d]d hh:mm:ss[.f…]`, in UTC) or RFC 3339.

    Raises BadRequest where it is neither.
    """
    said = f"timestamp {text[:_TEXT_MAX]!r} is neither `yyyy-mm-dd hh:mm:ss` nor RFC 3339"
    match = _LENIENT.fullmatch(text.strip()[:_TEXT_MAX])
    if match is None:
        raise BadRequest(said)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    padded = f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}:{second}{(fraction or '')[:7]}"
    try:
        at = datetime.fromisoformat(padded + zone.replace(" ", ""))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as cannot:
        raise BadRequest(said) from cannot


def version_at(history: Sequence[Moment], at: datetime) -> int:
    """Return the version that was newest at `at`; raise VersionNotThere before there was one."""
    seen = [moment.version for moment in history if moment.at <= at]
    if not seen:
        raise VersionNotThere(f"time {at:%Y-%m-%d %H:%M:%S}", history[-1].version)
    return max(seen)


def first_at_or_after(history: Sequence[Moment], at: datetime) -> int:
    """Return the first version visible at `at` or later; raise VersionNotThere where none is."""
    later = [moment.version for moment in history if moment.at >= at]
    if not later:
        raise VersionNotThere(f"time {at:%Y-%m-%d %H:%M:%S}", history[-1].version)
    return min(later)


def checked(history: Sequence[Moment], version: int) -> int:
    """Return `version` where the table has it; raise VersionNotThere where it has not."""
    if not 0 <= version <= history[-1].version:
        raise VersionNotThere(f"version {version}", history[-1].version)
    return version


def one_of(version: int | None, timestamp: str | None, *, what: str) -> None:
    """Raise BadRequest where both ways to name the same thing are given."""
    if version is not None and timestamp is not None:
        raise BadRequest(f"{what}: name a version or a timestamp, not both")


def snapshot_version(history: Sequence[Moment], version: int | None, timestamp: str | None) -> int:
    """Return the version that a snapshot query means: the newest where it names none."""
    one_of(version, timestamp, what="The snapshot")
    if version is not None:
        return checked(history, version)
    if timestamp is not None:
        return version_at(history, moment_from_text(timestamp))
    return history[-1].version


def change_range(
    history: Sequence[Moment],
    *,
    starting_version: int | None,
    starting_timestamp: str | None,
    ending_version: int | None,
    ending_timestamp: str | None,
) -> tuple[int, int]:
    """Return the first and last version of a change feed, both included.

    A starting time means the first version at or after it, an ending time the last at or before.
    """
    one_of(starting_version, starting_timestamp, what="The start")
    one_of(ending_version, ending_timestamp, what="The end")
    if starting_version is not None:
        first = checked(history, starting_version)
    elif starting_timestamp is not None:
        first = first_at_or_after(history, moment_from_text(starting_timestamp))
    else:
        raise BadRequest("A change feed needs startingVersion or startingTimestamp")
    last = history[-1].version
    if ending_version is not None:
        last = checked(history, ending_version)
    elif ending_timestamp is not None:
        last = version_at(history, moment_from_text(ending_timestamp))
    if last < first:
        raise BadRequest(f"The change feed ends at version {last}, before its start at {first}")
    return first, last
