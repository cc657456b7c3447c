"""Errors that every adapter of a part may raise."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class StorageFull(ExchangeError):
    """There is no room for what was to be written."""

    kind, code = Kind.UNAVAILABLE, "storage-full"
    advice = "Nothing was published. Make room (`df -h`), then try again: work goes on by itself."
    where: str

    def __str__(self) -> str:
        """Say where the room ran out."""
        return f"There is no room left on the storage of {self.where}."
