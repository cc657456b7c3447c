"""Where a party is at home: ISO 3166 codes, and the unions of countries that clauses name."""

import re

EU = frozenset(
    {
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    }
)
GROUPS: dict[str, frozenset[str]] = {
    "EU": EU,
    "EEA": EU | {"IS", "LI", "NO"},
    "NORDIC": frozenset({"DK", "FI", "IS", "NO", "SE", "FO", "GL", "AX"}),
}

_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def is_region(code: str) -> bool:
    """Say whether `code` is written as a country (DK), a part of one (DK-82) or a known union."""
    return code in GROUPS or _CODE.fullmatch(code) is not None


def is_within(region: str, area: str) -> bool:
    """Say whether `region` lies in `area`: DK-82 in DK, DK in EU; an unknown one in nothing."""
    if not region:
        return False
    country, _, _ = region.partition("-")
    return area in {region, country} or country in GROUPS.get(area, frozenset())
