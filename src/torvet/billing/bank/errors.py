"""What can be wrong with a bank file, in words that its reader or writer can act on."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class StatementUnreadable(ExchangeError):
    """A file that should be a statement is none, or is not whole."""

    kind, code = Kind.INVALID, "statement-unreadable"
    advice = "Ask the bank for a camt.053 file (version 02 or later) and send it unchanged."
    why: str

    def __str__(self) -> str:
        return f"The bank statement cannot be read: {self.why}. Nothing of it was taken."


@dataclass(eq=False)
class PayoutRefused(ExchangeError):
    """A payment file cannot be written; nothing was."""

    kind, code = Kind.INVALID, "payout-refused"
    advice = "Correct what is named; nothing was written, and nothing is paid."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The payment file cannot be written: {'; '.join(self.faults)}."
