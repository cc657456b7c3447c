"""What somebody can act on who asks about a service, or disputes it."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class NothingPromised(ExchangeError):
    """The contract promises nothing of its service."""

    kind, code = Kind.NOT_FOUND, "nothing-promised"
    advice = "Ask the provider for an offer with service levels."
    contract: str

    def __str__(self) -> str:
        return f"Contract {self.contract!r} promises nothing of its service."


@dataclass(eq=False)
class MonthUnfit(ExchangeError):
    """A month in which the contract was not in force, or that is none."""

    kind, code = Kind.INVALID, "service-month-unfit"
    advice = "Name a month like 2026-06, since the contract was agreed and not in the future."
    month: str

    def __str__(self) -> str:
        return f"Nothing was measured in {self.month!r}."


@dataclass(eq=False)
class MaintenanceUnfit(ExchangeError):
    """Work that lies in the past, ends before it begins, or takes too long."""

    kind, code = Kind.INVALID, "maintenance-unfit"
    advice = "Announce work before it begins, with an end after its beginning, of a week at most."
    why: str

    def __str__(self) -> str:
        return f"The work cannot be announced: {self.why}."


@dataclass(eq=False)
class MaintenanceNotFound(ExchangeError):
    """There is no such work on the dataset, or it is over."""

    kind, code = Kind.NOT_FOUND, "maintenance-not-found"
    advice = "`torvet service planned` lists what is announced."
    maintenance: str

    def __str__(self) -> str:
        return f"No work {self.maintenance!r} is planned on this dataset."


@dataclass(eq=False)
class QuestionNotFound(ExchangeError):
    """There is no such question under the contract."""

    kind, code = Kind.NOT_FOUND, "question-not-found"
    advice = "`torvet service questions` lists those of a contract."
    question: str

    def __str__(self) -> str:
        return f"There is no question {self.question!r} under this contract."


@dataclass(eq=False)
class QuestionClosed(ExchangeError):
    """The question is closed."""

    kind, code = Kind.CONFLICT, "question-closed"
    advice = "Ask another one."
    question: str

    def __str__(self) -> str:
        return f"Question {self.question!r} is closed."


@dataclass(eq=False)
class TooManyQuestions(ExchangeError):
    """Too many questions wait under one contract."""

    kind, code = Kind.TOO_MANY, "too-many-questions"
    advice = "Close those that are settled, or write more into one of them."
    contract: str
    most: int

    def __str__(self) -> str:
        return f"{self.most} questions are open under contract {self.contract!r}."


@dataclass(eq=False)
class TooMuchSaid(ExchangeError):
    """A thread is longer than anybody reads."""

    kind, code = Kind.TOO_MANY, "too-much-said"
    advice = "Close it and begin anew with what is still open."
    about: str
    most: int

    def __str__(self) -> str:
        return f"{self.about!r} has {self.most} messages, and takes no more."


@dataclass(eq=False)
class DisputeNotFound(ExchangeError):
    """There is no such dispute, or it is between others: the two look the same."""

    kind, code = Kind.NOT_FOUND, "dispute-not-found"
    advice = "`torvet dispute list` shows those of your party."
    dispute: str

    def __str__(self) -> str:
        return f"There is no dispute {self.dispute!r} of your party."


@dataclass(eq=False)
class DisputeThere(ExchangeError):
    """The same is disputed already."""

    kind, code = Kind.CONFLICT, "dispute-there"
    advice = "Write what you have to add into the one that is there."
    dispute: str

    def __str__(self) -> str:
        return f"That is disputed already, in {self.dispute}."


@dataclass(eq=False)
class DisputeOver(ExchangeError):
    """The dispute was decided or withdrawn."""

    kind, code = Kind.CONFLICT, "dispute-over"
    advice = "A decision stands. Open another dispute where something new came up."
    dispute: str
    stage: str

    def __str__(self) -> str:
        return f"Dispute {self.dispute!r} is {self.stage}."


@dataclass(eq=False)
class DisputeUnfit(ExchangeError):
    """What should be disputed, or decided, makes no sense here."""

    kind, code = Kind.INVALID, "dispute-unfit"
    advice = "Correct what is named. Nothing was opened or decided."
    why: str

    def __str__(self) -> str:
        return f"This cannot be disputed or decided so: {self.why}."


@dataclass(eq=False)
class DecisionEarly(ExchangeError):
    """The other party still has time to answer."""

    kind, code = Kind.CONFLICT, "decision-early"
    advice = "Wait for the answer or for its deadline."
    dispute: str
    answer_until: str

    def __str__(self) -> str:
        return f"The other party of {self.dispute!r} may answer until {self.answer_until}."
