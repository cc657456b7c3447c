"""What somebody typed into a form, kept as it was sent so that it can be shown again."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_WHOLE = re.compile(r"-?(?:[0-9]{1,18}|[0-9]{1,3}(?:[, \u00a0\u202f][0-9]{3}){1,5})")
_BETWEEN_THOUSANDS = re.compile(r"[, \u00a0\u202f]")


@dataclass(frozen=True, slots=True)
class Entered:
    """The fields of a form by name; a field that was not sent is empty."""

    fields: Mapping[str, tuple[str, ...]]

    def line(self, name: str) -> str:
        """Return what stands in a field, without the spaces around it."""
        return self.text(name).strip()

    def text(self, name: str) -> str:
        """Return what stands in a field, its lines ended as they are everywhere else."""
        sent = self.fields.get(name, ())
        return sent[0].replace("\r\n", "\n") if sent else ""

    def lines(self, name: str) -> tuple[str, ...]:
        """Return the lines of a field that say something."""
        return tuple(line.strip() for line in self.text(name).splitlines() if line.strip())

    def each(self, name: str) -> tuple[str, ...]:
        """Return everything that was chosen under one name."""
        return tuple(value for value in self.fields.get(name, ()) if value)

    def has(self, name: str) -> bool:
        """Say whether a box was ticked, or anything was typed."""
        return bool(self.line(name))

    def says_anything(self, prefix: str) -> bool:
        """Say whether anything was typed into the fields whose names begin with `prefix`."""
        return any(name.startswith(prefix) and self.each(name) for name in self.fields)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Return names and values one by one, as a form sends them."""
        for name, values in self.fields.items():
            for value in values:
                yield name, value


NOTHING_ENTERED = Entered({})


def whole_number(text: str) -> int | None:
    """Read `10000`, `10,000` or `10 000`; None where it is no whole number."""
    if not _WHOLE.fullmatch(text):
        return None
    return int(_BETWEEN_THOUSANDS.sub("", text))
