"""The release certificate: what was done to a release, how safe it was found, signed.

A certificate is canonical JSON (kit/canonical), so that it has one byte string to sign. Canonical
JSON knows no fractions: a fraction is written as a decimal text of twelve significant digits
(docs/decisions/0123), and `figure` reads it back. The signature is Ed25519 over those bytes.
"""

import base64
import binascii
import hashlib
import hmac
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from torvet.kit import moments
from torvet.kit.canonical import canonical

from .errors import CertificateInvalid

KIND = "torvet-release-certificate/1"
SIGNED_KIND = "torvet-signed-certificate/1"
CERTIFICATE_BYTES_MAX = 1024 * 1024
SIGNIFICANT_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a release went through, and what was found of it afterwards.

    Shares, risks and losses are fractions of 1. `transformation` is the level of each
    quasi-identifier (0 = as it was). `models_found` is what the release was *found* to keep,
    never what was asked for: `{"k": 5, "l": {"income": 2}, "t": {"income": 0.21}}`. `files` are the
    digests of the release's files; `output_sha256` is that of one, or of all of them joined by
    line feeds; `input_sha256` likewise of the delivered files. Of files about people it is empty,
    and `input_hmac_sha256` stands in its place (`keyed`): whoever knows all of a file but one
    value could try the values against an open digest. `attacks` holds an outcome for each attack
    that was tried. `remarks` are sentences that a reader must not miss.
    """

    treatment: str
    rows: int
    suppressed: int = 0
    input_sha256: str = ""
    input_hmac_sha256: str = ""
    output_sha256: str = ""
    files: Sequence[str] = ()
    policy: Mapping[str, Any] = field(default_factory=dict)
    transformation: Mapping[str, int] = field(default_factory=dict)
    models_found: Mapping[str, Any] = field(default_factory=dict)
    risk: Mapping[str, float] = field(default_factory=dict)
    utility: Mapping[str, float] = field(default_factory=dict)
    attacks: Sequence[Mapping[str, Any]] = ()
    budget_micro_rho: int | None = None
    remarks: Sequence[str] = ()
    dataset: str = ""
    release: int | None = None
    made_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values that canonical JSON has: fractions as decimal texts."""
        held: dict[str, Any] = {
            "kind": KIND,
            "treatment": self.treatment,
            "input_sha256": self.input_sha256,
            "output_sha256": self.output_sha256,
            "files": list(self.files),
            "rows": self.rows,
            "suppressed": self.suppressed,
            "policy": exact(self.policy),
            "transformation": exact(self.transformation),
            "models_found": exact(self.models_found),
            "risk": exact(self.risk),
            "utility": exact(self.utility),
            "attacks": exact(self.attacks),
            "budget_micro_rho": self.budget_micro_rho,
            "remarks": list(self.remarks),
            "made_at": None if self.made_at is None else moments.to_text(self.made_at),
        }
        if self.input_hmac_sha256:
            held["input_hmac_sha256"] = self.input_hmac_sha256
        if self.dataset:
            held["dataset"] = self.dataset
        if self.release is not None:
            held["release"] = self.release
        return held

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raise CertificateInvalid where it is something else."""
        if not isinstance(held, Mapping) or held.get("kind") != KIND:
            raise CertificateInvalid(f"it does not say that it is of the kind {KIND}")
        try:
            made_at = held["made_at"]
            return cls(
                treatment=str(held["treatment"]),
                rows=int(held["rows"]),
                suppressed=int(held["suppressed"]),
                input_sha256=str(held["input_sha256"]),
                input_hmac_sha256=str(held.get("input_hmac_sha256", "")),
                output_sha256=str(held["output_sha256"]),
                files=tuple(str(it) for it in held["files"]),
                policy=dict(held["policy"]),
                transformation={name: int(it) for name, it in held["transformation"].items()},
                models_found=dict(held["models_found"]),
                risk={name: figure(it) for name, it in held["risk"].items()},
                utility={name: figure(it) for name, it in held["utility"].items()},
                attacks=tuple(dict(it) for it in held["attacks"]),
                budget_micro_rho=held["budget_micro_rho"],
                remarks=tuple(str(it) for it in held["remarks"]),
                dataset=str(held.get("dataset", "")),
                release=held.get("release"),
                made_at=None if made_at is None else moments.from_text(made_at),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CertificateInvalid(f"a part of it cannot be read ({error})") from error

    def to_bytes(self) -> bytes:
        """Return the canonical JSON: the same bytes for the same certificate, everywhere."""
        return canonical(self.to_json())

    def signed(self, key: Ed25519PrivateKey) -> "Signed":
        """Return it with the signature of `key` over its canonical bytes."""
        return Signed(certificate=self, signature=key.sign(self.to_bytes()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A certificate and the Ed25519 signature (64 bytes) over its canonical bytes."""

    certificate: Certificate
    signature: bytes

    def to_json(self) -> dict[str, Any]:
        """Return what is stored and served."""
        return {
            "kind": SIGNED_KIND,
            "certificate": self.certificate.to_json(),
            "algorithm": "Ed25519",
            "signature": base64.b64encode(self.signature).decode(),
        }

    def to_bytes(self) -> bytes:
        """Return the canonical JSON of certificate and signature."""
        return canonical(self.to_json())

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a certificate file; raise CertificateInvalid. Whether it is genuine: `genuine`."""
        if len(content) > CERTIFICATE_BYTES_MAX:
            raise CertificateInvalid(f"it is larger than {CERTIFICATE_BYTES_MAX:,} bytes")
        try:
            held = json.loads(content)
            signature = base64.b64decode(held["signature"], validate=True)
            kind, stated = held["kind"], held["certificate"]
        except (KeyError, TypeError, ValueError, RecursionError, binascii.Error) as error:
            raise CertificateInvalid("it is no signed certificate in JSON") from error
        if kind != SIGNED_KIND:
            raise CertificateInvalid(f"it does not say that it is of the kind {SIGNED_KIND}")
        certificate = Certificate.from_json(stated)
        if _bytes_of(stated) != certificate.to_bytes():
            # Words that are not read are not believed: a signature would seem to cover them.
            raise CertificateInvalid("it says more, or says it otherwise, than a certificate does")
        return cls(certificate=certificate, signature=signature)

    def genuine(self, key: Ed25519PublicKey) -> bool:
        """Say whether `key` signed exactly this certificate."""
        try:
            key.verify(self.signature, self.certificate.to_bytes())
        except InvalidSignature:
            return False
        return True


def joined(digests: Sequence[str]) -> str:
    """Return the digest of one file, or that of the digests of several, in their order."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest() if digests else ""


