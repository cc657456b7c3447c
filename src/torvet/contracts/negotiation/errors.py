"""What can go wrong while two parties negotiate, as they can act on it."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class NegotiationNotFound(ExchangeError):
    """There is no such negotiation, or the one who asks is neither of its parties."""

    kind, code = Kind.NOT_FOUND, "negotiation-not-found"
    advice = "GET /api/negotiations lists those of your party."
    negotiation: str

    def __str__(self) -> str:
        return f"There is no negotiation {self.negotiation!r}."


@dataclass(eq=False)
class NegotiationOver(ExchangeError):
    """Both have agreed, or one has left."""

    kind, code = Kind.CONFLICT, "negotiation-over"
    advice = "Load it again: it says what came of it. A new one begins from an open offer."
    negotiation: str
    stage: str

    def __str__(self) -> str:
        return f"Negotiation {self.negotiation!r} is {self.stage}."


@dataclass(eq=False)
class NegotiationMoved(ExchangeError):
    """There is a newer round than the one that the caller read."""

    kind, code = Kind.CONFLICT, "negotiation-moved"
    advice = "Load the negotiation again, and read what is on the table now."
    negotiation: str
    digest: str
    new: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"Something else is on the table of negotiation {self.negotiation!r} now."
        return f"{said} {' '.join(self.new)}" if self.new else said


@dataclass(eq=False)
class NegotiationThere(ExchangeError):
    """The consumer negotiates this offer already."""

    kind, code = Kind.CONFLICT, "negotiation-there"
    advice = "Go on with the one that you have, or end it first."
    offer: str
    negotiation: str

    def __str__(self) -> str:
        return f"You negotiate offer {self.offer!r} already, as {self.negotiation!r}."


@dataclass(eq=False)
class NotYourTurn(ExchangeError):
    """Nobody agrees to its own terms."""

    kind, code = Kind.CONFLICT, "not-your-turn"
    advice = "Wait for the other side's answer, or propose other terms yourself."
    negotiation: str

    def __str__(self) -> str:
        return f"What is on the table of {self.negotiation!r} is your own proposal."


@dataclass(eq=False)
class NothingProposed(ExchangeError):
    """A round says what the last one said."""

    kind, code = Kind.INVALID, "nothing-proposed"
    advice = "Agree to the terms as they are, or say what should be otherwise."

    def __str__(self) -> str:
        return "These terms are the ones that are on the table already."


@dataclass(eq=False)
class RoundsExhausted(ExchangeError):
    """Two parties have talked for longer than is of use."""

    kind, code = Kind.CONFLICT, "rounds-exhausted"
    advice = "Agree, or end the negotiation and talk to each other."
    negotiation: str
    most: int

    def __str__(self) -> str:
        return f"Negotiation {self.negotiation!r} has had {self.most} rounds, which is the most."
