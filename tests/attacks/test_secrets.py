"""Everybody opens every door that can be opened by asking, and each byte is searched.

The doors are those of the interface's own description, so a new one is tried as soon as it is
described; pages and machine-readable catalogues are listed here. See `town.MAY_KNOW`.
"""

import itertools
import re

import pytest

from torvet.catalogue.ckan.actions import ACTIONS

from .town import CELL, CIRCLE, COLUMN, HIDDEN, MAY_KNOW, NOTE, PASSWORD, ROW, SECRETS

PAGES = (
    "/", "/datasets", "/datasets?page=2", "/log", "/sign-in", "/sign-up", "/docs", "/openapi.json",
    "/catalog", "/catalog.ttl", "/catalog.jsonld", "/catalog.rdf", "/catalog.ttl?page=2",
    "/api/datasets?page_size=100", "/api/datasets?theme=HEAL&theme=JUST",
    "/api/datasets?frequency=DECENNIAL", "/datasets?theme=HEAL", "/datasets?sort=title",
    "/api/log/facts?limit=500", "/api/usage?by=day", "/api/contracts?stage=agreed",
    "/api/action/package_list", "/api/action/current_package_list_with_resources",
    "/api/action/tag_list", "/api/action/tag_list?all_fields=true",
    "/api/action/group_list?all_fields=true", "/api/action/organization_list?all_fields=true",
    "/api/action/tag_autocomplete?q=s", "/api/action/package_autocomplete?q=k",
    '/api/action/package_search?facet.field=["tags","groups","organization"]&rows=100',
    "/api/action/package_search?q=*:*&fq=state:active&sort=title_string+asc&start=0",
    "/api/action/recently_changed_packages_activity_list",
)  # fmt: skip
SEARCHES = ("/api/datasets?q={}", "/datasets?q={}", "/api/action/package_search?q={}",
            "/api/action/tag_show?id={}", "/api/action/package_show?id={}-1")  # fmt: skip
FORMATS = ("json", "csv", "parquet")


SEEKERS = ("alma", "bo", "carla", "dora", "nobody", "share token")
ALMAS = ("/api/datasets", "/api/deliveries", "/api/contracts")


def addresses(town):
    """Every address that can be asked for, with every id that there is in every place."""
    paths = town.app.openapi()["paths"]
    for path, methods in paths.items():
        if "get" not in methods or path.startswith(("/files", "/api/action")):
            continue  # files have signatures of their own; the other is CKAN's shorter address
        names = re.findall(r"{(\w+)}", path)
        for values in itertools.product(*(_values(town, path, name) for name in names)):
            yield path.format(**dict(zip(names, values, strict=True)))
    yield from PAGES
    for slug in town.ids["slug"]:
        yield f"/datasets/{slug}"
    for contract, form in itertools.product(town.ids["contract_id"], FORMATS):
        yield f"/contracts/{contract}"
        yield f"/api/contracts/{contract}/rows?format={form}&limit=100"
    for contract in town.ids["contract_id"]:
        yield f"/api/contracts/{contract}/rows?columns={COLUMN}"
        yield f"/api/contracts/{contract}/rows?filter={COLUMN}+is+not+null"
        yield f"/api/contracts/{contract}/rows?order=-{COLUMN}"


def _values(town, path, name):
    slugs, residents = town.ids["slug"], town.people.values()
    found = {
        "action": _actions(town),
        "position": [str(number) for number in range(0, 40, 7)],
        "schema": [town.people["alma"].party],
        "table": slugs[::3],
        "form": ["ttl"],
        "number": ["1"],
        "slug": slugs
        if "/datasets/" in path
        else [resident.party or resident.citizen for resident in residents],
    }
    return found.get(name) or town.ids.get(name) or ["none0"]


def _actions(town):
    shows = ("package_show", "organization_show")
    ids = [*town.ids["slug"], town.people["alma"].party, town.people["dora"].citizen]
    shown = [f"{action}?id={each}" for action in shows for each in ids]
    return [*sorted(set(ACTIONS).difference(shows)), *shown]


