"""What can be wrong with money that is held."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class HoldNotFound(ExchangeError):
    """Nothing is held there, or for somebody else: the two look the same."""

    kind, code = Kind.NOT_FOUND, "hold-not-found"
    advice = "`torvet billing held` lists what is held of your party, and for what."
    hold: str

    def __str__(self) -> str:
        return f"Nothing of your party is held under {self.hold!r}."


@dataclass(eq=False)
class HoldShort(ExchangeError):
    """More should be taken of what is held for one thing than is held for it."""

    kind, code = Kind.CONFLICT, "hold-short"
    advice = "Take no more than the rest, or wait until more is paid in."
    hold: str
    rest: str
    asked: str

    def __str__(self) -> str:
        return f"{self.rest} are held under {self.hold!r}, and {self.asked} should be taken."


@dataclass(eq=False)
class HoldClosed(ExchangeError):
    """What was held for it is settled, and nothing more is taken in."""

    kind, code = Kind.CONFLICT, "hold-closed"
    advice = "Give the money back, or hold it for something else."
    hold: str

    def __str__(self) -> str:
        return f"{self.hold!r} is settled: no more is held for it."


@dataclass(eq=False)
class AmountNotHeld(ExchangeError):
    """An amount that cannot be held, released or given back."""

    kind, code = Kind.INVALID, "amount-not-held"
    advice = "Name an amount above zero, in the currency that is held."
    amount: str
    why: str

    def __str__(self) -> str:
        return f"{self.amount} cannot be moved: {self.why}."
