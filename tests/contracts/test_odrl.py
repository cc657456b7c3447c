"""Terms as ODRL: out and in again is the same, and nothing unknown is ever ignored."""

import copy
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, Dataset, Namespace, URIRef

from torvet.contracts import (
    Approval,
    Attribution,
    Columns,
    NoOnwardSharing,
    NoReidentification,
    Offer,
    OfferId,
    Purposes,
    Regions,
    RequestsPerMinute,
    RowFilter,
    RowsPerDay,
    Validity,
)
from torvet.contracts.errors import OdrlInvalid
from torvet.contracts.odrl.reader import read
from torvet.contracts.odrl.writer import ODRL_CONTEXT, agreement_policy, offer_policy
from torvet.kit.errors import ExchangeError
from torvet.kit.filters import from_text

from .written import ALMA, LEASE, NOON, terms

ODRL = Namespace("http://www.w3.org/ns/odrl/2/")
TARGET = "http://127.0.0.1:8000/datasets/parking"
FULL = (
    Purposes(("PublicBenefit", "AcademicResearch")),
    Validity(NOON, NOON.replace(year=2027)),
    Columns(("garage", "occupied")),
    RowFilter(from_text("garage = 'BRUUNS' or occupied > 10")),
    RowsPerDay(1_000),
    RequestsPerMinute(60),
    Regions(("EU", "NO")),
    Attribution("Kilde: Aarhus Kommune"),
    NoOnwardSharing(),
    NoReidentification(),
)

# The part of the W3C context that the policies use, since tests fetch nothing.
INLINE = {
    "odrl": str(ODRL),
    "rdf": str(RDF),
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "uid": "@id",
    "Offer": "odrl:Offer",
    "Agreement": "odrl:Agreement",
    "AssetCollection": "odrl:AssetCollection",
    **{
        term: {"@id": f"odrl:{term}", "@type": "@id"}
        for term in (
            *("profile", "permission", "prohibition", "duty", "target", "assigner"),
            *("assignee", "constraint", "refinement", "source"),
        )
    },
    **{
        term: {"@id": f"odrl:{term}", "@type": "@vocab"}
        for term in ("action", "leftOperand", "operator")
    },
    "rightOperand": {"@id": "odrl:rightOperand"},
    **{
        term: f"odrl:{term}"
        for term in (
            *("use", "attribute", "distribute", "purpose", "dateTime", "spatial"),
            *("eq", "lteq", "gteq", "lt", "isAnyOf"),
        )
    },
}


def _offer(clauses):
    return Offer(
        id=OfferId("of_1"),
        dataset="ds_parking",
        provider=ALMA,
        title="Parkering til forskning",
        clauses=clauses,
        approval=Approval.AT_ONCE,
        audience=None,
        made_at=NOON,
        made_by="ac_alma",
        digest="0" * 64,
    )


def _policy(clauses=FULL):
    made = offer_policy(_offer(clauses), uid="urn:of_1", target=TARGET, assigner="urn:alma")
    return json.loads(json.dumps(made))


@given(terms)
def test_an_offer_out_and_in_again_is_the_same(clauses):
    policy = read(_policy(clauses))

    assert policy.clauses == clauses
    assert (policy.title, policy.target, policy.assigner) == (
        "Parkering til forskning",
        TARGET,
        "urn:alma",
    )


@given(terms)
def test_an_agreement_out_and_in_again_is_the_same(clauses):
    made = agreement_policy(
        replace(LEASE, clauses=clauses),
        uid="urn:ct_1",
        target=TARGET,
        assigner="urn:a",
        assignee="urn:b",
    )

    assert read(json.loads(json.dumps(made))).clauses == clauses


def _graph(policy):
    local = {**policy, "@context": [INLINE, policy["@context"][1]]}
    return Dataset().parse(data=json.dumps(local), format="json-ld")


