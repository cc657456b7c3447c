"""Prices as they are typed: `500 DKK per month + 12.50 DKK per 1000 rows, first 10000 free`."""

import re
from typing import Any

from torvet.contracts.errors import PriceInvalid

from .model import Price
from .terms import from_json

TEXT_MAX = 500

_AMOUNT = r"(?P<amount>-?[0-9]{1,12}(?:\.[0-9]{1,9})? ?[A-Za-z]{3})"
_NUMBER = r"[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3}"
_ONCE = re.compile(rf"{_AMOUNT} once", re.IGNORECASE)
_EVERY = re.compile(rf"{_AMOUNT} (?:per|a) (?P<every>month|year)", re.IGNORECASE)
_USE = re.compile(
    rf"{_AMOUNT} (?:per|a|an) (?:(?P<per>{_NUMBER}) )?(?P<unit>row|gb|request|answer)s?"
    rf"(?:, first (?P<free>{_NUMBER}) free)?",
    re.IGNORECASE,
)
_TRIAL = re.compile(r"(?:trial )?(?P<days>[0-9]{1,4}) days?(?: free)?", re.IGNORECASE)


def from_text(text: str) -> Price:
    """Read a price for everybody, its parts joined by ` + `; raise PriceInvalid.

    A part is `free`, `500 DKK once`, `500 DKK per month` or `year`, `0.05 EUR per 1000 rows, first
    10000 free` (or GB, requests, answers), or `30 days free`. Tiers and cases need JSON.
    """
    rates: list[dict[str, Any]] = []
    faults: list[str] = []
    days = 0
    for part in (" ".join(each.split()) for each in text[:TEXT_MAX].split("+")):
        if trial := _TRIAL.fullmatch(part):
            days = int(trial["days"])
        elif (rate := _rate(part)) is None:
            faults.append(f"{part[:80]!r} is no price: write it like '12.50 DKK per 1000 rows'")
        else:
            rates.append(rate)
    if faults:
        raise PriceInvalid(tuple(faults))
    return from_json({"rates": rates, "trial_days": days})


def _rate(part: str) -> dict[str, Any] | None:
    if part.casefold() == "free":
        return {"rate": "free"}
    if found := _ONCE.fullmatch(part):
        return {"rate": "one-off", "amount": _amount(found)}
    if found := _EVERY.fullmatch(part):
        every = found["every"].casefold()
        return {"rate": "subscription", "amount": _amount(found), "every": every}
    if found := _USE.fullmatch(part):
        return {
            "rate": "per-use",
            "unit": found["unit"].casefold(),
            "per": _number(found["per"] or "1"),
            "price": _amount(found),
            "free_monthly": _number(found["free"] or "0"),
        }
    return None


def _amount(found: re.Match[str]) -> str:
    text = found["amount"]
    return f"{text[:-3].strip()} {text[-3:].upper()}"


def _number(text: str) -> int:
    return int(text.replace(",", ""))
