"""The encoding of a text file: found over the whole of it, then written anew as UTF-8."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import EncodingUnclear, FileUnreadable, OptionsInvalid
from .limits import CHUNK_BYTES

ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
}
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_C1 = frozenset(range(0x80, 0xA0))
_NUL = b"\0"
_NORDIC_IN_UTF8 = re.compile(rb"\xc3[\x80-\xbf]")
"""Letters such as æ in UTF-8; read as ISO-8859-1 they are pairs that no language has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFacts:
    """What one pass over a text file shows.

    `marked` says that it begins with a UTF-8 mark, `carriage_only` that its lines end as on an
    old Mac, `mixed_lines` that some do and some do not.
    """

    encoding: str
    marked: bool
    quotes: bool
    carriage_only: bool
    mixed_lines: bool = False


def examine(path: Path, *, file_name: str, wanted: str | None) -> TextFacts:
    """Read the whole file once and return its encoding.

    UTF-8 where every byte is; else UTF-16 where it is marked or looks so; else Windows-1252 or
    ISO-8859-1. Raises EncodingUnclear where a file is UTF-8 in one place and something else in
    another, or is not what `wanted` says: read either way, some letters would be wrong.
    """
    encoding = None if wanted is None else known_encoding(wanted)
    with path.open("rb") as file:
        head = file.read(1024)
    marked = head.startswith(codecs.BOM_UTF8)
    if encoding is None:
        encoding = "utf-8" if marked else _utf16(head)
    if encoding is not None and encoding.startswith("utf-16"):
        return TextFacts(encoding=encoding, marked=False, quotes=True, carriage_only=False)
    scan = _Scan()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            scan.take(chunk)
    scan.finish()
    if scan.nul_at is not None:
        raise FileUnreadable(file_name, f"it is no text: byte {scan.nul_at} is NUL")
    return TextFacts(
        encoding=scan.verdict(file_name, encoding),
        marked=marked,
        quotes=scan.quotes,
        carriage_only=scan.lone_returns > 0 and not scan.line_feeds,
        mixed_lines=scan.lone_returns > 0 and scan.line_feeds,
    )


class _Scan:
    """Gathers, chunk by chunk, what decides the encoding. ASCII costs next to nothing."""

    def __init__(self) -> None:
        self.quotes = self.line_feeds = False
        self.lone_returns = 0
        self.nul_at: int | None = None
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._fault_at: int | None = None
        self._foreign: int | None = None  # the byte at the fault
        self._multibyte = False
        self._high: set[int] = set()
        self._position = 0

    def take(self, chunk: bytes) -> None:
        self.quotes = self.quotes or b'"' in chunk
        self.line_feeds = self.line_feeds or b"\n" in chunk
        if b"\r" in chunk:
            # One that the chunks part from its line feed is counted too: that only costs time.
            self.lone_returns += chunk.count(b"\r") - chunk.count(b"\r\n")
        if self.nul_at is None and _NUL in chunk:
            self.nul_at = self._position + chunk.index(_NUL)
        if not chunk.isascii() or self._utf8.getstate()[0]:
            self._decode(chunk, final=False)
        self._position += len(chunk)

    def finish(self) -> None:
        self._decode(b"", final=True)

    def _decode(self, chunk: bytes, *, final: bool) -> None:
        if self._fault_at is not None:
            self._after_fault(chunk)
            return
        waiting = len(self._utf8.getstate()[0])
        try:
            text = self._utf8.decode(chunk, final)
        except UnicodeDecodeError as error:
            self._fault_at = self._position - waiting + error.start
            self._foreign = error.object[error.start]
            self._multibyte = self._multibyte or not error.object[: error.start].isascii()
            self._utf8.reset()
            self._after_fault(error.object)
        else:
            self._multibyte = self._multibyte or not text.removeprefix("\ufeff").isascii()

    def _after_fault(self, chunk: bytes) -> None:
        self._high |= {byte for byte in set(chunk) if byte > 0x7F}  # noqa: PLR2004 - ASCII ends
        self._multibyte = self._multibyte or _NORDIC_IN_UTF8.search(chunk) is not None

    def verdict(self, file_name: str, wanted: str | None) -> str:
        if wanted not in {None, "utf-8"}:
            return str(wanted)
        if self._fault_at is None:
            return "utf-8"
        byte = f"stands 0x{self._foreign:02X}, which is no UTF-8"
        if wanted == "utf-8" or self._multibyte:
            mixed = ", though other letters are" if self._multibyte else ""
            raise EncodingUnclear(file_name, "utf-8", self._fault_at, byte + mixed)
        return "windows-1252" if self._high & _C1 else "iso-8859-1"


def known_encoding(wanted: str) -> str:
    """Return the encoding that `wanted` names; raise OptionsInvalid where it is not read here."""
    try:
        return ENCODINGS[wanted.strip().lower().replace("_", "-")]
    except KeyError:
        raise OptionsInvalid(
            "encoding", f"{wanted!r} is none of {', '.join(sorted(set(ENCODINGS.values())))}"
        ) from None


def _utf16(head: bytes) -> str | None:
    if head.startswith(_UTF16_MARKS):
        return "utf-16"
    even, odd = head[::2], head[1::2]
    if len(odd) > 1 and odd.count(0) > 0.4 * len(odd) and 0 not in even:
        return "utf-16-le"
    if len(even) > 1 and even.count(0) > 0.4 * len(even) and 0 not in odd:
        return "utf-16-be"
    return None


def as_utf8(path: Path, target: Path, facts: TextFacts, *, file_name: str) -> Path:
    """Return a text in UTF-8, without mark, its lines ended by a line feed: `path`, or `target`."""
    if facts.encoding == "utf-8" and not facts.marked and not facts.carriage_only:
        return path
    codec = "utf-8-sig" if facts.marked else facts.encoding
    decoder = codecs.getincrementaldecoder(codec)()
    position = 0
    with path.open("rb") as file, target.open("w", encoding="utf-8", newline="") as out:
        while True:
            chunk = file.read(CHUNK_BYTES)
            waiting = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                at = position - waiting + error.start
                byte = f"stands 0x{error.object[error.start]:02X}, which has no meaning there"
                raise EncodingUnclear(file_name, facts.encoding, at, byte) from None
            if "\0" in text:
                raise FileUnreadable(file_name, f"it is no text: NUL after byte {position}")
            out.write(text.replace("\r", "\n") if facts.carriage_only else text)
            position += len(chunk)
            if not chunk:
                return target
