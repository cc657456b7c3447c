"""A graph as Turtle, JSON-LD or RDF/XML, written node by node so that it can be streamed."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Protocol

from .nodes import PREFIXES, Iri, Node, Shared, Statements, Text


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
BLOCKS_KEPT_MAX = 2000


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


class _Blocks:
    """What nodes share, written out: kept by identity while an export goes on."""

    def __init__(self, write: Callable[[Statements], str]) -> None:
        self._write = write
        self._kept: dict[Shared, str] = {}

    def __call__(self, shared: Shared) -> str:
        if (kept := self._kept.get(shared)) is not None:
            return kept
        if len(self._kept) >= BLOCKS_KEPT_MAX:
            self._kept.clear()
        return self._kept.setdefault(shared, self._write(shared.said))


# The writers do without `match` and small functions: theirs run a million times in an export.


class _Turtle:
    _ESCAPED = str.maketrans(
        {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x85": "\\u0085"}
    )
    _TO_ESCAPE = re.compile(r'[\\"\n\r\t\x85]')

    def __init__(self) -> None:
        self._block = _Blocks(self._said)

    def begin(self) -> str:
        return "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items()) + "\n"

    def node(self, node: Node) -> str:
        blocks = [self._said(node.said), *map(self._block, node.shared)]
        said = " ;\n    ".join(["a " + kind for kind in node.kinds] + [b for b in blocks if b])
        return f"<{node.iri}> {said} .\n\n" if said else ""

    def _said(self, said: Statements) -> str:
        written = []
        for name, value in said:
            if isinstance(value, Iri):
                written.append(f"{name} <{value.iri}>")
                continue
            text = value.text
            if self._TO_ESCAPE.search(text):
                text = text.translate(self._ESCAPED)
            if isinstance(value, Text):
                tag = f"@{value.language}" if value.language else ""
                written.append(f'{name} "{text}"{tag}')
            else:
                written.append(f'{name} "{text}"^^{_shortened(value.datatype)}')
        return " ;\n    ".join(written)

    def end(self) -> str:
        return ""


@cache
def _shortened(datatype: str) -> str:
    return datatype if datatype.partition(":")[0] in PREFIXES else f"<{datatype}>"


@cache
def _whole(name: str) -> str:
    prefix, _, rest = name.partition(":")
    return PREFIXES[prefix] + rest if prefix in PREFIXES else name


class _JsonLd:
    def __init__(self) -> None:
        self._comma = ""
        self._block = _Blocks(self._said)

    def begin(self) -> str:
        return f'{{"@context": {json.dumps(PREFIXES)},\n"@graph": [\n'

    def node(self, node: Node) -> str:
        blocks = ['"@id": ' + _quoted(node.iri)]
        if node.kinds:
            blocks.append(f'"@type": [{", ".join(map(_quoted, node.kinds))}]')
        if node.said:
            blocks.append(self._said(node.said))
        blocks += [block for shared in node.shared if (block := self._block(shared))]
        comma, self._comma = self._comma, ",\n"
        return f"{comma}{{{', '.join(blocks)}}}"

    def _said(self, said: Statements) -> str:
        by_name: dict[str, str] = {}
        for name, value in said:
            if isinstance(value, Iri):
                written = f'{{"@id": {_quoted(value.iri)}}}'
            elif isinstance(value, Text):
                tag = f', "@language": {_quoted(value.language)}' if value.language else ""
                written = f'{{"@value": {_quoted(value.text)}{tag}}}'
            else:
                kind = _quoted(_whole(value.datatype))
                written = f'{{"@value": {_quoted(value.text)}, "@type": {kind}}}'
            before = by_name.get(name)
            by_name[name] = f"{before}, {written}" if before else written
        return ", ".join([f'"{name}": [{values}]' for name, values in by_name.items()])

    def end(self) -> str:
        return "\n]}\n"


_quoted = json.encoder.encode_basestring


class _RdfXml:
    # A carriage return that is written as such is read as a line feed (XML 1.0 §2.11), and in
    # an attribute all white space is read as a blank.
    _ESCAPED = str.maketrans(
        {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\x85": "&#133;",
         "\u2028": "&#8232;"}
    )  # fmt: skip
    _TO_ESCAPE = re.compile('[&<>"\r\x85\u2028]')

    def __init__(self) -> None:
        self._block = _Blocks(self._said)

    def begin(self) -> str:
        spaces = "".join(f'\n  xmlns:{name}="{iri}"' for name, iri in PREFIXES.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{spaces}>\n'

    def node(self, node: Node) -> str:
        kinds = [
            f'  <rdf:type rdf:resource="{self._clean(_whole(kind))}"/>\n' for kind in node.kinds
        ]
        blocks = "".join([*kinds, self._said(node.said), *map(self._block, node.shared)])
        about = self._clean(node.iri)
        return f'<rdf:Description rdf:about="{about}">\n{blocks}</rdf:Description>\n'

    def _said(self, said: Statements) -> str:
        written = []
        for name, value in said:
            if isinstance(value, Iri):
                written.append(f'  <{name} rdf:resource="{self._clean(value.iri)}"/>\n')
                continue
            text = self._clean(value.text)
            if isinstance(value, Text):
                tag = f' xml:lang="{value.language}"' if value.language else ""
            else:
                tag = f' rdf:datatype="{self._clean(_whole(value.datatype))}"'
            written.append(f"  <{name}{tag}>{text}</{name}>\n")
        return "".join(written)

    def _clean(self, text: str) -> str:
        return text.translate(self._ESCAPED) if self._TO_ESCAPE.search(text) else text

    def end(self) -> str:
        return "</rdf:RDF>\n"


_WRITERS: Mapping[RdfFormat, type[Writer]] = {
    RdfFormat.TURTLE: _Turtle,
    RdfFormat.JSON_LD: _JsonLd,
    RdfFormat.RDF_XML: _RdfXml,
}