def keyed(secret: bytes, dataset: str, digests: Sequence[str]) -> str:
    """Return what stands for delivered files that nobody is to guess: HMAC-SHA256 (RFC 2104).

    It is over `joined(digests)`, under a key of the dataset's own that is derived from `secret`:
    equal files of two datasets do not show that they are equal.
    """
    own = hmac.digest(secret, b"certificate input\0" + dataset.encode(), "sha256")
    return hmac.digest(own, joined(digests).encode(), "sha256").hex()


def exact(value: Any) -> Any:
    """Return `value` as canonical JSON can hold it: every fraction as a decimal text."""
    match value:
        case bool() | None | str() | int():
            return value
        case float():
            if not math.isfinite(value):
                return "unbounded" if value > 0 else "undefined"
            return (
                str(int(value)) if value.is_integer() else format(value, f".{SIGNIFICANT_DIGITS}g")
            )
        case Mapping():
            return {str(name): exact(item) for name, item in value.items()}
        case Sequence():
            return [exact(item) for item in value]
        case _:
            # numpy's scalars, which are neither int nor float
            return exact(value.item()) if hasattr(value, "item") else str(value)


def figure(written: Any) -> float:
    """Read a number that `exact` wrote; raise ValueError where it is none."""
    if written == "unbounded":
        return math.inf
    if written == "undefined":
        return math.nan
    return float(written)


def _bytes_of(stated: Any) -> bytes:
    try:
        return canonical(stated)
    except (ValueError, TypeError) as error:
        raise CertificateInvalid("it holds what canonical JSON cannot") from error
