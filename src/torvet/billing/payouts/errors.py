"""What can be wrong with a payout, in words that its caller can act on."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class PayoutNotFound(ExchangeError):
    """There is no such payout, or it is another party's."""

    kind, code = Kind.NOT_FOUND, "payout-not-found"
    advice = "`torvet billing payouts` lists them."
    payout: str

    def __str__(self) -> str:
        return f"There is no payout {self.payout!r}."


@dataclass(eq=False)
class PayoutFileNotFound(ExchangeError):
    """There is no such payment file."""

    kind, code = Kind.NOT_FOUND, "payout-file-not-found"
    advice = "`torvet billing payouts` names the file of each payout."
    file: str

    def __str__(self) -> str:
        return f"There is no payment file {self.file!r}."


@dataclass(eq=False)
class DayUnreadable(ExchangeError):
    """A day that nobody can find in a calendar."""

    kind, code = Kind.INVALID, "payout-day-unreadable"
    advice = "Write it as 2026-11-30, or leave it empty for today."
    day: str

    def __str__(self) -> str:
        return f"{self.day!r} is no day."


@dataclass(eq=False)
class PayoutSettled(ExchangeError):
    """A payout has come farther than what should be done with it allows."""

    kind, code = Kind.CONFLICT, "payout-settled"
    advice = "Look at it again. What has left may only be returned, as a statement tells."
    payout: str
    stage: str

    def __str__(self) -> str:
        return f"Payout {self.payout} is {self.stage}: it stays as it is."


@dataclass(eq=False)
class NoOwnAccount(ExchangeError):
    """The exchange has no bank account to pay from."""

    kind, code = Kind.CONFLICT, "no-own-account"
    advice = "Give the exchange's billing details an IBAN (`torvet billing profile --house`)."

    def __str__(self) -> str:
        return "The exchange has no bank account to pay from."
