"""What can go wrong with statements of use, thanks and reviews."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class UseNotFound(ExchangeError):
    """There is no such use, or another party stated it."""

    kind, code = Kind.NOT_FOUND, "use-not-found"
    advice = "`torvet reuse list` shows the uses that your party stated."
    use: str

    def __str__(self) -> str:
        return f"Your party stated no use {self.use!r}."


@dataclass(eq=False)
class UseInvalid(ExchangeError):
    """A use cannot be stated so; everything that is wrong with it is named."""

    kind, code = Kind.INVALID, "use-invalid"
    advice = "Correct what is named. Nothing was stated."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The use cannot be stated: {'; '.join(self.faults)}."


@dataclass(eq=False)
class NotConsumer(ExchangeError):
    """The contract is the caller's as a provider, and the deed is its consumer's."""

    kind, code = Kind.REFUSED, "not-consumer"
    advice = "The consumer of a contract says what it was used for, thanks and reviews."
    contract: str

    def __str__(self) -> str:
        return f"Only the consumer of contract {self.contract!r} can do that."


@dataclass(eq=False)
class NeverRead(ExchangeError):
    """Nothing was read under the contract, or it was never agreed: nobody knows the data yet."""

    kind, code = Kind.REFUSED, "never-read"
    advice = "Read the data first; what is read counts here as soon as it is metered."
    contract: str

    def __str__(self) -> str:
        return f"Nothing was read under contract {self.contract!r}, so there is nothing to review."


@dataclass(eq=False)
class ReviewNotFound(ExchangeError):
    """There is no such review, or it is not yours to change."""

    kind, code = Kind.NOT_FOUND, "review-not-found"
    advice = "A dataset's page lists its reviews."
    review: str

    def __str__(self) -> str:
        return f"There is no review {self.review!r} for you."


@dataclass(eq=False)
class ReviewInvalid(ExchangeError):
    """A review cannot be written so."""

    kind, code = Kind.INVALID, "review-invalid"
    advice = "Correct what is named. Nothing was written."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The review cannot be written: {'; '.join(self.faults)}."


@dataclass(eq=False)
class ReviewHidden(ExchangeError):
    """The operator hid the review, so its words are not changed meanwhile."""

    kind, code = Kind.CONFLICT, "review-hidden"
    advice = "Withdraw it, or ask the operator to show it again."
    review: str
    reason: str

    def __str__(self) -> str:
        return f"Review {self.review!r} was hidden by the operator: {self.reason}."


@dataclass(eq=False)
class YearUnfit(ExchangeError):
    """No statement can be written of that year."""

    kind, code = Kind.INVALID, "year-unfit"
    advice = "Name a year from 2020 on."
    year: int

    def __str__(self) -> str:
        return f"There is no statement of the year {self.year}."
