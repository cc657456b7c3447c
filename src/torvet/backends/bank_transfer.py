"""Transfers by the bank: payment files go into a folder, statements come out of another.

Banks take and leave files over SFTP or EBICS, by a program of their own or of a provider; what it
moves stands in `out` and `in` of one folder. Without a folder a person carries the files.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from torvet.kit.money import Currency
from torvet.ports.payments import Asked, GiveBack, RefundSeen, RefundStage, Wanted

STATEMENT_BYTES_MAX = 50 * 2**20
STATEMENTS_AT_ONCE_MAX = 100


class BankByFiles:
    """A bank that is spoken with in files, under `folder`; None where a person carries them."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @property
    def connected(self) -> bool:
        return self._folder is not None

    def ask(self, wanted: Wanted) -> Asked:
        return Asked(session=None, url=None, instructions=quick_response(wanted))

    def give_back(self, refund: GiveBack) -> RefundSeen:
        # It goes with the next payment file, and the statement tells when it is done.
        return RefundSeen(
            id=refund.id,
            refund=refund.id,
            intent=refund.intent,
            stage=RefundStage.PENDING,
            amount=refund.amount,
        )

    def send(self, name: str, document: bytes) -> None:
        out, sent = self._room("out"), self._room("sent")
        if out is None or sent is None or (sent / name).exists():
            return
        half = sent / f".{name}"
        with half.open("wb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        # Noted first and left for the bank then: whoever dies between the two has sent nothing,
        # which a person mends. The other way round a transfer could be ordered twice.
        half.rename(sent / name)
        os.link(sent / name, out / name)

    def arrived(self) -> Iterator[tuple[str, bytes]]:
        there = self._room("in")
        if there is None:
            return
        files = sorted(path for path in there.iterdir() if path.is_file())
        shown = [path for path in files if not path.name.startswith(".")]
        for path in shown[:STATEMENTS_AT_ONCE_MAX]:
            with path.open("rb") as file:
                yield path.name, file.read(STATEMENT_BYTES_MAX + 1)

    def taken(self, name: str, *, readable: bool) -> None:
        there, done = self._room("in"), self._room("read" if readable else "unreadable")
        assert there is not None, "only what arrived is taken"
        assert done is not None, "only what arrived is taken"
        with suppress(FileNotFoundError):  # another worker was quicker
            (there / name).replace(done / name)

    def _room(self, name: str) -> Path | None:
        if self._folder is None:
            return None
        room = self._folder / name
        room.mkdir(mode=0o700, parents=True, exist_ok=True)
        return room


def quick_response(wanted: Wanted) -> str:
    """Return what a payer's bank reads: for euro the text of an EPC QR code (EPC069-12).

    For kroner, which that code does not carry, plain words.
    """
    if wanted.amount.currency is Currency.EUR:
        amount = f"EUR{wanted.amount.decimal_text()}"
        lines = ("BCD", "002", "1", "SCT", "", wanted.payee[:70], wanted.account, amount)
        return "\n".join((*lines, "", wanted.reference))
    return f"{wanted.amount} to {wanted.account} ({wanted.payee}), reference {wanted.reference}"
