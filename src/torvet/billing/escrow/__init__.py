"""Money that is held for a party: taken in, released on delivery, given back."""

from .errors import AmountNotHeld, HoldClosed, HoldNotFound, HoldShort
from .inspection import faults_of_holds
from .jobs import release_held
from .model import HeldStatement, Hold, HoldId, Move, Moved, Purpose
from .releasing import hold_again, release_due, release_for
from .service import (
    give_back,
    give_back_all,
    hand_on,
    held,
    held_of,
    hold,
    hold_named,
    open_hold,
    put_back,
    release,
    statement,
)
from .stops import lift_stops, stop_payouts, stopped
from .store import settle_alone

__all__ = [
    "AmountNotHeld",
    "HeldStatement",
    "Hold",
    "HoldClosed",
    "HoldId",
    "HoldNotFound",
    "HoldShort",
    "Move",
    "Moved",
    "Purpose",
    "faults_of_holds",
    "give_back",
    "give_back_all",
    "hand_on",
    "held",
    "held_of",
    "hold",
    "hold_again",
    "hold_named",
    "lift_stops",
    "open_hold",
    "put_back",
    "release",
    "release_due",
    "release_for",
    "release_held",
    "settle_alone",
    "statement",
    "stop_payouts",
    "stopped",
]
