"""What somebody who asks for usage can act on."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class PeriodTurned(ExchangeError):
    """The period ends before it begins."""

    kind, code = Kind.INVALID, "period-turned"
    advice = "Give `from` before `to`; both are instants with a zone."
    start: str
    end: str

    def __str__(self) -> str:
        return f"There is no time between {self.start} and {self.end}."
