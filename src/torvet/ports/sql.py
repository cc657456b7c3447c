"""Names and values as SQL text. Whatever comes from outside goes through one of these two."""

from torvet.kit.sql import identifier, literal

__all__ = ["identifier", "literal"]
