"""Checkpoints as signed notes, in the formats of C2SP (signed-note, tlog-checkpoint).

A note is text, a blank line and signatures; a checkpoint's text is three lines: the log's name
(its origin), the number of leaves, the root in base64. Go's `sumdb/note` and Sigstore's tools
read the same.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .merkle import HASH_BYTES

ED25519 = b"\x01"
KEY_ID_BYTES = 4
SIGNATURE_PREFIX = "— "
NOTE_BYTES_MAX = 64 * 1024


class NoteInvalid(ValueError):
    """A note, checkpoint or key cannot be trusted; the text says why, in plain words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key with the name of the log that it speaks for: `name+keyid+base64`."""

    name: str
    public: Ed25519PublicKey

    @classmethod
    def of(cls, name: str, private: Ed25519PrivateKey) -> Self:
        """Return what outsiders need to check the notes that `private` signs as `name`."""
        return cls(name=name, public=private.public_key())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read `name+keyid+base64`; raise NoteInvalid where it is something else."""
        try:
            # The key's base64 may hold plus signs; the name may not (signed-note).
            name, key_id, encoded = text.strip().split("+", 2)
            kind_and_key = base64.b64decode(encoded, validate=True)
            if kind_and_key[:1] != ED25519:
                raise NoteInvalid("the key is of another kind than Ed25519")
            key = cls(name=name, public=Ed25519PublicKey.from_public_bytes(kind_and_key[1:]))
        except (ValueError, binascii.Error) as error:
            if isinstance(error, NoteInvalid):
                raise
            raise NoteInvalid("the key is not of the form name+keyid+base64") from error
        if key.id.hex() != key_id.lower():
            raise NoteInvalid("the key's id does not fit the key: it was changed or cut off")
        return key

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public.public_bytes_raw()).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @property
    def id(self) -> bytes:
        """The first four bytes of the hash over name and key (signed-note §signatures)."""
        stated = self.name.encode() + b"\n" + ED25519 + self.public.public_bytes_raw()
        return sha256(stated).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read three lines, and pass over extension lines; raise NoteInvalid otherwise."""
        lines = text.split("\n")
        try:
            origin, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
        except (IndexError, ValueError) as error:
            raise NoteInvalid("it is no checkpoint: origin, size and root are expected") from error
        if not origin or str(size) != lines[1] or size < 0 or len(root) != HASH_BYTES:
            raise NoteInvalid("it is no checkpoint: origin, size or root is malformed")
        return cls(origin=origin, size=size, root=root)


def sign(statement: Statement, private: Ed25519PrivateKey) -> str:
    """Return `statement` as a note signed under its origin's name."""
    text = statement.to_text()
    key = VerifierKey.of(statement.origin, private)
    signature = base64.b64encode(key.id + private.sign(text.encode())).decode()
    return f"{text}\n{SIGNATURE_PREFIX}{key.name} {signature}\n"


def read(note: str) -> Statement:
    """Return what `note` says, believing it: the signature is not looked at."""
    return Statement.from_text(_parts(note)[0])


def verify(note: str, key: VerifierKey) -> Statement:
    """Return the checkpoint that `note` is; raise NoteInvalid unless `key` signed exactly that."""
    statement = Statement.from_text(opened(note, key))
    if statement.origin != key.name:
        raise NoteInvalid(f"it is a checkpoint of {statement.origin}, not of {key.name}")
    return statement


def opened(note: str, key: VerifierKey) -> str:
    """Return the text of `note`; raise NoteInvalid unless `key` signed exactly that."""
    text, signatures = _parts(note)
    for line in signatures:
        name, _, encoded = line.removeprefix(SIGNATURE_PREFIX).partition(" ")
        signed = _decoded(encoded)
        if name != key.name or signed[:KEY_ID_BYTES] != key.id:
            continue
        try:
            key.public.verify(signed[KEY_ID_BYTES:], text.encode())
        except InvalidSignature:
            raise NoteInvalid("the signature does not fit: the checkpoint was changed") from None
        return text
    raise NoteInvalid(f"the key of {key.name} did not sign it")


def _parts(note: str) -> tuple[str, list[str]]:
    if len(note) > NOTE_BYTES_MAX:
        raise NoteInvalid("it is far too long for a note")
    text, blank, signatures = note.rpartition("\n\n")
    lines = signatures.removesuffix("\n").split("\n")
    if not blank or not all(line.startswith(SIGNATURE_PREFIX) for line in lines):
        raise NoteInvalid("it is no signed note: text, a blank line and signatures are expected")
    return text + "\n", lines


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise NoteInvalid("a signature is no base64") from error
