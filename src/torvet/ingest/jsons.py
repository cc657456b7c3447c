"""NDJSON and GeoJSON: objects become rows of text, each column with what it may be read as."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .bench import Bench, CellWriter, Staged
from .dialect import column_names
from .encoding import as_utf8, examine
from .errors import ExpandsTooMuch, FileUnreadable, FormatUnknown, NoRows, TooManyColumns
from .geometry import NotWgs84, point_of, to_wkt
from .limits import GEOJSON_BYTES_MAX, LINE_BYTES_MAX, NESTING_MAX
from .readings import INFERRED, NUMERIC

_WORDS = tuple(name for name in INFERRED if name not in {*NUMERIC, "boolean"})
_READINGS = {"number": NUMERIC[:2], "boolean": ("boolean",), "text": _WORDS}
_WGS84 = ("CRS84", "4326", "4979", "CRS84h")
LINE_FACTOR = 16
"""A line of JSON may be this many times longer than one of CSV: it can hold a geometry."""


class _Number(str):
    """A number as the file writes it: nothing of it is lost before its type is known."""

    __slots__ = ()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_refuse)

Kinds = dict[str, set[str]]


def stage_ndjson(bench: Bench, path: Path) -> Staged:
    """Return the objects of an NDJSON file as rows of text.

    The columns are all keys that occur, in the order in which they first do. A line that is no
    object is set aside; an object or list within one stays JSON text.
    """
    path = _utf8(bench, path)
    kinds: Kinds = {}
    objects = 0
    for _, item in _lines(path):
        if isinstance(item, dict):
            objects += 1
            _gather(kinds, item, bench)
    names, notes = column_names(list(kinds))
    bench.note(*notes, *_mixed(kinds))
    if not objects:
        fault = next((item for _, item in _lines(path)), "")
        raise NoRows(bench.file_name, sum(1 for _ in _lines(path)), str(fault))
    with CellWriter(bench, names) as writer:
        for number, item in _lines(path):
            if isinstance(item, dict):
                writer.row(number, [text_of(item.get(key)) for key in kinds])
            else:
                line, reason = item
                writer.fault(number, line, reason)
        return writer.finish(_readings(kinds))


def _utf8(bench: Bench, path: Path) -> Path:
    facts = examine(path, file_name=bench.file_name, wanted=bench.options.encoding)
    return as_utf8(path, bench.folder / "utf8.json", facts, file_name=bench.file_name)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | tuple[str, str]]]:
    """Yield the number of each line that is not blank, and its object, or why it has none."""
    longest = LINE_BYTES_MAX * LINE_FACTOR
    number = 0
    with path.open("rb") as file:
        while line := file.readline(longest + 1):
            if not line.strip():
                continue
            number += 1
            if len(line) > longest:
                while line and not line.endswith(b"\n"):
                    line = file.readline(longest)
                yield number, ("", f"the line is longer than {longest:,} bytes")
            else:
                yield number, _object(line.decode("utf-8"))


def _object(line: str) -> dict[str, Any] | tuple[str, str]:
    try:
        item = _DECODER.decode(line.strip())
    except ValueError as error:
        return line.strip(), f"it is no JSON ({error})"
    except RecursionError:
        return line.strip(), f"it is nested more than {NESTING_MAX} deep"
    if not isinstance(item, dict):
        return line.strip(), "it is no JSON object"
    if _deeper(item, NESTING_MAX):
        return line.strip(), f"it is nested more than {NESTING_MAX} deep"
    return item


def _deeper(value: object, left: int) -> bool:
    if isinstance(value, dict):
        return left == 0 or any(_deeper(item, left - 1) for item in value.values())
    if isinstance(value, list):
        return left == 0 or any(_deeper(item, left - 1) for item in value)
    return False


def _gather(kinds: Kinds, item: Mapping[str, Any], bench: Bench) -> None:
    for key, value in item.items():
        found = kinds.setdefault(key, set())
        if value is not None:
            found.add(_kind(value))
    if len(kinds) > bench.settings.columns_max:
        raise TooManyColumns(bench.file_name, len(kinds), bench.settings.columns_max)


def _kind(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case _Number():
            return "number"
        case str():
            return "text"
        case _:
            return "nested"


def text_of(value: object) -> str | None:
    """Return a JSON value as text; an object or list as JSON."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return _clean(str(value))
        case _:
            return _clean(json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")))


def _clean(text: str) -> str:
    """Replace half surrogate pairs, which JSON can write and no table can hold."""
    return text.encode("utf-8", "replace").decode()


def _plain(value: object) -> object:
    """Return nested JSON with its numbers as numbers again."""
    match value:
        case _Number():
            return json.loads(value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def _readings(kinds: Kinds) -> list[Sequence[str]]:
    return [
        _READINGS.get(next(iter(found)), ()) if len(found) == 1 else () for found in kinds.values()
    ]


def _mixed(kinds: Kinds) -> list[str]:
    notes = [
        f"Column {name!r} mixes {' and '.join(sorted(found))}; it is text."
        for name, found in kinds.items()
        if len(found) > 1
    ]
    nested = sum(found == {"nested"} for found in kinds.values())
    return [*notes, f"{nested} columns hold objects or lists, kept as JSON."] if nested else notes


def stage_geojson(bench: Bench, path: Path) -> Staged:
    """Return the features of a GeoJSON file: properties, `geometry` as WKT, points also apart.

    A feature whose geometry is none, or lies outside the degrees of WGS 84, is set aside.
    """
    features = _features(bench, _utf8(bench, path))
    kinds: Kinds = {}
    for item in features:
        if isinstance(item, dict):
            _gather(kinds, item["properties"], bench)
    names, notes = column_names([*kinds, *_free(kinds, ("geometry", "lon", "lat"))])
    points = all(isinstance(item, dict) and item["point"] is not None for item in features)
    names = names if points else names[:-2]
    bench.note(*notes, *_mixed(kinds), "Geometry: well-known text, WGS 84.")
    with CellWriter(bench, names) as writer:
        for number, item in enumerate(features, start=1):
            if isinstance(item, str):
                writer.fault(number, None, item)
                continue
            cells = [text_of(item["properties"].get(key)) for key in kinds]
            writer.row(number, [*cells, item["wkt"], *((item["point"] or ()) if points else ())])
        ends = [("geometry",), *((("number_point",),) * 2 if points else ())]
        return writer.finish([*_readings(kinds), *ends])


def _free(kinds: Kinds, wanted: Sequence[str]) -> list[str]:
    taken = {name.casefold() for name in kinds}
    return [name if name not in taken else f"feature_{name}" for name in wanted]


def _features(bench: Bench, path: Path) -> list[dict[str, Any] | str]:
    """Return each feature as its properties, text and point, or the reason why it has none."""
    if path.stat().st_size > GEOJSON_BYTES_MAX:
        raise ExpandsTooMuch(bench.file_name, f"GeoJSON is read up to {GEOJSON_BYTES_MAX:,} bytes")
    try:
        document = _DECODER.decode(path.read_text(encoding="utf-8").strip())
    except ValueError as error:
        raise FileUnreadable(bench.file_name, f"it is no JSON ({error})") from error
    except RecursionError:
        fault = f"it is nested more than {NESTING_MAX} deep"
        raise FileUnreadable(bench.file_name, fault) from None
    match document:
        case {"type": "FeatureCollection", "features": list(features)}:
            _check_reference(bench, document)
        case {"type": "Feature"}:
            features = [document]
        case _:
            raise FormatUnknown(bench.file_name, "it is JSON, and no GeoJSON feature collection")
    if not features:
        raise NoRows(bench.file_name, 0)
    return [_feature(item) for item in features]


def _check_reference(bench: Bench, document: Mapping[str, Any]) -> None:
    """Refuse a file that says itself that its coordinates are not longitude and latitude."""
    crs = document.get("crs")
    said = json.dumps(_plain(crs)) if crs is not None else ""
    if crs is not None and not any(name in said for name in _WGS84):
        fault = "its coordinates are not in WGS 84; GeoJSON (RFC 7946) has no other"
        raise FileUnreadable(bench.file_name, fault)


def _feature(item: object) -> dict[str, Any] | str:
    if not isinstance(item, dict) or item.get("type") != "Feature":
        return "it is no feature"
    properties = item.get("properties") or {}
    if not isinstance(properties, dict) or _deeper(properties, NESTING_MAX):
        return "its properties are no object"
    if "id" in item and "id" not in properties:
        properties = {"id": item["id"], **properties}
    try:
        wkt = to_wkt(item.get("geometry"))
    except NotWgs84 as error:
        return str(error)
    except (ValueError, TypeError, KeyError, RecursionError):
        return "its geometry is none that GeoJSON knows"
    return {"properties": properties, "wkt": wkt, "point": point_of(item.get("geometry"))}
