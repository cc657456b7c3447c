"""The exchange's own secrets, in files that only its account reads."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from torvet.ports.parts import Keys

SECRET_BYTES = 32


def load_keys(folder: Path) -> Keys:
    """Return the keys in `folder`, made where there are none yet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = _kept(folder / "signing.pem", _new_signing_key)
    signing = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(signing, Ed25519PrivateKey):
        raise TypeError(f"{folder / 'signing.pem'} holds another kind of key than Ed25519")
    secret = _kept(folder / "secret", lambda: secrets.token_bytes(SECRET_BYTES))
    return Keys(signing=signing, secret=secret)


def _new_signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _kept(file: Path, make: Callable[[], bytes]) -> bytes:
    """Return what `file` holds; of two processes that make it at once, the first decides."""
    with suppress(FileNotFoundError):
        return file.read_bytes()
    draft = file.with_name(f".{file.name}-{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(make())
        handle.flush()
        os.fsync(handle.fileno())
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
    return file.read_bytes()
