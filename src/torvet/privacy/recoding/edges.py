"""Where a range of numbers ends that was cut out of others: at round numbers, never at a row's own.

A range from the smallest to the largest of its rows tells two people's numbers. Ranges that were
cut beside each other end at the roundest number between two neighbouring values; the outermost
ones are rounded outward. See docs/decisions/0135.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal


def between(rising: Sequence[Decimal], low: int, high: int) -> str:
    """Return the range of the values `rising[low]` to `rising[high]`, as it may be shown.

    Whole numbers tile: one range ends at 39, the next begins at 40.
    """
    whole = all(number == number.to_integral_value() for number in rising)
    first = _outward(rising, down=True) if low == 0 else _parting(rising[low - 1], rising[low])
    if low > 0 and whole:
        first += 1
    last = _outward(rising, down=False)
    if high < len(rising) - 1:
        last = _parting(rising[high], rising[high + 1])
    return f"{_plain(first)}-{_plain(last)}"


def _parting(lower: Decimal, upper: Decimal) -> Decimal:
    """Return the roundest number between `lower` and `upper`; `lower` where none is as short."""
    least = min(_exponent(lower), _exponent(upper))
    above = lower + Decimal(1).scaleb(least)
    for power in range(max(lower.adjusted(), upper.adjusted()) + 1, least - 1, -1):
        found = _rounded(above, power, ROUND_CEILING)
        # Whole numbers: the next range begins one above, which is nobody's number either.
        if found < upper and (least or found + 1 < upper):
            return found
    return lower


def _outward(rising: Sequence[Decimal], *, down: bool) -> Decimal:
    """Round the first or last number outward, to what their distance has at most ten of."""
    span = rising[-1] - rising[0]
    if not span:
        return rising[0]
    if down:
        return _rounded(rising[0], span.adjusted(), ROUND_FLOOR)
    return _rounded(rising[-1], span.adjusted(), ROUND_CEILING)


def _rounded(number: Decimal, power: int, way: str) -> Decimal:
    return (number.scaleb(-power)).to_integral_value(way).scaleb(power)


def _exponent(number: Decimal) -> int:
    held = number.as_tuple().exponent
    return held if isinstance(held, int) else 0


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f") if number else "0"
