"""What a privacy budget comes to at one moment, signed by the exchange.

A certificate is signed when its release is made, and a budget is spent afterwards: what is spent
is stated when somebody asks, in the form of a certificate (decisions/0123, 0171).
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from torvet.kit import moments
from torvet.kit.canonical import canonical

from .answers.accounting import epsilon
from .certificates import CERTIFICATE_BYTES_MAX, exact
from .errors import CertificateInvalid

KIND = "torvet-budget-statement/1"
SIGNED_KIND = "torvet-signed-statement/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStatement:
    """What all consumers together have learned of a dataset, in micro-ρ; per consumer a limit.

    `spent` is that of the period that began at `period_began_at`, `ever` that of all periods.
    `units` says from which release on whose contribution was hidden: what was charged before
    counts on, whatever the unit was. `remarks` are sentences that a reader must not miss.
    """

    dataset: str
    release: int
    at: datetime
    units: Sequence[tuple[int, str]]
    spent: int
    ever: int
    limit: int
    limit_per_consumer: int
    delta: float
    refresh_days: int | None
    period_began_at: datetime
    remarks: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as canonical JSON has it: fractions as decimal texts."""
        return {
            "kind": KIND,
            "dataset": self.dataset,
            "release": self.release,
            "at": moments.to_text(self.at),
            "units": [{"from_release": number, "unit": unit} for number, unit in self.units],
            "spent_micro_rho": self.spent,
            "ever_micro_rho": self.ever,
            "limit_micro_rho": self.limit,
            "limit_per_consumer_micro_rho": self.limit_per_consumer,
            "spent_epsilon": exact(epsilon(self.spent, self.delta)),
            "limit_epsilon": exact(epsilon(self.limit, self.delta)),
            "delta": exact(self.delta),
            "refresh_days": self.refresh_days,
            "period_began_at": moments.to_text(self.period_began_at),
            "remarks": list(self.remarks),
        }

    def signed(self, key: Ed25519PrivateKey) -> bytes:
        """Return it with the signature of `key` over its canonical bytes."""
        stated = self.to_json()
        return canonical(
            {
                "kind": SIGNED_KIND,
                "statement": stated,
                "algorithm": "Ed25519",
                "signature": base64.b64encode(key.sign(canonical(stated))).decode(),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A statement as it was read: what it says, and the bytes and signature to check."""

    stated: Mapping[str, Any]
    signature: bytes

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a signed statement; raise CertificateInvalid where it is none."""
        if len(content) > CERTIFICATE_BYTES_MAX:
            raise CertificateInvalid(f"it is larger than {CERTIFICATE_BYTES_MAX:,} bytes")
        try:
            held = json.loads(content)
            stated, kind = held["statement"], held["kind"]
            signature = base64.b64decode(held["signature"], validate=True)
            canonical(stated)
        except (KeyError, TypeError, ValueError, RecursionError, binascii.Error) as error:
            raise CertificateInvalid("it is no signed statement in JSON") from error
        if kind != SIGNED_KIND or not isinstance(stated, dict) or stated.get("kind") != KIND:
            raise CertificateInvalid(f"it does not say that it is of the kind {KIND}")
        return cls(stated=stated, signature=signature)

    def genuine(self, key: Ed25519PublicKey) -> bool:
        """Say whether `key` signed exactly this statement."""
        try:
            key.verify(self.signature, canonical(self.stated))
        except InvalidSignature:
            return False
        return True
