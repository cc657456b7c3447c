"""The rulebook: versions read from TOML, of the package or in the operator's own folder."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from torvet.contracts.sentences import Sentence
from torvet.parties.model import PartyKind

from .errors import RulebookInvalid, RulesMissing
from .model import Fee, KronerRate, Rules, ServiceLevel, VatRules

VERSIONS_MAX = 500
PERCENT_MAX = 100
DAYS_MAX = 365
VERSION_LENGTH_MAX = 40

OURS = Path(str(files("torvet.billing.rulebook") / "books"))


def rulebook(folder: str = "") -> tuple[Rules, ...]:
    """Return every version by the day from which it holds; of the exchange's own, or of `folder`.

    Files that changed are read again. Raises RulebookInvalid with what is wrong where.
    """
    place = Path(folder) if folder else OURS
    try:
        found = sorted(place.glob("*.toml"))
        states = tuple((str(path), path.stat().st_mtime_ns) for path in found)
    except OSError as error:
        raise RulebookInvalid(str(place), str(error)) from error
    if not 0 < len(states) <= VERSIONS_MAX:
        raise RulebookInvalid(str(place), f"it has {len(states)} files that end in .toml")
    return _read_all(states)


def rules_on(day: date, folder: str = "") -> Rules:
    """Return the version in force on `day`; raise RulesMissing where none is."""
    in_force = [rules for rules in rulebook(folder) if rules.since <= day]
    if not in_force:
        raise RulesMissing(day.isoformat())
    return in_force[-1]


@lru_cache(8)
def _read_all(states: tuple[tuple[str, int], ...]) -> tuple[Rules, ...]:
    versions = sorted((_read(Path(path)) for path, _ in states), key=lambda rules: rules.since)
    days = [rules.since for rules in versions]
    names = [rules.version for rules in versions]
    if len(set(days)) < len(days) or len(set(names)) < len(names):
        raise RulebookInvalid(states[0][0], "two versions have one name, or begin on one day")
    return tuple(versions)


def _read(path: Path) -> Rules:
    try:
        return rules_from(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulebookInvalid(str(path), str(error)) from error
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise RulebookInvalid(str(path), f"something is missing or wrong: {error!r}") from error


def rules_from(written: Mapping[str, Any]) -> Rules:
    """Return the version that `written` holds; raise KeyError, TypeError or ValueError."""
    version, since = written["version"], written["since"]
    if not isinstance(version, str) or not 0 < len(version) <= VERSION_LENGTH_MAX:
        raise ValueError(f"version is {version!r}")
    if type(since) is not date:
        raise ValueError(f"since is {since!r}, and no day")
    payment, level = written["payment"], written["service_level"]
    return Rules(
        version=version,
        since=since,
        fees={kind: _fee(written["fees"][kind.value]) for kind in PartyKind},
        payment_days=_within(payment["days"], DAYS_MAX),
        payout_days=_within(payment["payout_days"], DAYS_MAX),
        vat=_vat(written["vat"]),
        euro=_euro(written["euro"]),
        service_level=ServiceLevel(
            availability_percent=_percent(level["availability_percent"]),
            support_hours=_within(level["support_hours"], 24 * DAYS_MAX),
            credit_percent=_percent(level["credit_percent"]),
        ),
        rounding=_words(written["rounding"]),
    )


def _fee(written: Mapping[str, Any]) -> Fee:
    return Fee(percent=_percent(written["percent"]), least=_within(written["least"], 10**9))


def _vat(written: Mapping[str, Any]) -> VatRules:
    states = frozenset(written["member_states"])
    if not states or not all(isinstance(one, str) and len(one) == 2 for one in states):  # noqa: PLR2004 - ISO 3166-1
        raise ValueError("member states are two letters each")
    return VatRules(
        standard_percent=_percent(written["standard_percent"]),
        member_states=states,
        reverse_charge=_words(written["reverse_charge"]),
        exempt=_words(written["exempt"]),
    )


def _euro(written: Mapping[str, Any]) -> KronerRate:
    kroner = Decimal(written["kroner"])
    if not 0 < kroner < PERCENT_MAX or type(written["as_of"]) is not date:
        raise ValueError(f"a euro of {kroner} kroner on {written['as_of']!r}")
    return KronerRate(kroner=kroner, as_of=written["as_of"], source=str(written["source"]))


def _words(written: Mapping[str, Any]) -> Sentence:
    da, en = written["da"].strip(), written["en"].strip()
    if not (da and en):
        raise ValueError("a text is empty")
    return Sentence(da=da, en=en)


def _percent(written: object) -> Decimal:
    """Read a percentage that was written as a text: a float would not be exact."""
    if not isinstance(written, str):
        raise TypeError(f"{written!r} is a percentage in quotation marks")
    percent = Decimal(written)
    if not 0 <= percent <= PERCENT_MAX:
        raise ValueError(f"{written} percent")
    return percent


def _within(written: object, most: int) -> int:
    if type(written) is not int or not 0 <= written <= most:
        raise ValueError(f"{written!r} is not in 0 … {most}")
    return written
