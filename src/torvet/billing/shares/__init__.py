"""What the citizens and partners behind a dataset get of its income."""

from . import jobs as _jobs  # importing it makes dividing known to the worker
from .errors import SharesMoved, SharesNotFound, SharesUnfit
from .model import Agreement, Division, Earned, How, Member, Part, Terms, Way, Worth
from .service import (
    ContributorStatement,
    agree,
    agreements,
    divide,
    divide_soon,
    faults_of_shares,
    statement,
)

__all__ = [
    "Agreement",
    "ContributorStatement",
    "Division",
    "Earned",
    "How",
    "Member",
    "Part",
    "SharesMoved",
    "SharesNotFound",
    "SharesUnfit",
    "Terms",
    "Way",
    "Worth",
    "agree",
    "agreements",
    "divide",
    "divide_soon",
    "faults_of_shares",
    "statement",
]
del _jobs
