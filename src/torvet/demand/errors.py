"""What can go wrong with data requests, as those who want and those who have can act on it."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class RequestNotFound(ExchangeError):
    """There is no such data request, or it is within a circle of others."""

    kind, code = Kind.NOT_FOUND, "request-not-found"
    advice = "`torvet wanted list` shows the data requests that you can see."
    wanted: str

    def __str__(self) -> str:
        return f"There is no data request {self.wanted!r} for you."


@dataclass(eq=False)
class RequestInvalid(ExchangeError):
    """A data request makes no sense; everything that is wrong with it is named."""

    kind, code = Kind.INVALID, "request-invalid"
    advice = "Correct what is named. Nothing was asked for."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The data request cannot be made: {'; '.join(self.faults)}."


@dataclass(eq=False)
class RequestOver(ExchangeError):
    """The request's deadline is past, or it came to its end before."""

    kind, code = Kind.CONFLICT, "request-over"
    advice = "Look at what came of it, or ask for the data in a request of your own."
    wanted: str
    stage: str

    def __str__(self) -> str:
        return f"Data request {self.wanted!r} takes no more of this: it is {self.stage}."


@dataclass(eq=False)
class NotOwner(ExchangeError):
    """The deed belongs to who made the request."""

    kind, code = Kind.REFUSED, "not-request-owner"
    advice = "Ask the request's owner, or make a request of your own."
    wanted: str

    def __str__(self) -> str:
        return f"Only the owner of data request {self.wanted!r} can do that."


@dataclass(eq=False)
class PledgeRefused(ExchangeError):
    """The pledge cannot be taken; everything that stands in its way is named."""

    kind, code = Kind.INVALID, "pledge-refused"
    advice = "Correct what is named. Nothing was pledged."
    wanted: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"Nothing was pledged: {'; '.join(self.reasons)}."


@dataclass(eq=False)
class AlreadyPledged(ExchangeError):
    """The party has a pledge on this request that stands."""

    kind, code = Kind.CONFLICT, "already-pledged"
    advice = "Take it back first, as long as it does not bind, and pledge anew."
    wanted: str
    pledge: str

    def __str__(self) -> str:
        return f"Your party pledged to {self.wanted!r} already: {self.pledge}."


@dataclass(eq=False)
class NoPledge(ExchangeError):
    """The party has nothing pledged that stands."""

    kind, code = Kind.NOT_FOUND, "pledge-not-found"
    advice = "`torvet wanted show` tells what your party pledged."
    wanted: str

    def __str__(self) -> str:
        return f"Your party has no pledge on {self.wanted!r} that stands."


@dataclass(eq=False)
class PledgeBinds(ExchangeError):
    """The goal was reached, so that no pledge can be taken back any more."""

    kind, code = Kind.CONFLICT, "pledge-binds"
    advice = "It is freed where nobody delivers by the last day; you may vote on answers."
    wanted: str
    bound_at: str

    def __str__(self) -> str:
        return f"Pledges to {self.wanted!r} bind since {self.bound_at}: the goal was reached."


@dataclass(eq=False)
class AnswerNotFound(ExchangeError):
    """There is no such answer to the request."""

    kind, code = Kind.NOT_FOUND, "answer-not-found"
    advice = "`torvet wanted show` lists the answers to a request."
    answer: str

    def __str__(self) -> str:
        return f"There is no answer {self.answer!r} to that request."


@dataclass(eq=False)
class AnswerRefused(ExchangeError):
    """An answer cannot be given or accepted; every reason is named."""

    kind, code = Kind.CONFLICT, "answer-refused"
    advice = "Correct what is named, or wait until the pledges bind."
    wanted: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"That is no answer to this request: {'; '.join(self.reasons)}."


@dataclass(eq=False)
class NoVote(ExchangeError):
    """Only who owns a request or pledged to it decides on answers."""

    kind, code = Kind.REFUSED, "no-vote"
    advice = "Pledge to the request while it is open, and decide with the others."
    wanted: str

    def __str__(self) -> str:
        return f"Your party neither owns data request {self.wanted!r} nor pledged to it."


@dataclass(eq=False)
class NotDelivered(ExchangeError):
    """What is handed over is not what was promised; everything that is missing is named."""

    kind, code = Kind.CONFLICT, "not-delivered"
    advice = "Publish what is missing and deliver again before the promised day. Nothing changed."
    wanted: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"Data request {self.wanted!r} is not fulfilled: {'; '.join(self.reasons)}."
