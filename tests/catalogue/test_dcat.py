"""The catalogue as DCAT-AP: three formats, one graph, and the profile's own shapes."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyshacl import validate
from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from examples import examples
from torvet.catalogue.dcat.formats import MEDIA_TYPES, RdfFormat, accepted, written
from torvet.catalogue.dcat.nodes import (
    Exchange,
    Iri,
    Node,
    address,
    dataset_nodes,
    exchange_nodes,
    party_node,
    words,
)
from torvet.catalogue.model import (
    BoundingBox,
    Contact,
    Dataset,
    DatasetId,
    Period,
    Place,
    Visibility,
)
from torvet.catalogue.search.model import ReleaseLine
from torvet.parties import Party, PartyId, PartyKind

pytestmark = pytest.mark.slow

SHAPES = Path(__file__).resolve().parents[3] / "shared/data/standards/dcat-ap-3.0.1-shapes.ttl"
PARSERS = {RdfFormat.TURTLE: "turtle", RdfFormat.JSON_LD: "json-ld", RdfFormat.RDF_XML: "xml"}
DCATAP = Namespace("http://data.europa.eu/r5r/")
EXCHANGE = Exchange(url="https://torvet.example", name="Torvet", place="DK")
AARHUS = Party(
    id=PartyId("org_1"), slug="aarhus", name="City of Aarhus", kind=PartyKind.PUBLIC,
    cvr="55133018", region="DK", registered_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)

texts = st.text(max_size=40)
languages = st.sampled_from(["da", "en", "DE", "x y", ""])
odd_addresses = st.one_of(
    texts,
    st.sampled_from(
        ["https://a.example/b?c=d#e", "http://ø.example/å", "https://a.example/<x>", "urn:a:b",
         "https://a.example/a/../b", "javascript:alert(1)", "https://a.example/%20", "cc-by",
         'https://a.example/"', "https://a.example/a b", "https://creativecommons.org/licenses/by/4.0/"]
    ),
)  # fmt: skip
boxes = st.builds(
    BoundingBox,
    west=st.floats(-180, 180), south=st.floats(-90, 90),
    east=st.floats(-180, 180), north=st.floats(-90, 90),
)  # fmt: skip
odd_datasets = st.builds(
    Dataset,
    id=st.just(DatasetId("ds_1")),
    slug=st.just("parking"),
    provider=st.just(AARHUS.id),
    title=st.dictionaries(languages, texts, max_size=3),
    description=st.dictionaries(languages, texts, max_size=3),
    keywords=st.lists(texts, max_size=3).map(tuple),
    theme=st.sampled_from(["", "TRAN", "nonsense"]),
    licence=odd_addresses,
    place=st.none() | st.builds(Place, label=texts, uri=odd_addresses, bbox=st.none() | boxes),
    period=st.none() | st.builds(Period, start=st.none() | st.dates(), end=st.none() | st.dates()),
    frequency=st.sampled_from(["", "DAILY", "nonsense"]),
    contact=st.none() | st.builds(Contact, name=texts, email=texts, url=odd_addresses),
    attribution=texts,
    visibility=st.sampled_from(list(Visibility)),
    applicable_legislation=st.lists(odd_addresses, max_size=2).map(tuple),
    hvd_category=st.sampled_from(["", "c_b79e35eb", "nonsense"]),
    created_at=st.just(AT),
    modified_at=st.just(AT),
)


def release(number=1, note=""):
    return ReleaseLine(number=number, rows=5, bytes=700, published_at=AT, note=note, quality=90)


def nodes(dataset, releases=()):
    described = dataset_nodes(EXCHANGE, dataset, list(releases), AARHUS)
    return [*exchange_nodes(EXCHANGE), party_node(EXCHANGE, AARHUS), *described]


def graph(form, *batches):
    return Graph().parse(data=b"".join(written(form, batches)), format=PARSERS[form])


@pytest.fixture(scope="module")
def shapes():
    if not SHAPES.exists():
        pytest.skip(f"the shared data is not on this machine: {SHAPES}")
    return Graph().parse(SHAPES)


def conforms(found, shapes):
    passed, _, report = validate(found, shacl_graph=shapes, advanced=False)
    assert passed, report


@given(odd_datasets, st.lists(st.builds(release, number=st.integers(1, 9), note=texts), max_size=2))
@settings(max_examples=examples(60), deadline=None)
def test_whatever_people_write_the_three_formats_hold_the_same_graph(dataset, releases):
    described = nodes(dataset, releases)

    turtle, json_ld, xml = (graph(form, described) for form in RdfFormat)

    assert isomorphic(turtle, json_ld)
    assert isomorphic(turtle, xml)


@given(odd_datasets)
@settings(max_examples=examples(15), deadline=None)
def test_whatever_people_write_the_profile_is_kept(shapes, dataset):
    conforms(graph(RdfFormat.TURTLE, nodes(dataset, [release(2), release(1)])), shapes)


@given(st.text())
def test_words_arrive_as_they_were_written_but_for_what_xml_cannot_hold(text):
    said = words(text, "da")
    node = Node("https://torvet.example/x", (), (("dct:title", said),))

    for form in RdfFormat:
        [value] = graph(form, [node]).objects()
        assert str(value) == said.text


@given(odd_addresses)
def test_an_address_is_taken_as_it_is_or_not_at_all(text):
    found = address(text)

    assert found in {text.strip(), None}
    if found:
        node = Node("https://torvet.example/x", (), (("dct:license", Iri(found)),))
        assert all(list(graph(form, [node]).objects()) == [URIRef(found)] for form in RdfFormat)


def test_a_dataset_is_described_in_full():
    dataset = Dataset(
        id=DatasetId("ds_1"), slug="parking", provider=AARHUS.id,
        title={"da": "Parkering", "en": "Parking"}, keywords=("biler",), theme="TRAN",
        licence="cc-by", place=Place(label="Aarhus"), frequency="DAILY",
        period=Period(start=date(2014, 5, 1)), contact=Contact(name="Alma", email="a@example.org"),
        visibility=Visibility.PUBLIC, hvd_category="c_b79e35eb", created_at=AT, modified_at=AT,
    )  # fmt: skip
    me = URIRef("https://torvet.example/datasets/parking")

    found = graph(RdfFormat.TURTLE, nodes(dataset, [release(3), release(2)]))

    authority = "http://publications.europa.eu/resource/authority"
    assert (URIRef("https://torvet.example/catalog"), DCAT.dataset, me) in found
    assert (me, DCTERMS.title, Literal("Parkering", lang="da")) in found
    assert (me, DCAT.theme, URIRef(f"{authority}/data-theme/TRAN")) in found
    assert (me, DCTERMS.accrualPeriodicity, URIRef(f"{authority}/frequency/DAILY")) in found
    assert (me, DCTERMS.accessRights, URIRef(f"{authority}/access-right/PUBLIC")) in found
    assert (me, DCATAP.hvdCategory, URIRef("http://data.europa.eu/bna/c_b79e35eb")) in found
    assert (me, DCAT.version, Literal("3")) in found
    publisher = found.value(me, DCTERMS.publisher)
    assert found.value(publisher, FOAF.name) == Literal("City of Aarhus")
    licences = {found.value(one, DCTERMS.license) for one in found.objects(me, DCAT.distribution)}
    assert licences == {URIRef("https://creativecommons.org/licenses/by/4.0/")}
    laws = set(found.objects(None, DCATAP.applicableLegislation))
    assert laws == {URIRef("http://data.europa.eu/eli/reg_impl/2023/138/oj")}


def test_each_format_of_the_newest_release_is_a_distribution_of_a_service():
    dataset = Dataset(
        id=DatasetId("ds_1"), slug="parking", provider=AARHUS.id, title={"en": "Parking"},
        created_at=AT, modified_at=AT,
    )  # fmt: skip
    found = graph(RdfFormat.TURTLE, nodes(dataset, [release(2), release(1)]))
    me = URIRef("https://torvet.example/datasets/parking")

    names = {str(one).partition("#")[2] for one in found.objects(me, DCAT.distribution)}
    services = set(found.subjects(RDF.type, DCAT.DataService))

    assert names == {"json-2", "csv-2", "ndjson-2", "parquet-2", "arrow-2", "share-2", "parquet-1"}
    assert {found.value(URIRef(f"{me}#{name}"), DCAT.accessService) for name in names} == services
    assert {found.value(service, DCAT.servesDataset) for service in services} == {me}


def test_without_a_release_there_is_nothing_to_read():
    dataset = Dataset(
        id=DatasetId("ds_1"), slug="parking", provider=AARHUS.id, title={"en": "Parking"},
        created_at=AT, modified_at=AT,
    )  # fmt: skip
    found = graph(RdfFormat.TURTLE, nodes(dataset))

    assert not list(found.subjects(RDF.type, DCAT.Distribution))
    assert not list(found.objects(None, DCAT.servesDataset))


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, RdfFormat.TURTLE),
        ("", RdfFormat.TURTLE),
        ("*/*", RdfFormat.TURTLE),
        ("application/rdf+xml", RdfFormat.RDF_XML),
        ("text/html, application/ld+json;q=0.9, */*;q=0.1", RdfFormat.JSON_LD),
        ("text/turtle;q=0.2, application/rdf+xml;q=0.7", RdfFormat.RDF_XML),
        ("TEXT/Turtle;q=2", RdfFormat.TURTLE),
        ("text/turtle;q=0", None),
        ("image/png", None),
        (";;;,,,", None),
    ],
)
def test_the_format_is_the_one_liked_best(accept, form):
    assert accepted(accept) is form


@given(st.text())
def test_any_accept_header_gives_a_format_or_none(accept):
    assert accepted(accept) in {*RdfFormat, None}


def fetched(person, path, form, **headers):
    answer = person.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(MEDIA_TYPES[form])
    return Graph().parse(data=answer.content, format=PARSERS[form])


def test_the_catalogue_is_served_in_every_format_and_keeps_the_profile(
    alma, nobody, shapes, parking
):
    alma.describe("garages", title={"da": "P-huse", "en": "Car parks"}, theme="TRAN")
    alma.publish("garages", parking())
    alma.describe("planned")

    served = [fetched(nobody, f"/catalog.{form}", form) for form in RdfFormat]
    negotiated = [fetched(nobody, "/catalog", form, Accept=MEDIA_TYPES[form]) for form in RdfFormat]

    assert len(set(served[0].subjects(RDF.type, DCAT.Dataset))) == 2
    assert all(isomorphic(served[0], other) for other in [*served[1:], *negotiated])
    conforms(served[0], shapes)


def test_one_dataset_is_served_in_every_format(alma, nobody, shapes, parking):
    alma.describe("one")
    alma.publish("one", parking())

    files = [fetched(nobody, f"/datasets/one.{form}", form) for form in RdfFormat]
    asked = fetched(
        nobody, "/api/datasets/one/dcat", RdfFormat.RDF_XML, Accept="application/rdf+xml"
    )

    assert all(isomorphic(files[0], other) for other in [*files[1:], asked])
    conforms(files[0], shapes)


def test_only_who_may_know_of_a_dataset_finds_it_in_the_graph(alma, bo, nobody):
    alma.describe("secret", visibility="hidden")
    alma.describe("shared", visibility="circle", circle=[bo.party])

    def seen(person):
        found = fetched(person, "/catalog.ttl", RdfFormat.TURTLE)
        return {str(each).rpartition("/")[2] for each in found.subjects(RDF.type, DCAT.Dataset)}

    assert {"secret", "shared"} <= seen(alma)
    assert seen(bo) & {"secret", "shared"} == {"shared"}
    assert not seen(nobody) & {"secret", "shared"}
    assert nobody.get("/datasets/secret.ttl", expected=404)["code"] == "dataset-not-found"
    assert nobody.get("/api/datasets/secret/dcat", expected=404)["code"] == "dataset-not-found"


def test_a_format_that_is_not_written_is_refused_with_those_that_are(alma, nobody):
    alma.describe("plain")

    refused = nobody.get("/catalog", expected=406, headers={"Accept": "image/png"})
    unknown = nobody.client.get("/catalog.pdf")

    assert "text/turtle" in refused["advice"]
    assert unknown.status_code == 422
