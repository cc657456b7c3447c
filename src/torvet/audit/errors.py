"""What a reader of the log can act on."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class FactNotFound(ExchangeError):
    """No sealed fact stands there, or it names none of the caller's parties."""

    kind, code = Kind.NOT_FOUND, "fact-not-found"
    advice = "Facts are sealed a moment after the deed, and only the parties they name read them."
    position: int

    def __str__(self) -> str:
        return f"No fact that you may read stands at position {self.position}."


@dataclass(eq=False)
class CheckpointNotFound(ExchangeError):
    """No checkpoint was ever signed at that size."""

    kind, code = Kind.NOT_FOUND, "checkpoint-not-found"
    advice = (
        "Use the sizes of two checkpoints that you hold; GET /api/log/checkpoint is the newest."
    )
    size: int

    def __str__(self) -> str:
        return f"No checkpoint was signed when the log held {self.size} facts."


@dataclass(eq=False)
class CheckpointsTurned(ExchangeError):
    """The first checkpoint is the larger one."""

    kind, code = Kind.INVALID, "checkpoints-turned"
    advice = "Give the older checkpoint, with fewer facts, first."
    first: int
    second: int

    def __str__(self) -> str:
        return f"A log of {self.first} facts cannot have grown into one of {self.second}."
