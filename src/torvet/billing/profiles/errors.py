"""What can be wrong with billing details, in words that their giver can act on."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class ProfileUnfit(ExchangeError):
    """Billing details contradict each other, or are not what they should be."""

    kind, code = Kind.INVALID, "billing-profile-unfit"
    advice = "Correct what is named; the details from before stand."
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"These billing details cannot be used: {'; '.join(self.reasons)}."


@dataclass(eq=False)
class ProfileMoved(ExchangeError):
    """Somebody else changed the billing details in the meantime."""

    kind, code = Kind.CONFLICT, "billing-profile-moved"
    advice = "Read them again, and change what is still to be changed."
    party: str

    def __str__(self) -> str:
        return "The billing details were changed since you read them."