def test_an_offer_is_rdf_that_says_what_it_means():
    policy = _policy()
    assert policy["@context"][0] == ODRL_CONTEXT

    graph = _graph(policy)

    offer = URIRef("urn:of_1")
    assert (offer, RDF.type, ODRL.Offer) in graph
    permission = graph.value(offer, ODRL.permission)
    assert graph.value(permission, ODRL.action) == ODRL.use
    assert {
        graph.value(constraint, ODRL.leftOperand)
        for constraint in graph.objects(permission, ODRL.constraint)
    } == {
        ODRL.purpose,
        ODRL.dateTime,
        ODRL.spatial,
        URIRef("urn:torvet:odrl:rowsPerDay"),
        URIRef("urn:torvet:odrl:requestsPerMinute"),
    }
    assert {graph.value(rule, ODRL.action) for rule in graph.objects(offer, ODRL.prohibition)} == {
        ODRL.distribute,
        URIRef("urn:torvet:odrl:reidentify"),
    }
    assert URIRef("https://w3id.org/dpv#PublicBenefit") in set(
        graph.objects(None, ODRL.rightOperand)
    )


@given(terms)
def test_every_policy_parses_as_rdf(clauses):
    graph = _graph(_policy(clauses))

    assert (URIRef("urn:of_1"), RDF.type, ODRL.Offer) in graph


def _with(path, value):
    policy = copy.deepcopy(_policy())
    place = policy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return policy


@pytest.mark.parametrize(
    ("path", "value", "names"),
    [
        (["@context"], "https://elsewhere.example/context", "@context"),
        (["@context"], [ODRL_CONTEXT, {"use": "https://elsewhere.example/sell"}], "@context"),
        (["@type"], "Ticket", "@type"),
        (["profile"], "urn:other", "profile"),
        (["obligation"], [{"action": "compensate"}], "obligation"),
        (["permission"], [], "permission"),
        (["permission", 0, "action"], "sell", "action"),
        (["permission", 0, "remedy"], [], "remedy"),
        (["permission", 0, "constraint", 0, "leftOperand"], "payAmount", "payAmount"),
        (["permission", 0, "constraint", 0, "leftOperand"], "count", "count"),
        (["permission", 0, "constraint", 0, "operator"], "isNoneOf", "isNoneOf"),
        (["permission", 0, "constraint", 0, "unit"], "dpv:x", "unit"),
        (["permission", 0, "constraint", 1, "operator"], "lteq", "dateTime"),
        (["permission", 0, "constraint", 1, "rightOperand"], "2026-06-01", "dateTime"),
        (["permission", 0, "constraint", 3, "rightOperand"], "many", "rowsPerDay"),
        (["permission", 0, "constraint", 3, "rightOperand"], True, "rowsPerDay"),
        (["permission", 0, "duty", 0, "action"], [{"rdf:value": {"@id": "odrl:pay"}}], "duty"),
        (["permission", 0, "target", "refinement", 0, "leftOperand"], "torvet:more", "torvet:more"),
        (["prohibition", 0, "action"], "derive", "derive"),
        (["prohibition", 0, "constraint"], [], "constraint"),
    ],
)
def test_what_is_not_known_is_refused_by_name(path, value, names):
    with pytest.raises(OdrlInvalid, match=names):
        read(_with(path, value))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("use"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["@id", "@value", "uid", "action", "refinement", "leftOperand", "source"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
PLACES = [
    ["permission"],
    ["prohibition"],
    ["title"],
    ["permission", 0, "action"],
    ["permission", 0, "target"],
    ["permission", 0, "assigner"],
    ["permission", 0, "duty"],
    ["permission", 0, "constraint"],
    ["permission", 0, "constraint", 0, "rightOperand"],
    ["permission", 0, "constraint", 2, "rightOperand"],
    ["permission", 0, "target", "refinement", 0, "rightOperand"],
    ["permission", 0, "target", "refinement", 1, "rightOperand"],
]


@given(st.sampled_from(PLACES), json_values)
def test_any_json_is_read_or_refused_with_words(path, value):
    try:
        found = read(_with(path, value))
    except ExchangeError as error:
        refused = str(error)
    else:
        assert found.clauses == read(_policy(found.clauses)).clauses
        return
    assert refused.endswith(".")
