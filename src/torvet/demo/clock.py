"""The story's own time: it begins some weeks ago, so that a month can pass while one watches."""

from datetime import UTC, datetime, timedelta

A_MONTH_AGO = timedelta(days=35)
"""Long enough that a month of the calendar ends between then and now, whatever the day."""


class StoryClock:
    """Tells the time of the story. It goes as the wall clock does, behind it, and only forward."""

    def __init__(self, behind: timedelta = timedelta(0)) -> None:
        self._behind = behind

    def now(self) -> datetime:
        """Return the present moment of the story, aware and in UTC."""
        return datetime.now(UTC) - self._behind

    def let_pass(self, time: timedelta) -> None:
        """Let `time` pass at once; the story never runs ahead of the wall clock."""
        self._behind = max(self._behind - time, timedelta(0))

    def until(self, moment: datetime) -> None:
        """Let time pass until `moment`."""
        self.let_pass(moment - self.now())

    def catch_up(self) -> None:
        """Let pass what is left until today."""
        self._behind = timedelta(0)
