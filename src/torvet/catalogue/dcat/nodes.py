"""The catalogue in the terms of DCAT-AP 3.0.1: pure, from values to nodes of a graph.

No node is blank: each has an address below that of its dataset, so that two exports can be
compared and merged. What nobody said is left out, but for what the profile demands.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from torvet.catalogue.model import Dataset, Place, Visibility
from torvet.catalogue.search.model import ReleaseLine
from torvet.catalogue.vocabulary import (
    AUTHORITY,
    FILE_TYPES,
    FREQUENCIES,
    HVD_REGULATION,
    KINDS,
    LANGUAGES,
    PLACES,
    THEMES,
    FileType,
    high_value,
    licence,
    place,
)
from torvet.kit.moments import to_text
from torvet.parties.model import Party

RELEASES_MAX = 10
"""So many of a dataset's last releases are described: harvesters want what is current."""
KINDS_KEPT_MAX = 1000
"""So many kinds of distribution are kept: formats times the numbers that releases have."""

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "oa": "http://www.w3.org/ns/oa#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

DELTA_SHARING = "https://github.com/delta-io/delta-sharing/blob/main/PROTOCOL.md"
OPENAPI = "https://spec.openapis.org/oas/v3.1.0"
GEOSPARQL_WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"

_ACCESS = {
    Visibility.PUBLIC: f"{AUTHORITY}/access-right/PUBLIC",
    Visibility.METADATA: f"{AUTHORITY}/access-right/RESTRICTED",
    Visibility.CIRCLE: f"{AUTHORITY}/access-right/RESTRICTED",
    Visibility.HIDDEN: f"{AUTHORITY}/access-right/NON_PUBLIC",
}
_ADDRESS = re.compile(r"(?:https?://[^\s/?#]+|mailto:|urn:)[^\s]*", re.IGNORECASE)
# What no IRI holds (RFC 3987), and what a reader of XML or JSON-LD would refuse or rewrite.
_NO_ADDRESS = re.compile(
    r'[\x00-\x20\x7f-\x9f<>"{}|\\^`\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|/\.\.?(?:/|$)'
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*")
# XML 1.0 §2.2: characters that no document may hold, however they are written.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Iri(NamedTuple):
    """A reference to something with an address."""

    iri: str


class Text(NamedTuple):
    """Words, in a language where it is known."""

    text: str
    language: str = ""


class Typed(NamedTuple):
    """A value with a datatype: a shortened name such as `xsd:date`, or an address."""

    text: str
    datatype: str


Value = Iri | Text | Typed
Statements = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Statements that several nodes make alike: a writer writes them out once."""

    said: Statements


class Node(NamedTuple):
    """Something with an address, what it is, and what is said about it.

    What is `shared` has no name in common with `said`, nor with what else is shared.
    """

    iri: str
    kinds: tuple[str, ...]
    said: Statements
    shared: tuple[Shared, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The exchange as its catalogue presents it."""

    url: str
    name: str
    place: str

    @property
    def catalogue(self) -> str:
        """Return the address of the catalogue."""
        return f"{self.url}/catalog"

    @property
    def sharing(self) -> str:
        """Return the address of the Delta Sharing service."""
        return f"{self.catalogue}#sharing"

    @property
    def rows(self) -> str:
        """Return the address of the service that delivers rows over REST."""
        return f"{self.catalogue}#rows"

    def dataset(self, slug: str) -> str:
        """Return the address of a dataset."""
        return f"{self.url}/datasets/{slug}"

    def certificate(self, slug: str, number: int) -> str:
        """Return the address of a release's certificate."""
        return f"{self.url}/api/datasets/{slug}/releases/{number}/certificate"

    def party(self, slug: str) -> str:
        """Return the address of a party."""
        return f"{self.url}/api/parties/{slug}"


def address(text: str) -> str | None:
    """Return `text` where it can stand as an address in every format, else None."""
    trimmed = text.strip()
    fits = _ADDRESS.fullmatch(trimmed) and not _NO_ADDRESS.search(trimmed)
    return trimmed if fits else None


def words(text: str, language: str = "") -> Text:
    """Return `text` without what no XML document may hold."""
    clean = text if text.isascii() and text.isprintable() else _UNWRITABLE.sub("\ufffd", text)
    if language in LANGUAGES or not language:
        return Text(clean, language)
    tag = language.lower()
    return Text(clean, tag if _LANGUAGE.fullmatch(tag) else "")


def exchange_nodes(exchange: Exchange) -> Iterator[Node]:
    """Describe the catalogue, who runs it, and the services that deliver from it."""
    operator = f"{exchange.catalogue}#operator"
    home = PLACES.get(exchange.place)
    said: list[tuple[str, Value]] = [
        ("dct:title", words(exchange.name, "en")),
        ("dct:description", words(f"The data catalogue of {exchange.name}.", "en")),
        ("dct:description", words(f"Datakataloget for {exchange.name}.", "da")),
        ("dct:publisher", Iri(operator)),
        ("foaf:homepage", Iri(f"{exchange.url}/")),
        ("dcat:themeTaxonomy", Iri(f"{AUTHORITY}/data-theme")),
        ("dcat:service", Iri(exchange.sharing)),
        ("dcat:service", Iri(exchange.rows)),
        *(("dct:language", Iri(language.uri)) for language in LANGUAGES.values()),
    ]
    if home and home.uri:
        said.append(("dct:spatial", Iri(home.uri)))
    yield Node(exchange.catalogue, ("dcat:Catalog",), tuple(said))
    yield Node(operator, ("foaf:Agent",), (("foaf:name", words(exchange.name)),))
    yield _service(exchange, exchange.sharing, "Delta Sharing", "/sharing", DELTA_SHARING)
    yield _service(exchange, exchange.rows, "Rows over REST", "/api", OPENAPI)


def _service(exchange: Exchange, iri: str, title: str, path: str, standard: str) -> Node:
    said: Statements = (
        ("dct:title", words(f"{exchange.name}: {title}", "en")),
        ("dcat:endpointURL", Iri(f"{exchange.url}{path}")),
        ("dcat:endpointDescription", Iri(f"{exchange.url}/openapi.json")),
        ("dct:conformsTo", Iri(standard)),
        ("dct:publisher", Iri(f"{exchange.catalogue}#operator")),
        ("dct:accessRights", Iri(f"{AUTHORITY}/access-right/RESTRICTED")),
    )
    return Node(iri, ("dcat:DataService",), said)


def party_node(exchange: Exchange, party: Party) -> Node:
    """Describe a provider."""
    said: Statements = (
        ("foaf:name", words(party.name)),
        ("dct:type", Iri(KINDS[party.kind.value].uri)),
    )
    return Node(exchange.party(party.slug), ("foaf:Agent",), said)


def dataset_nodes(
    exchange: Exchange, dataset: Dataset, releases: Sequence[ReleaseLine], provider: Party
) -> Iterator[Node]:
    """Describe a dataset and all that belongs to it; `releases` are its last, newest first."""
    me = exchange.dataset(dataset.slug)
    yield Node(exchange.catalogue, (), (("dcat:dataset", Iri(me)),))
    distributions = list(_distributions(exchange, me, dataset, releases[:RELEASES_MAX]))
    yield Node(
        me,
        ("dcat:Dataset",),
        (
            *_named(dataset),
            *_classified(dataset),
            *_dated(me, dataset, releases),
            ("dct:publisher", Iri(exchange.party(provider.slug))),
            ("dcat:landingPage", Iri(me)),
            *_where(me, dataset.place),
            *((("dcat:contactPoint", Iri(f"{me}#contact")),) if dataset.contact else ()),
            *(("dcat:distribution", Iri(one.iri)) for one in distributions),
            *_certified(exchange, dataset, releases),
        ),
    )
    yield from _certificate(exchange, me, dataset, releases)
    yield from distributions
    yield from _contact(me, dataset)
    yield from _period(me, dataset)
    yield from _place(me, dataset.place)
    yield from _terms(me, dataset)
    if releases:
        for service in (exchange.sharing, exchange.rows):
            yield Node(service, (), (("dcat:servesDataset", Iri(me)),))


def _certified(
    exchange: Exchange, dataset: Dataset, releases: Sequence[ReleaseLine]
) -> Iterator[tuple[str, Value]]:
    if releases:
        yield (
            "dqv:hasQualityAnnotation",
            Iri(exchange.certificate(dataset.slug, releases[0].number)),
        )


def _certificate(
    exchange: Exchange, me: str, dataset: Dataset, releases: Sequence[ReleaseLine]
) -> Iterator[Node]:
    """Describe the newest release's certificate as DQV does: an annotation by who vouches."""
    for _, certificate in _certified(exchange, dataset, releases):
        said: Statements = (
            ("oa:hasTarget", Iri(me)),
            ("oa:motivatedBy", Iri(f"{PREFIXES['dqv']}qualityAssessment")),
            ("dct:title", words(f"Release certificate, release {releases[0].number}", "en")),
        )
        assert isinstance(certificate, Iri)
        yield Node(certificate.iri, ("dqv:QualityCertificate",), said)


def _named(dataset: Dataset) -> Iterator[tuple[str, Value]]:
    titles = {lang: text for lang, text in dataset.title.items() if text.strip()}
    titles = titles or {"": dataset.slug}
    described = {lang: text for lang, text in dataset.description.items() if text.strip()}
    yield "dct:identifier", words(dataset.id)
    yield from (("dct:title", words(text, lang)) for lang, text in titles.items())
    # The profile demands a description: who gave none is described by the title.
    for lang, text in (described or titles).items():
        yield "dct:description", words(text, lang)
    yield from (("dcat:keyword", words(keyword)) for keyword in dict.fromkeys(dataset.keywords))
    for lang in dict.fromkeys([*titles, *described]):
        if lang in LANGUAGES:
            yield "dct:language", Iri(LANGUAGES[lang].uri)


def _classified(dataset: Dataset) -> Iterator[tuple[str, Value]]:
    yield "dct:accessRights", Iri(_ACCESS[dataset.visibility])
    if dataset.theme in THEMES:
        yield "dcat:theme", Iri(THEMES[dataset.theme].uri)
    if dataset.frequency in FREQUENCIES:
        yield "dct:accrualPeriodicity", Iri(FREQUENCIES[dataset.frequency].uri)
    if category := high_value(dataset.hvd_category):
        yield "dcatap:hvdCategory", Iri(category.uri)
    yield from (("dcatap:applicableLegislation", Iri(law)) for law in _laws(dataset))


def _laws(dataset: Dataset) -> Iterable[str]:
    if not (dataset.applicable_legislation or dataset.hvd_category):
        return ()
    named = [law for law in map(address, dataset.applicable_legislation) if law]
    return dict.fromkeys([*named, HVD_REGULATION] if high_value(dataset.hvd_category) else named)


def _dated(
    me: str, dataset: Dataset, releases: Sequence[ReleaseLine]
) -> Iterator[tuple[str, Value]]:
    yield "dct:issued", _instant(dataset.created_at)
    yield "dct:modified", _instant(dataset.modified_at)
    if releases:
        yield "dcat:version", words(str(releases[0].number))
        if releases[0].note:
            yield "adms:versionNotes", words(releases[0].note)
    if dataset.period and (dataset.period.start or dataset.period.end):
        yield "dct:temporal", Iri(f"{me}#period")


def _where(me: str, spot: Place | None) -> Iterator[tuple[str, Value]]:
    if spot is None:
        return
    known = place(spot.uri) or place(spot.label)
    given = (known.uri if known else "") or address(spot.uri)
    if given:
        yield "dct:spatial", Iri(given)
    if spot.bbox or (spot.label and not given):
        yield "dct:spatial", Iri(f"{me}#place")


def _place(me: str, spot: Place | None) -> Iterator[Node]:
    if not any(value == Iri(f"{me}#place") for _, value in _where(me, spot)) or spot is None:
        return
    said: list[tuple[str, Value]] = []
    known = place(spot.uri) or place(spot.label)
    if known:
        said += [
            ("skos:prefLabel", words(known.da, "da")),
            ("skos:prefLabel", words(known.en, "en")),
        ]
        said.append(("dct:identifier", words(known.code)))
    elif spot.label:
        said.append(("skos:prefLabel", words(spot.label)))
    if box := spot.bbox:
        corners = [(box.west, box.south), (box.east, box.south), (box.east, box.north),
                   (box.west, box.north), (box.west, box.south)]  # fmt: skip
        ring = ", ".join(f"{x:.7g} {y:.7g}" for x, y in corners)
        said.append(("dcat:bbox", Typed(f"POLYGON (({ring}))", GEOSPARQL_WKT)))
    yield Node(f"{me}#place", ("dct:Location",), tuple(said))


def _contact(me: str, dataset: Dataset) -> Iterator[Node]:
    contact = dataset.contact
    if contact is None:
        return
    said: list[tuple[str, Value]] = [("vcard:fn", words(contact.name))]
    if mail := address(f"mailto:{contact.email.strip()}") if contact.email.strip() else None:
        said.append(("vcard:hasEmail", Iri(mail)))
    if page := address(contact.url):
        said.append(("vcard:hasURL", Iri(page)))
    yield Node(f"{me}#contact", ("vcard:Kind",), tuple(said))


def _period(me: str, dataset: Dataset) -> Iterator[Node]:
    period = dataset.period
    if period is None or not (period.start or period.end):
        return
    ends = (("dcat:startDate", period.start), ("dcat:endDate", period.end))
    said = tuple((name, _day(day)) for name, day in ends if day)
    yield Node(f"{me}#period", ("dct:PeriodOfTime",), said)


def _terms(me: str, dataset: Dataset) -> Iterator[Node]:
    if dataset.licence and _licence_iri(dataset.licence) is None:
        said: Statements = (("rdfs:label", words(dataset.licence)),)
        yield Node(f"{me}#licence", ("dct:LicenseDocument",), said)
    if dataset.attribution:
        label = words(dataset.attribution)
        yield Node(f"{me}#attribution", ("dct:RightsStatement",), (("rdfs:label", label),))


def _licence_iri(name: str) -> str | None:
    known = licence(name)
    return known.uri if known else address(name)


def _distributions(
    exchange: Exchange, me: str, dataset: Dataset, releases: Sequence[ReleaseLine]
) -> Iterator[Node]:
    """The newest release in every format and as a share; older ones as Parquet."""
    for release in releases:
        newest, number = release is releases[0], release.number
        alike = _of_all_formats(dataset, me, release)
        for code in FILE_TYPES if newest else ("parquet",):
            of_kind = _of_format(exchange.rows, code, number)
            yield Node(f"{me}#{code}-{number}", _DISTRIBUTION, (), (alike, of_kind))
        if newest:
            size = ("dcat:byteSize", Typed(str(release.bytes), "xsd:nonNegativeInteger"))
            of_kind = _of_share(exchange.sharing, number)
            yield Node(f"{me}#share-{number}", _DISTRIBUTION, (size,), (alike, of_kind))


def _of_all_formats(dataset: Dataset, me: str, release: ReleaseLine) -> Shared:
    said: list[tuple[str, Value]] = [
        ("dcat:accessURL", Iri(me)),
        ("dct:issued", _instant(release.published_at)),
        *(("dcatap:applicableLegislation", Iri(law)) for law in _laws(dataset)),
    ]
    if dataset.licence:
        said.append(("dct:license", Iri(_licence_iri(dataset.licence) or f"{me}#licence")))
    if dataset.attribution:
        said.append(("dct:rights", Iri(f"{me}#attribution")))
    return Shared(tuple(said))


@lru_cache(maxsize=KINDS_KEPT_MAX)
def _of_format(service: str, code: str, number: int) -> Shared:
    kind = FILE_TYPES[code]
    return _delivered(service, kind.en, kind.da, number, _format(kind))


@lru_cache(maxsize=KINDS_KEPT_MAX)
def _of_share(service: str, number: int) -> Shared:
    standard: Statements = (("dct:conformsTo", Iri(DELTA_SHARING)),)
    of_kind = standard + _format(FILE_TYPES["parquet"])
    return _delivered(service, "Delta Sharing", "Delta Sharing", number, of_kind)


def _delivered(service: str, en: str, da: str, number: int, of_kind: Statements) -> Shared:
    return Shared(
        (
            ("dct:title", Text(f"{en}, release {number}", "en")),
            ("dct:title", Text(f"{da}, udgivelse {number}", "da")),
            ("dcat:accessService", Iri(service)),
            *of_kind,
        )
    )


def _format(kind: FileType) -> Statements:
    said = (("dct:format", kind.uri), ("dcat:mediaType", kind.iana))
    return tuple((name, Iri(iri)) for name, iri in said if iri)


_DISTRIBUTION = ("dcat:Distribution",)


def _instant(at: datetime) -> Typed:
    return Typed(to_text(at), "xsd:dateTime")


def _day(day: date) -> Typed:
    return Typed(day.isoformat(), "xsd:date")
