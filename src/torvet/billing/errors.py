"""What can be wrong with a posting, in words that its caller can act on."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class PostingInvalid(ExchangeError):
    """What should be posted is no transaction: it does not balance, or says too little."""

    kind, code = Kind.INVALID, "posting-invalid"
    advice = "Correct what is named. Nothing was posted."
    key: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.key!r} cannot be posted: {'; '.join(self.faults)}."


@dataclass(eq=False)
class KeyReused(ExchangeError):
    """Something else was posted under the key before."""

    kind, code = Kind.CONFLICT, "posting-key-reused"
    advice = "A key stands for one transaction for ever: correct that one, or take another key."
    key: str
    transaction: str

    def __str__(self) -> str:
        return f"{self.key!r} is the key of transaction {self.transaction}, which says otherwise."


@dataclass(eq=False)
class TransactionNotFound(ExchangeError):
    """The books have no such transaction."""

    kind, code = Kind.NOT_FOUND, "transaction-not-found"
    advice = "Take the id from a statement or from the export of the books."
    transaction: str

    def __str__(self) -> str:
        return f"There is no transaction {self.transaction!r} in the books."


@dataclass(eq=False)
class NothingToTakeBack(ExchangeError):
    """A transaction has less left than should be taken back, or is a correction itself."""

    kind, code = Kind.CONFLICT, "nothing-to-take-back"
    advice = "Look at what was taken back already; what a correction did is posted anew."
    transaction: str
    why: str

    def __str__(self) -> str:
        return f"Transaction {self.transaction} stays as it is: {self.why}."


@dataclass(eq=False)
class EscrowShort(ExchangeError):
    """More should be taken from what is held for a party than is held."""

    kind, code = Kind.CONFLICT, "escrow-short"
    advice = "Wait for the party's payment, or take no more than is held."
    party: str
    held: str
    asked: str

    def __str__(self) -> str:
        return f"{self.held} are held for party {self.party}, and {self.asked} should be taken."


@dataclass(eq=False)
class AccountNotFound(ExchangeError):
    """Nothing was ever posted to such an account of the party."""

    kind, code = Kind.NOT_FOUND, "ledger-account-not-found"
    advice = "`torvet billing accounts` lists your party's accounts."
    account: str

    def __str__(self) -> str:
        return f"Your party has no account {self.account}."


@dataclass(eq=False)
class StatementTurned(ExchangeError):
    """The period of a statement ends before it begins."""

    kind, code = Kind.INVALID, "statement-turned"
    advice = "Give `from` before `to`; both are instants with a zone."
    start: str
    end: str

    def __str__(self) -> str:
        return f"There is no time between {self.start} and {self.end}."


@dataclass(eq=False)
class DayUnreadable(ExchangeError):
    """A day of a period is written in a way that is not read."""

    kind, code = Kind.INVALID, "day-unreadable"
    advice = "Write days as 2026-06-30, or leave the field empty."
    written: str

    def __str__(self) -> str:
        return f"{self.written[:40]!r} is no day."


@dataclass(eq=False)
class ProofUnderWay(ExchangeError):
    """The books are being proven, and should be proven once more at the same time."""

    kind, code = Kind.CONFLICT, "proof-under-way"
    advice = (
        "Wait for the one that was begun: it reads all books, and takes the longer beside another."
    )

    def __str__(self) -> str:
        return "The books are being proven at this moment."


@dataclass(eq=False)
class QuotePeriodUnfit(ExchangeError):
    """A price is worked out for more time than is looked at in one go, or for no time of ours."""

    kind, code = Kind.INVALID, "quote-period-unfit"
    advice = "Ask for a shorter period: three months are looked at in one go."
    days_max: int

    def __str__(self) -> str:
        return f"A price is worked out for {self.days_max} days at most, from 1970 on."


@dataclass(eq=False)
class QuantityInvalid(ExchangeError):
    """Something that should be a quantity and is none."""

    kind, code = Kind.INVALID, "quantity-invalid"
    advice = "Write a number that is not below zero: 250000, or 1.5 for GB."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"That is no quantity: {'; '.join(self.faults)}."
