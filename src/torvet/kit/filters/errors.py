"""What is wrong with a filter, and where."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class FilterInvalid(ExchangeError):
    """The filter cannot be read, or does not fit the table. `at` counts characters from 0."""

    kind, code = Kind.INVALID, "filter-invalid"
    advice = (
        "Write conditions such as garage = 'BRUUNS' and occupied > 10, joined by and, or, not; "
        "names with spaces stand in double quotes, texts in single quotes."
    )
    fault: str
    at: int | None = None

    def __str__(self) -> str:
        where = "" if self.at is None else f" at character {self.at + 1}"
        return f"The filter cannot be used{where}: {self.fault}."
