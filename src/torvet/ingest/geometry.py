"""GeoJSON geometries as well-known text (OGC 06-103r4, clause 7). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

LONGITUDE_MAX = 180.0
LATITUDE_MAX = 90.0
_DEPTH = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}


class NotWgs84(ValueError):
    """A position that is no longitude and latitude."""


def to_wkt(geometry: Mapping[str, Any] | None) -> str | None:
    """Return `geometry` as well-known text, its numbers as they are written; None stays None.

    Raises NotWgs84 where a position lies outside ±180°, ±90°; ValueError, TypeError or KeyError
    where it is no geometry.
    """
    if geometry is None:
        return None
    kind = geometry["type"]
    if kind == "GeometryCollection":
        parts = [to_wkt(part) or "POINT EMPTY" for part in geometry["geometries"]]
        return f"GEOMETRYCOLLECTION ({', '.join(parts)})" if parts else "GEOMETRYCOLLECTION EMPTY"
    if kind not in _DEPTH:
        raise ValueError(f"{kind!r} is no geometry")
    coordinates = geometry["coordinates"]
    height = " Z" if _positions_have_height(coordinates) else ""
    if not coordinates:
        return f"{kind.upper()} EMPTY"
    return f"{kind.upper()}{height} {_nested(coordinates, _DEPTH[kind], bool(height))}"


def _nested(coordinates: Sequence[Any], depth: int, height: bool) -> str:
    if depth == 0:
        return f"({_position(coordinates, height)})"
    if depth == 1:
        return f"({', '.join(_position(each, height) for each in coordinates)})"
    return f"({', '.join(_nested(each, depth - 1, height) for each in coordinates)})"


def _position(position: Sequence[Any], height: bool) -> str:
    longitude, latitude = float(position[0]), float(position[1])
    if not (abs(longitude) <= LONGITUDE_MAX and abs(latitude) <= LATITUDE_MAX):
        raise NotWgs84(f"({position[0]} {position[1]}) is no longitude and latitude in WGS 84")
    numbers = [*position[:2], position[2] if len(position) > 2 else "0"]  # noqa: PLR2004 - height
    return " ".join(str(number) for number in numbers[: 3 if height else 2])


def _positions_have_height(coordinates: object) -> bool:
    if not isinstance(coordinates, list) or not coordinates:
        return False
    if isinstance(coordinates[0], list):
        return any(_positions_have_height(each) for each in coordinates)
    return len(coordinates) > 2  # noqa: PLR2004 - longitude, latitude, height


def point_of(geometry: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Return longitude and latitude of a point as they are written, else None."""
    match geometry:
        case {"type": "Point", "coordinates": [longitude, latitude, *_]}:
            return str(longitude), str(latitude)
        case _:
            return None
