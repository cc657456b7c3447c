"""What somebody who asks for usage can act on."""

from dataclasses import dataclass
from datetime import datetime

from torvet.kit.errors import ExchangeError, Kind
from torvet.kit.moments import to_text


@dataclass(eq=False)
class PeriodTurned(ExchangeError):
    """The period ends before it begins."""

    kind, code = Kind.INVALID, "period-turned"
    advice = "Give `from` before `to`; both are instants with a zone."
    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"There is no time between {to_text(self.start)} and {to_text(self.end)}."
