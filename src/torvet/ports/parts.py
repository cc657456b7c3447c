"""The real parts that a deed may be handed. `exchange.py` opens them; nobody else does."""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from torvet.settings import Settings

from .clock import Clock
from .engine import QueryEngine
from .payments import BankTransfers, CardPayments
from .tables import TableStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The exchange's own secrets: one signs checkpoints, the other file URLs and cookies."""

    signing: Ed25519PrivateKey
    secret: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a deed may need, opened once."""

    settings: Settings
    db: Engine
    tables: TableStore
    engine: QueryEngine
    clock: Clock
    bank: BankTransfers
    cards: CardPayments | None
    keys: Keys
    new_id: Callable[[str], str]
