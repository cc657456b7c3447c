"""CKAN's API, asked by its own client and as its harvester does, over a real server."""

import json
import threading
import time
from contextlib import suppress

import httpx2
import pytest
import uvicorn
from ckanapi import NotAuthorized, NotFound, RemoteCKAN, SearchQueryError, ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.catalogue.ckan.actions import ACTIONS
from torvet.catalogue.ckan.packages import QueryUnclear, narrowed, sorting

pytestmark = pytest.mark.slow

STARTS_WITHIN_S = 20


@pytest.fixture(scope="module")
def address(app):
    """The address of a server that serves this module's exchange."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + STARTS_WITHIN_S
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(autouse=True)
def _empty_catalogue(parts):
    with parts.db.begin() as tx:
        for table in ("search_documents", "releases", "datasets", "parties"):
            tx.exec_driver_sql(f"truncate {table} cascade")


@pytest.fixture
def ckan(address):
    with RemoteCKAN(address) as client:
        yield client


@pytest.fixture
def key(alma):
    """An API token of Alma's, as CKAN's clients send it."""
    made = alma.send("POST", "/api/tokens", {"name": "harvest", "scopes": ["read"]}, 201)
    return made["secret"]


@pytest.fixture
def garages(alma, parking):
    alma.describe(
        "garages", title={"da": "P-huse", "en": "Car parks"}, keywords=["biler", "by"],
        theme="TRAN", licence="https://creativecommons.org/licenses/by/4.0/",
        description={"da": "Belagte pladser"}, place={"label": "Aarhus"},
    )  # fmt: skip
    alma.publish("garages", parking())
    return alma


def test_a_dataset_is_a_package_with_a_resource_for_each_format(ckan, garages):
    package = ckan.action.package_show(id="garages")

    assert package["title"] == "P-huse"
    assert package["notes"] == "Belagte pladser"
    assert package["license_id"] == "cc-by"
    assert package["isopen"] is True
    assert package["organization"]["name"] == garages.party
    assert [group["name"] for group in package["groups"]] == ["tran"]
    assert {tag["name"] for tag in package["tags"]} == {"biler", "by"}
    assert {one["format"] for one in package["resources"]} == {
        "JSON", "CSV", "NDJSON", "PARQUET", "ARROW",
    }  # fmt: skip
    assert ckan.action.package_show(id=package["id"]) == package


def test_a_resource_is_shown_by_its_id(ckan, garages):
    package = ckan.action.package_show(id="garages")

    for one in package["resources"]:
        assert ckan.action.resource_show(id=one["id"]) == one


def test_packages_are_searched_by_words_and_fields(ckan, alma, garages):
    alma.describe("bikes", title={"en": "Bicycle tracks"}, keywords=["by"])

    def names(**asked):
        return [one["name"] for one in ckan.action.package_search(**asked)["results"]]

    assert names(q="car parks") == names(q="tags:biler") == ["garages"]
    assert names(fq="groups:tran") == names(fq='res_format:"CSV"') == ["garages"]
    assert names(fq="license_id:cc-by") == names(fq="+name:garages") == ["garages"]
    assert names(fq="tags:by -tags:biler") == ["bikes"]
    assert set(names(fq=f"organization:{alma.party}")) == {"bikes", "garages"}
    assert set(names(fq=f"organization:(nobody OR {alma.party})", q="*:*")) == {"bikes", "garages"}
    assert names(fq_list=["tags:by", "name:bikes"]) == ["bikes"]
    assert names(fq="state:active AND dataset_type:dataset AND tags:biler") == ["garages"]
    assert names(fq="private:true") == names(fq="organization:nobody") == []


def test_packages_are_searched_by_when_they_changed(ckan, alma, clock):
    alma.describe("old")
    clock.advance(days=1)
    alma.describe("new")

    def names(clause):
        return {one["name"] for one in ckan.action.package_search(fq=clause)["results"]}

    assert names("metadata_modified:[2026-06-02T00:00:00Z TO *]") == {"new"}
    assert names("metadata_modified:[* TO 2026-06-02T00:00:00Z]") == {"old"}


def test_facets_count_as_ckan_does(ckan, garages):
    found = ckan.action.package_search(
        **{"facet.field": ["organization", "groups", "tags", "res_format", "license_id"], "rows": 0}
    )

    assert found["results"] == []
    assert found["count"] == 1
    assert found["facets"]["organization"] == {garages.party: 1}
    assert found["facets"]["groups"] == {"tran": 1}
    assert found["facets"]["tags"] == {"biler": 1, "by": 1}
    assert found["facets"]["license_id"] == {"cc-by": 1}
    assert found["search_facets"]["groups"]["items"] == [
        {"name": "tran", "display_name": "Transport", "count": 1}
    ]


def test_a_harvester_gathers_every_package_page_by_page(address, alma):
    made = {alma.describe(f"d-{number}")["slug"] for number in range(7)}
    gathered, start = [], 0
    with httpx2.Client(base_url=address) as harvester:
        while True:
            page = harvester.get(
                "/api/3/action/package_search",
                params={"rows": 3, "start": start, "sort": "id asc", "fq": "-organization:nobody"},
            ).json()["result"]
            if not page["results"]:
                break
            gathered += [one["id"] for one in page["results"]]
            start += 3

        shown = [
            harvester.get("/api/3/action/package_show", params={"id": one}).json()["result"]
            for one in gathered
        ]

    assert gathered == sorted(gathered)
    assert {one["name"] for one in shown} == made
    assert page["count"] == len(gathered) == 7


def test_organisations_groups_tags_and_licences_are_listed_and_shown(ckan, garages):
    [organisation] = ckan.action.organization_list(all_fields=True)

    assert ckan.action.organization_list() == [garages.party]
    assert organisation["package_count"] == 1
    shown = ckan.action.organization_show(id=garages.party, include_datasets=True)
    assert [one["name"] for one in shown["packages"]] == ["garages"]
    assert "tran" in ckan.action.group_list()
    assert ckan.action.group_show(id="tran")["package_count"] == 1
    assert ckan.action.tag_list() == ["biler", "by"]
    assert ckan.action.tag_list(query="bi") == ["biler"]
    assert ckan.action.tag_show(id="biler")["package_count"] == 1
    assert "cc-by" in {one["id"] for one in ckan.action.license_list()}


def test_names_are_listed_and_completed(ckan, alma, garages):
    alma.describe("bikes", title={"en": "Bicycle tracks"})

    assert ckan.action.package_list() == ["bikes", "garages"]
    assert ckan.action.package_list(limit=1, offset=1) == ["garages"]
    assert [one["name"] for one in ckan.action.package_autocomplete(q="bicy")] == ["bikes"]
    listed = ckan.action.current_package_list_with_resources(limit=10)
    assert {one["name"] for one in listed} == {"bikes", "garages"}
    changed = ckan.action.recently_changed_packages_activity_list()
    assert len(changed) == 2


def test_the_site_tells_what_it_is(ckan):
    assert ckan.action.site_read() is True
    assert ckan.action.status_show()["ckan_version"].startswith("2.")
    assert "Search" in ckan.action.help_show(name="package_search")


def test_a_client_that_only_gets_is_answered_the_same(address, ckan, garages):
    with RemoteCKAN(address, get_only=True) as getting:
        assert getting.action.package_show(id="garages") == ckan.action.package_show(id="garages")
        found = getting.action.package_search(q="car", rows=1)
        assert found["count"] == 1


def test_a_key_shows_what_its_party_may_see_and_nobody_else(address, ckan, alma, key):
    alma.describe("secret", visibility="hidden")

    with RemoteCKAN(address, apikey=key) as signed:
        assert signed.action.package_show(id="secret")["private"] is True
        assert signed.action.package_search()["count"] == 1
        assert signed.action.package_list() == ["secret"]
        [own] = signed.action.organization_list_for_user()
        assert own["name"] == alma.party
    assert ckan.action.package_search()["count"] == 0
    assert ckan.action.package_list() == ckan.action.organization_list() == []
    with pytest.raises(NotFound):
        ckan.action.package_show(id="secret")


def test_a_bearer_is_as_good_as_a_key(address, alma, key):
    alma.describe("secret", visibility="hidden")
    path = f"{address}/api/3/action/package_show?id=secret"

    assert httpx2.get(path, headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert httpx2.get(path, headers={"X-CKAN-API-Key": key}).status_code == 200
    assert httpx2.get(path).status_code == 404


def test_what_is_wrong_is_said_in_ckans_own_errors(address, ckan, garages):
    with RemoteCKAN(address, apikey="tv_made_up") as forger, pytest.raises(NotAuthorized):
        forger.action.package_search()
    for action, wrong in (
        ("package_show", NotFound), ("resource_show", NotFound), ("organization_show", NotFound),
        ("group_show", NotFound), ("tag_show", NotFound),
    ):  # fmt: skip
        with pytest.raises(wrong):
            ckan.call_action(action, {"id": "nothing"})
        with pytest.raises(ValidationError):
            ckan.call_action(action, {})
    with pytest.raises(ValidationError):
        ckan.action.package_search(rows=-1)
    with pytest.raises(SearchQueryError):
        ckan.action.package_search(fq="shoe_size:44")
    with pytest.raises(SearchQueryError):
        ckan.action.package_search(sort="luck desc")


@pytest.mark.parametrize("prefix", ["/api/action", "/api/3/action"])
def test_what_cannot_be_read_is_a_bad_request(nobody, prefix):
    unknown = nobody.client.post(f"{prefix}/package_burn", json={})
    broken = nobody.client.post(f"{prefix}/package_show", content=b"{")
    listed = nobody.client.post(f"{prefix}/package_show", content=b"[1]")
    large = nobody.client.post(f"{prefix}/package_show", content=b"[" * 200_000)

    assert [a.status_code for a in (unknown, broken, listed, large)] == [400, 400, 400, 413]
    assert all(a.json()["success"] is False for a in (unknown, broken, listed, large))


def test_arguments_may_come_as_a_form(nobody, garages):
    answer = nobody.client.post("/api/3/action/package_show", data={"id": "garages"})

    assert answer.json()["result"]["name"] == "garages"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ARGUMENTS = ["id", "name", "q", "fq", "rows", "start", "sort", "facet.field", "limit", "offset",
             "query", "all_fields", "include_datasets", "organizations", "groups", "facet.limit"]  # fmt: skip


@given(
    st.sampled_from(sorted(ACTIONS)),
    st.dictionaries(st.sampled_from(ARGUMENTS), json_values, max_size=4),
)
@settings(
    max_examples=examples(200), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_no_argument_breaks_an_action(nobody, action, arguments):
    # ASCII as ckanapi writes it: so half a pair of surrogates gets through.
    body = json.dumps(arguments)

    answer = nobody.client.post(f"/api/3/action/{action}", content=body)

    assert answer.status_code in {200, 404, 409}
    assert answer.json()["success"] is (answer.status_code == 200)


@given(st.text(max_size=60))
def test_any_query_is_read_or_said_to_be_unclear(query):
    for read in (narrowed, sorting):
        with suppress(QueryUnclear):
            assert read(query) is not None
