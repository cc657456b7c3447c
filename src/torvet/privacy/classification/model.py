"""What classifying a table gives: for each column a verdict with its evidence, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a column may do to the people that rows are about."""

    IDENTIFIER = "identifier"
    """It names one person, household or thing of theirs: it never leaves."""
    QUASI_IDENTIFIER = "quasi-identifier"
    """Others may know it of somebody: with columns like it, it singles people out."""
    SENSITIVE = "sensitive"
    """It is what nobody should learn about somebody."""
    PUBLIC = "public"
    """It says nothing about anybody."""


PERSONAL = frozenset({Role.IDENTIFIER, Role.QUASI_IDENTIFIER, Role.SENSITIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one column is, and why. `kind` is what was recognised, such as `cpr`, or empty."""

    column: str
    role: Role
    evidence: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingledOut:
    """Columns that, together, single out `rows` of `of` rows: nobody else has those values."""

    columns: tuple[str, ...]
    rows: int
    of: int

    @property
    def share(self) -> float:
        """The share of rows that are alone, 0 to 1."""
        return self.rows / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What a table is: a verdict for each column, in its order, and what binds them together.

    `reason` says in a sentence why rows are about people, or why they are not. `unit` is the
    column that stands for one person or household where there is one.
    """

    rows: int
    verdicts: tuple[Verdict, ...]
    singled_out: tuple[SingledOut, ...]
    reason: str
    unit: str | None = None

    @property
    def personal(self) -> bool:
        """Say whether any column tells of people."""
        return any(verdict.role in PERSONAL for verdict in self.verdicts)

    def named(self, role: Role) -> tuple[str, ...]:
        """Return the columns of one role."""
        return tuple(verdict.column for verdict in self.verdicts if verdict.role is role)

    @property
    def personal_columns(self) -> tuple[str, ...]:
        """Return the columns that tell of people."""
        return tuple(it.column for it in self.verdicts if it.role in PERSONAL)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "rows": self.rows,
            "personal": self.personal,
            "reason": self.reason,
            "unit": self.unit,
            "columns": [
                {
                    "name": it.column,
                    "role": it.role.value,
                    "kind": it.kind,
                    "evidence": list(it.evidence),
                }
                for it in self.verdicts
            ],
            "singled_out": [
                {"columns": list(it.columns), "rows": it.rows, "of": it.of}
                for it in self.singled_out
            ],
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> "Classification":
        """Read what `to_json` wrote."""
        return cls(
            rows=held["rows"],
            reason=held["reason"],
            unit=held["unit"],
            verdicts=tuple(
                Verdict(
                    column=it["name"],
                    role=Role(it["role"]),
                    kind=it["kind"],
                    evidence=tuple(it["evidence"]),
                )
                for it in held["columns"]
            ),
            singled_out=tuple(
                SingledOut(columns=tuple(it["columns"]), rows=it["rows"], of=it["of"])
                for it in held["singled_out"]
            ),
        )
