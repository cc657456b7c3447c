"""Units that a column's name hints at. A hint is a proposal, never a conversion."""

import re

from .model import ColumnType

_BY_ENDING = {
    "kwh": "kWh", "mwh": "MWh", "gwh": "GWh", "wh": "Wh", "kw": "kW", "mw": "MW", "gw": "GW",
    "kmh": "km/h", "kph": "km/h", "kmt": "km/h", "mph": "mph",
    "km": "km", "meters": "m", "metres": "m", "cm": "cm", "mm": "mm",
    "m2": "m²", "m3": "m³", "m3xc": "m³·°C", "liter": "l", "litre": "l", "kg": "kg", "ton": "t",
    "pct": "%", "percent": "%", "procent": "%",
    "celsius": "°C", "degc": "°C", "tempm": "°C", "hpa": "hPa", "ugm3": "µg/m³", "ppm": "ppm",
    "sec": "s", "seconds": "s", "minutes": "min", "hours": "h", "ms": "ms",
    "dkk": "DKK", "eur": "EUR", "sek": "SEK", "nok": "NOK", "usd": "USD",
    "gkwh": "g/kWh", "db": "dB", "dba": "dB(A)",
}  # fmt: skip
_BY_LETTER = {"c": "°C", "l": "l", "m": "m", "s": "s", "h": "h"}
_BY_CAPITALS = {"MWh": "MWh", "kWh": "kWh", "KWh": "kWh", "GWh": "GWh", "KMH": "km/h"}
_PER = {
    ("eur", "mwh"): "EUR/MWh",
    ("dkk", "mwh"): "DKK/MWh",
    ("dkk", "kwh"): "DKK/kWh",
    ("eur", "kwh"): "EUR/kWh",
    ("g", "kwh"): "g/kWh",
}
_LONGITUDES = {"lon", "lng", "long", "longitude", "længdegrad", "laengdegrad"}
_LATITUDES = {"lat", "latitude", "breddegrad"}
_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,20})[)\]]\s*$")
_NO_UNIT = {"iso8601", "wmo code", "unixtime", "id", "code", "kode", "utc", "local"}
_QUANTITIES = {ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.DECIMAL}


def hinted_unit(name: str, kind: ColumnType) -> str | None:
    """Return the unit that `name` hints at, such as kWh of `energy_kwh`, for a number."""
    if kind not in _QUANTITIES:
        return None
    if (bracketed := _BRACKETS.search(name)) is not None:
        unit = bracketed.group(1).strip()
        return None if unit.casefold() in _NO_UNIT else unit
    if is_longitude(name) or is_latitude(name):
        return "°"
    parts = [part.casefold() for part in re.split(r"[_\s./-]+", name) if part]
    if len(parts) < 2:  # noqa: PLR2004 - a name of one word is its thing, not its unit
        return next((u for end, u in _BY_CAPITALS.items() if name.endswith(end)), None)
    last = parts[-1]
    letter = _BY_LETTER.get(last) if "_" in name else None
    return _PER.get((parts[-2], last)) or _BY_ENDING.get(last) or letter


def is_longitude(name: str) -> bool:
    """Tell whether a column of this name holds longitudes."""
    return _last_word(name) in _LONGITUDES


def is_latitude(name: str) -> bool:
    """Tell whether a column of this name holds latitudes."""
    return _last_word(name) in _LATITUDES


def _last_word(name: str) -> str:
    return re.split(r"[_\s.-]+", name.casefold().strip())[-1]
