"""What can be wrong with an agreement to share."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class SharesUnfit(ExchangeError):
    """Income cannot be shared like this."""

    kind, code = Kind.INVALID, "shares-unfit"
    advice = "Correct what is named; the agreement that there was holds on."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The income cannot be shared like this: {'; '.join(self.faults)}."


@dataclass(eq=False)
class SharesNotFound(ExchangeError):
    """Nobody shares in the income of this dataset, or it is not for you to see."""

    kind, code = Kind.NOT_FOUND, "shares-not-found"
    advice = "`torvet billing earnings` lists the agreements that your party shares in."
    dataset: str

    def __str__(self) -> str:
        return f"There is no agreement on the income of {self.dataset!r}."


@dataclass(eq=False)
class SharesMoved(ExchangeError):
    """The agreement was changed since it was read."""

    kind, code = Kind.CONFLICT, "shares-moved"
    advice = "Read it again, and make your change to the newest version."
    version: int

    def __str__(self) -> str:
        return f"The agreement is at version {self.version} by now."
