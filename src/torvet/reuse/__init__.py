"""What data is used for and what came of it: benefits, thanks, reviews, a yearly statement."""

from .model import Use
from .reading import reuse_of, statement_of
from .rules import summed

__all__ = ["Use", "reuse_of", "statement_of", "summed"]
