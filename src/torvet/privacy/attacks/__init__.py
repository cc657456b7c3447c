"""Attacks that are really made: on a release before it is published, and on whoever answers.

`run` makes all that fit a table. The others take a callable and are made by tests.
"""

from .answers import averaging, decoding, differencing, existence, reconstruction, side_channel
from .cells import Cells, Margins, few, insider, recomputed
from .outcome import MARGIN, AttackReport, Outcome, interval
from .spending import crash, overspending, under_accounting, worst_ratio
from .streams import Stream, coarsened, linkability, unicity
from .suite import Previous, Trace, run
from .versions import minimality

__all__ = [
    "MARGIN",
    "AttackReport",
    "Cells",
    "Margins",
    "Outcome",
    "Previous",
    "Stream",
    "Trace",
    "averaging",
    "coarsened",
    "crash",
    "decoding",
    "differencing",
    "existence",
    "few",
    "insider",
    "interval",
    "linkability",
    "minimality",
    "overspending",
    "recomputed",
    "reconstruction",
    "run",
    "side_channel",
    "under_accounting",
    "unicity",
    "worst_ratio",
]
