"""What can be wrong with the rulebook."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class RulebookInvalid(ExchangeError):
    """A version of the rules cannot be read, or contradicts another."""

    kind, code = Kind.UNAVAILABLE, "rulebook-invalid"
    advice = (
        "The operator mends the folder that TORVET_RULEBOOK names; nothing is billed meanwhile."
    )
    where: str
    why: str

    def __str__(self) -> str:
        return f"The rulebook cannot be used ({self.where}): {self.why}."


@dataclass(eq=False)
class RulesMissing(ExchangeError):
    """No version of the rules holds on a day."""

    kind, code = Kind.INVALID, "rules-missing"
    advice = "Add a version to the rulebook that begins on that day or before."
    day: str

    def __str__(self) -> str:
        return f"No rules are kept that hold on {self.day}."


@dataclass(eq=False)
class RulesUnknown(ExchangeError):
    """There is no version of the rules about money by that name."""

    kind, code = Kind.NOT_FOUND, "rules-unknown"
    advice = "`GET /api/fees` lists all versions."
    version: str

    def __str__(self) -> str:
        return f"There is no version {self.version[:40]!r} of the rules about money."