@pytest.fixture(scope="module")
def answers(town):
    """All that everybody gets: (who, address) and the answer, headers too."""
    found = {}
    for who, address in itertools.product(SEEKERS, list(addresses(town))):
        if who == "alma" and not address.startswith(ALMAS):
            continue  # she is here to show that the secrets can be found at all
        answer = town.people[who].ask("GET", address)
        heard = f"{answer.headers}".encode() + b"\n" + answer.content
        found[who, address] = (answer.status_code, heard.lower())
    return found


def test_nobody_finds_a_secret_that_is_not_theirs_in_any_byte(answers):
    leaks = [
        f"{who} found {secret} in {address} ({status})"
        for (who, address), (status, heard) in answers.items()
        for secret in SECRETS
        if secret not in MAY_KNOW[who] and secret.encode() in _said(heard, address)
    ]

    assert leaks == []


def _said(heard, address):
    """What was said besides the words of the question."""
    for word in re.findall(r"[\w-]{8,}", address.lower()):
        heard = heard.replace(word.encode(), b"")
    return heard


def test_whoever_may_know_a_secret_finds_it(answers):
    """Without this the search above could be blind."""
    found = {
        who: {secret for (by, _), (_, heard) in answers.items() if by == who
              for secret in SECRETS if secret.encode() in heard}
        for who in SEEKERS
    }  # fmt: skip

    assert {CELL, ROW, HIDDEN, CIRCLE, NOTE} <= found["alma"]
    assert {CIRCLE, NOTE} <= found["bo"]


def test_no_question_whatever_is_a_fault_of_the_exchange(answers):
    broken = [key for key, (status, _) in answers.items() if status >= 500]

    assert broken == []


def test_no_bearer_and_no_password_is_ever_said_again(town, answers):
    said = [
        (who, address)
        for (who, address), (_, heard) in answers.items()
        for secret in (*town.bearers, PASSWORD, "argon2")
        if secret.lower().encode() in heard
    ]

    assert said == []


@pytest.mark.parametrize("who", ["carla", "dora", "nobody", "share token"])
@pytest.mark.parametrize("word", [HIDDEN, CIRCLE])
@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_for_the_secret_itself_finds_what_a_search_for_nothing_does(
    town, who, word, search
):
    """The word that was asked for may come back, so the two answers are compared."""
    asked, nonsense = (
        town.people[who].ask("GET", search.format(term)) for term in (word, "x" * len(word))
    )

    assert asked.status_code == nonsense.status_code
    assert asked.text.replace(word, "") == nonsense.text.replace("x" * len(word), "")


@pytest.mark.parametrize("who", ["carla", "dora", "nobody", "share token"])
def test_counts_do_not_tell_of_what_is_hidden(town, who):
    found = town.people[who].ask("GET", "/api/datasets?provider=aarhus").json()

    assert found["total"] == 2
    assert {each["value"] for each in found["facets"]["theme"]}.isdisjoint({"HEAL", "JUST"})


def test_what_the_exchange_writes_of_itself_holds_no_credential(town, capfd):
    """A log is read by more people than may read as somebody else."""
    capfd.readouterr()
    for bearer in [*town.bearers, "tv_thisisnobodysbearerbutlookslikeone"]:
        headers = {"Authorization": f"Bearer {bearer}"}
        for path in ("/api/me", "/sharing/shares", "/sharing/shares/%00", "/api/datasets?q=%00"):
            town.people["nobody"].ask("GET", path, headers=headers)
    town.people["nobody"].ask("POST", "/api/session", json={"email": "a", "password": PASSWORD})

    written = "".join(capfd.readouterr())
    assert not [bearer for bearer in town.bearers if bearer in written]
    assert "thisisnobodysbearer" not in written
    assert PASSWORD not in written
