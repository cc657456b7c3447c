"""What a file is, by its content, and how it is unpacked without filling the disk."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from .errors import ExpandsTooMuch, FileUnreadable, FormatUnknown
from .limits import CHUNK_BYTES, EXPANSION_FREE_BYTES, SHEET_BYTES_MAX
from .model import FileFormat

_GZIP = b"\x1f\x8b"
_GZIP_ONLY = 16 + zlib.MAX_WBITS
_ZIP = b"PK\x03\x04"
_PARQUET = b"PAR1"
_UTF8_MARK = b"\xef\xbb\xbf"
_OTHER_MAGIC = {
    b"\xd0\xcf\x11\xe0": "an old Office document (.xls, .doc)",
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"7z\xbc\xaf": "a 7z archive",
}
_HEAD_BYTES = 4096
_JSON_SUFFIXES = {".ndjson", ".jsonl", ".geojson", ".geojsonl", ".json"}


def is_gzip(path: Path) -> bool:
    """Tell whether `path` begins as gzip does."""
    return _head(path).startswith(_GZIP)


def unpack_gzip(
    path: Path, target: Path, *, file_name: str, ratio_max: int, bytes_max: int
) -> None:
    """Unpack `path` into `target`; raise ExpandsTooMuch as soon as it does, or FileUnreadable.

    `bytes_max` bounds the unpacked bytes whatever the ratio.
    """
    allowed = min(bytes_max, max(EXPANSION_FREE_BYTES, path.stat().st_size * ratio_max))
    unpacked = 0
    with target.open("wb") as out:
        for piece in _pieces(path, file_name):
            unpacked += len(piece)
            if unpacked > allowed:
                raise ExpandsTooMuch(file_name, f"more than {allowed:,} bytes")
            out.write(piece)


def _pieces(path: Path, file_name: str) -> Iterator[bytes]:
    """Yield the content of every member of a gzip file, at most CHUNK_BYTES at a time."""
    inflate = zlib.decompressobj(wbits=_GZIP_ONLY)
    begun = False
    try:
        with path.open("rb") as packed:
            while chunk := packed.read(CHUNK_BYTES):
                while chunk:
                    begun = True
                    yield inflate.decompress(chunk, CHUNK_BYTES)
                    chunk = inflate.unconsumed_tail
                    if inflate.eof:
                        # Another member may follow; zeros may pad the end.
                        chunk = inflate.unused_data.lstrip(b"\0")
                        inflate, begun = zlib.decompressobj(wbits=_GZIP_ONLY), False
            yield inflate.flush()
    except zlib.error as error:
        raise FileUnreadable(file_name, f"the gzip archive is damaged ({error})") from error
    if begun and not inflate.eof:
        raise FileUnreadable(file_name, "the gzip archive is cut off")


def format_of(path: Path, file_name: str, wanted: FileFormat | None) -> FileFormat:
    """Tell the format of an unpacked file from its content, then from its name.

    `wanted` wins, where the content does not contradict it.
    """
    head = _head(path)
    if not head:
        raise FileUnreadable(file_name, "it is empty")
    found = _by_magic(head, path, file_name)
    if found is None:
        text = head.removeprefix(_UTF8_MARK).lstrip()
        found = _by_text(text, file_name, wanted)
    binary = {FileFormat.PARQUET, FileFormat.XLSX}
    if wanted is None or wanted is found:
        return found
    if wanted in binary or found in binary:
        raise FormatUnknown(file_name, f"{wanted} was asked for, and its content is {found}")
    return wanted


def _by_magic(head: bytes, path: Path, file_name: str) -> FileFormat | None:
    if head.startswith(_PARQUET):
        return FileFormat.PARQUET
    if head.startswith(_ZIP):
        if _is_workbook(path):
            return FileFormat.XLSX
        raise FormatUnknown(file_name, "it is a zip archive, and no XLSX workbook")
    if head.startswith(_GZIP):
        raise FormatUnknown(file_name, "it is gzip within gzip")
    for magic, what in _OTHER_MAGIC.items():
        if head.startswith(magic):
            raise FormatUnknown(file_name, f"it is {what}")
    return None


def _by_text(text: bytes, file_name: str, wanted: FileFormat | None) -> FileFormat:
    suffixes = {suffix.lower() for suffix in Path(file_name).suffixes}
    if text.startswith(b"{"):
        if b'"FeatureCollection"' in text or (".geojson" in suffixes and b'"Feature"' in text):
            return FileFormat.GEOJSON
        return FileFormat.NDJSON
    if text.startswith(b"[") and wanted is None and suffixes & _JSON_SUFFIXES:
        raise FormatUnknown(file_name, "it is a JSON array; write one object on each line instead")
    if wanted is None and suffixes & {".parquet", ".xlsx"}:
        raise FileUnreadable(file_name, "its content is not what its name says")
    return FileFormat.CSV


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
        return False


def check_workbook(path: Path, *, file_name: str, ratio_max: int) -> None:
    """Raise ExpandsTooMuch where a workbook would, by what its directory says of its parts."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise FileUnreadable(file_name, f"the workbook is damaged ({error})") from error
    unpacked = sum(part.file_size for part in parts)
    packed = path.stat().st_size
    if unpacked > SHEET_BYTES_MAX:
        raise ExpandsTooMuch(file_name, f"{unpacked:,} bytes, of {SHEET_BYTES_MAX:,}")
    if unpacked > max(EXPANSION_FREE_BYTES, packed * ratio_max):
        raise ExpandsTooMuch(file_name, f"{unpacked // max(1, packed)} times its size")
    if any(part.flag_bits & 1 for part in parts):
        raise FileUnreadable(file_name, "the workbook is locked with a password")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)
