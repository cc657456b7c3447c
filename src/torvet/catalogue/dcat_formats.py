"""A graph as Turtle, JSON-LD or RDF/XML, written node by node so that it can be streamed."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Protocol
from xml.sax.saxutils import escape, quoteattr

from .dcat import PREFIXES, Iri, Node, Text, Typed, Value


class RdfFormat(StrEnum):
    """The formats of a graph, by the ending of a file name."""

    TURTLE = "ttl"
    JSON_LD = "jsonld"
    RDF_XML = "rdf"


MEDIA_TYPES: Mapping[RdfFormat, str] = {
    RdfFormat.TURTLE: "text/turtle",
    RdfFormat.JSON_LD: "application/ld+json",
    RdfFormat.RDF_XML: "application/rdf+xml",
}
_ALSO = {
    "application/x-turtle": RdfFormat.TURTLE,
    "application/json": RdfFormat.JSON_LD,
    "application/xml": RdfFormat.RDF_XML,
    "text/xml": RdfFormat.RDF_XML,
    "*/*": RdfFormat.TURTLE,
    "text/*": RdfFormat.TURTLE,
    "application/*": RdfFormat.JSON_LD,
}
_ACCEPTED = {media_type: form for form, media_type in MEDIA_TYPES.items()} | _ALSO
ACCEPT_PARTS_MAX = 50


def accepted(accept: str | None) -> RdfFormat | None:
    """Return the format that an Accept header likes best (RFC 9110 §12.5.1), or None."""
    if accept is None or not accept.strip():
        return RdfFormat.TURTLE
    liked: list[tuple[float, int, RdfFormat]] = []
    for place, part in enumerate(accept.split(",")[:ACCEPT_PARTS_MAX]):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        form = _ACCEPTED.get(media_type.lower())
        weight = _weight(parameters)
        if form and weight > 0:
            liked.append((-weight, place, form))
    return min(liked)[2] if liked else None


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        if found := re.fullmatch(r"[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)", parameter):
            return float(found.group(1))
    return 1.0


class Writer(Protocol):
    """Writes a graph in pieces: a beginning, nodes, an end."""

    def begin(self) -> str:
        """Return what stands before the first node."""

    def node(self, node: Node) -> str:
        """Return one node."""

    def end(self) -> str:
        """Return what stands after the last node."""


def written(form: RdfFormat, batches: Iterable[Iterable[Node]]) -> Iterator[bytes]:
    """Write batches of nodes, one piece of bytes for each."""
    writer = _WRITERS[form]()
    before = writer.begin()
    for batch in batches:
        yield (before + "".join(map(writer.node, batch))).encode()
        before = ""
    yield (before + writer.end()).encode()


class _Turtle:
    _ESCAPED = str.maketrans(
        {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x85": "\\u0085"}
    )

    def begin(self) -> str:
        return "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items()) + "\n"

    def node(self, node: Node) -> str:
        said = [*(f"a {kind}" for kind in node.kinds)]
        said += [f"{name} {self._value(value)}" for name, value in node.said]
        return f"<{node.iri}> " + " ;\n    ".join(said) + " .\n\n" if said else ""

    def _value(self, value: Value) -> str:
        # Not `match`: this runs a million times in a large export.
        if isinstance(value, Iri):
            return f"<{value.iri}>"
        text = value.text
        if not text.isalnum():
            text = text.translate(self._ESCAPED)
        if isinstance(value, Text):
            return f'"{text}"@{value.language}' if value.language else f'"{text}"'
        return f'"{text}"^^{_shortened(value.datatype)}'

    def end(self) -> str:
        return ""


def _shortened(datatype: str) -> str:
    return datatype if datatype.partition(":")[0] in PREFIXES else f"<{datatype}>"


def _whole(name: str) -> str:
    prefix, _, rest = name.partition(":")
    return PREFIXES[prefix] + rest if prefix in PREFIXES else name


class _JsonLd:
    def __init__(self) -> None:
        self._first = True

    def begin(self) -> str:
        return f'{{"@context": {json.dumps(PREFIXES)},\n"@graph": [\n'

    def node(self, node: Node) -> str:
        said: dict[str, object] = {"@id": node.iri}
        if node.kinds:
            said["@type"] = list(node.kinds)
        for name, value in node.said:
            values = said.setdefault(name, [])
            assert isinstance(values, list)
            values.append(self._value(value))
        comma = "" if self._first else ",\n"
        self._first = False
        return comma + json.dumps(said, ensure_ascii=False)

    def _value(self, value: Value) -> dict[str, str]:
        match value:
            case Iri():
                return {"@id": value.iri}
            case Text(text, language):
                return {"@value": text} | ({"@language": language} if language else {})
            case Typed(text, datatype):
                return {"@value": text, "@type": _whole(datatype)}

    def end(self) -> str:
        return "\n]}\n"


class _RdfXml:
    # A carriage return that is written as such is read as a line feed (XML 1.0 §2.11).
    _ENTITIES = {"\r": "&#13;", "\x85": "&#133;", "\u2028": "&#8232;"}  # noqa: RUF012

    def begin(self) -> str:
        spaces = "".join(f'\n  xmlns:{name}="{iri}"' for name, iri in PREFIXES.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{spaces}>\n'

    def node(self, node: Node) -> str:
        kinds = [f"  <rdf:type rdf:resource={quoteattr(_whole(kind))}/>\n" for kind in node.kinds]
        said = [self._said(name, value) for name, value in node.said]
        about = f"<rdf:Description rdf:about={quoteattr(node.iri)}>\n"
        return about + "".join(kinds) + "".join(said) + "</rdf:Description>\n"

    def _said(self, name: str, value: Value) -> str:
        match value:
            case Iri():
                return f"  <{name} rdf:resource={quoteattr(value.iri)}/>\n"
            case Text(text, language):
                tag = f' xml:lang="{language}"' if language else ""
                return f"  <{name}{tag}>{escape(text, self._ENTITIES)}</{name}>\n"
            case Typed(text, datatype):
                kind = quoteattr(_whole(datatype))
                return f"  <{name} rdf:datatype={kind}>{escape(text, self._ENTITIES)}</{name}>\n"

    def end(self) -> str:
        return "</rdf:RDF>\n"


_WRITERS: Mapping[RdfFormat, type[Writer]] = {
    RdfFormat.TURTLE: _Turtle,
    RdfFormat.JSON_LD: _JsonLd,
    RdfFormat.RDF_XML: _RdfXml,
}
