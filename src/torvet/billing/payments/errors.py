"""What can be wrong with money that comes in, in words that its reader can act on."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class LineNotFound(ExchangeError):
    """There is no such line."""

    kind, code = Kind.NOT_FOUND, "bank-line-not-found"
    advice = "`torvet billing lines` lists those that wait."
    line: str

    def __str__(self) -> str:
        return f"There is no line {self.line!r}."


@dataclass(eq=False)
class LineDecided(ExchangeError):
    """Somebody has said what the line is."""

    kind, code = Kind.CONFLICT, "bank-line-decided"
    advice = "Look at it again: what was booked wrongly is taken back in the books."
    line: str
    meaning: str

    def __str__(self) -> str:
        return f"Line {self.line} is decided: {self.meaning}."


@dataclass(eq=False)
class DecisionUnfit(ExchangeError):
    """A line cannot be what somebody says it is."""

    kind, code = Kind.INVALID, "decision-unfit"
    advice = "Look at the line's amount, currency and direction, and at what it should pay."
    line: str
    why: str

    def __str__(self) -> str:
        return f"Line {self.line} is not that: {self.why}."


@dataclass(eq=False)
class OtherAccount(ExchangeError):
    """A statement of an account that is not the exchange's."""

    kind, code = Kind.INVALID, "other-account"
    advice = "Send statements of the account in the exchange's billing details, or correct those."
    account: str
    own: str

    def __str__(self) -> str:
        return f"The statement is of {self.account}, and the exchange's account is {self.own}."


@dataclass(eq=False)
class NothingOwed(ExchangeError):
    """An invoice that is paid, or credited, should be paid."""

    kind, code = Kind.CONFLICT, "nothing-owed"
    advice = "`torvet billing invoices` tells what is open."
    invoice: str

    def __str__(self) -> str:
        return f"Nothing is owed of {self.invoice}."


@dataclass(eq=False)
class NotOverpaid(ExchangeError):
    """More should be paid back than was paid too much."""

    kind, code = Kind.CONFLICT, "not-overpaid"
    advice = "Credit the invoice first: only what was paid beyond it goes back."
    invoice: str
    over: str
    asked: str

    def __str__(self) -> str:
        return f"{self.over} too much is paid of {self.invoice}, and {self.asked} should go back."


@dataclass(eq=False)
class CardPaymentNotFound(ExchangeError):
    """There is no such payment by card."""

    kind, code = Kind.NOT_FOUND, "card-payment-not-found"
    advice = "Begin another from the invoice."
    payment: str

    def __str__(self) -> str:
        return f"There is no payment by card {self.payment!r}."


@dataclass(eq=False)
class ReasonMissing(ExchangeError):
    """Money is given back, and nobody says why."""

    kind, code = Kind.INVALID, "reason-missing"
    advice = "Say why in a few words: they are kept, and a credit note names them."

    def __str__(self) -> str:
        return "A reason is missing."
