"""What a provider delivered stays with the provider: every door, every role, every byte and value.

A utility publishes four tables about its customers: one anonymised, one as cells, one that only
answers, and one that waits without a policy. Secrets are planted in each source: names of
customers, a metering point, and a home like no other. Everybody asks for every address that the
interface describes, reads all rows in all formats, and fetches every file that Delta Sharing names.
"""

import io
import itertools
import json
import re
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet.jobs import run_worker
from torvet.parties import make_operator

from .test_secrets import PAGES, addresses
from .town import PASSWORD, Resident, Town

CUSTOMER = "kundehemmelighed"
"""In every identifier of every source."""
LONELY = "fyrtaarnsbolig"
"""The kind of one home: alone in its row, it has to be left out."""
POINT = "571313000000002000"
"""The metering point of one reading."""
SET_ASIDE = "afvistkundevaerdi"
"""In a row that did not fit; its provider may see it, and nobody else."""
SECRETS = (CUSTOMER, LONELY, POINT, SET_ASIDE)

FORMATS = ("json", "ndjson", "csv", "parquet", "arrow")
SEEKERS = ("alma", "bo", "carla", "dora", "olga", "nobody", "share token")
CAPABILITIES = ("responseformat=parquet", "responseformat=delta")
ROWS = 600


def homes():
    lines = ["customer_id,unit_type,construction_year,energy_label"]
    lines += [
        f"{CUSTOMER}{n},{('house', 'flat')[n % 2]},{1900 + n % 30},{'ABC'[n % 3]}"
        for n in range(ROWS)
    ]
    lines.append(f"{CUSTOMER}{ROWS},{LONELY},1931,A")
    lines.append(f"{CUSTOMER}{ROWS + 1},house,{SET_ASIDE},A")
    return ("\n".join(lines) + "\n").encode()


def readings():
    lines = ["meter_id,zone,hour,energy_wh"]
    lines += [
        f"{CUSTOMER}{m},{m % 3},{h},{1000 + (m * 7 + h) % 300}" for m in range(90) for h in range(5)
    ]
    lines.append(f"{POINT},{9},{0},{918273645}")
    return ("\n".join(lines) + "\n").encode()


HOMES = [
    {"name": "customer_id", "type": "text"},
    {"name": "unit_type", "type": "text"},
    {"name": "construction_year", "type": "integer"},
    {"name": "energy_label", "type": "text"},
]
ANSWERS = {
    "unit": "meter_id",
    "slot": ["hour"],
    "slots_per_unit": 5,
    "keys": {"zone": [0, 1, 2]},
    "bounds": {"energy_wh": [0, 2000]},
    "micro_rho_per_consumer": 100_000,
    "micro_rho_per_dataset": 500_000,
}


class Utility(Town):
    """The town, whose first provider is a utility with customers."""

    def _people(self):
        super()._people()
        olga = self._citizen("olga")
        make_operator(self.parts, olga)

    def _citizen(self, name):
        person, email = Resident(self._client()), f"{name}.utility@example.org"
        person.made("/api/accounts", {"email": email, "name": name, "password": PASSWORD})
        person.made("/api/session", {"email": email, "password": PASSWORD})
        person.citizen = person.ask("GET", "/api/me").json()["memberships"][0]["party"]["slug"]
        self.people[name] = person
        return email

    def _datasets(self):
        self._treated("boliger", homes(), {}, schema=HOMES)
        self._treated("celler", readings(), {})
        self._treated("svar", readings(), {"treatment": "answers", "answers": ANSWERS})
        self._treated("venter", homes(), None, schema=HOMES)

    def _treated(self, slug, content, changes, schema=None):
        """Deliver; set the proposed policy with `changes`, or leave it waiting where None."""
        alma = self.people["alma"]
        wish = {"slug": slug, "title": {"en": slug}, "visibility": "public"}
        made = alma.made("/api/datasets", wish)
        upload = alma.ask(
            "POST", "/api/uploads/direct", params={"file_name": f"{slug}.csv"}, content=content
        ).json()["id"]
        wish = {"upload": upload, "mode": "replace", "schema": schema}
        delivery = alma.made(f"/api/datasets/{slug}/deliveries", wish, 202)["id"]
        run_worker(self.parts, once=True)
        self._keep(slug=slug, dataset=made["id"], upload_id=upload, delivery=delivery)
        assert alma.ask("GET", f"/api/deliveries/{delivery}").json()["stage"] == "held"
        if changes is None:
            return
        proposal = alma.ask("GET", f"/api/datasets/{slug}/privacy/proposal").json()
        answer = alma.ask(
            "PUT", f"/api/datasets/{slug}/privacy", json={**proposal["policy"], **changes}
        )
        assert answer.status_code == 200, answer.text
        run_worker(self.parts, once=True)
        done = alma.ask("GET", f"/api/deliveries/{delivery}").json()
        assert done["stage"] == "published", done

    def _contracts(self):
        alma, bo = self.people["alma"], self.people["bo"]
        for slug in ("boliger", "celler"):
            self._agreed(alma, bo, slug, "All that is released", [])
        profile = bo.made(f"/api/contracts/{self.ids['contract_id'][0]}/profile", {})
        self.people["share token"] = self.bearer(profile["bearerToken"])
        member = bo.ask("GET", f"/api/organisations/{bo.party}/members").json()["items"][0]
        self._keep(token_id=self.token("bo", "read")[0], account=member["account"])


@pytest.fixture(scope="module")
def town(app, parts):
    with ExitStack() as doors:
        yield Utility(app, parts, doors).settle()


@pytest.fixture(scope="module")
def heard(town):
    """All that everybody gets: (who, where) and what was said, files as the values in them."""
    found = {}
    asked = sorted({*addresses(town), *PAGES, *_more(town)})
    for who, address in itertools.product(SEEKERS, asked):
        found[who, address] = _searchable(town.people[who].ask("GET", address))
    for who in ("bo", "share token", "carla", "alma", "nobody", "olga"):
        found.update(_shared(town, who))
    return found


def _more(town):
    for contract, form in itertools.product(town.ids["contract_id"], FORMATS):
        yield f"/api/contracts/{contract}/rows?format={form}&limit=2000"
        yield f"/api/contracts/{contract}/rows?format={form}&release=1&limit=2000"
    for contract in town.ids["contract_id"]:
        yield f"/api/contracts/{contract}/rows?columns=customer_id"
        yield f"/api/contracts/{contract}/rows?filter=unit_type+%3D+'house'"
        yield f"/api/contracts/{contract}/rows?filter=unit_type+%3E+'farm'&order=-unit_type"
    for delivery in town.ids["delivery"]:
        yield f"/api/deliveries/{delivery}/rejected"
    for slug, table in itertools.product(town.ids["slug"], ("sources", "answers", "rejected")):
        yield f"/files/{table}/{slug}"


def _shared(town, who):
    """What Delta Sharing says and hands out to one of them."""
    person, found = town.people[who], {}
    for share, slug, more in itertools.product(
        town.ids["share"], ("boliger", "celler"), CAPABILITIES
    ):
        schema = town.people["alma"].party
        table = f"/sharing/shares/{share}/schemas/{schema}/tables/{slug}"
        headers = {"delta-sharing-capabilities": more}
        answers = [person.ask("POST", f"{table}/query", json={}, headers=headers)]
        answers += [
            person.ask("GET", f"{table}/{call}", headers=headers)
            for call in ("metadata", "version", "changes?startingVersion=0&endingVersion=1")
        ]
        for number, answer in enumerate(answers):
            found[who, f"{table} {more} {number}"] = _searchable(answer)
            for url in set(re.findall(r'"(?:url|path)":"([^"]+/files/[^"]+)"', answer.text)):
                at = url[url.index("/files/") :].replace("\\u0026", "&")
                found[who, at] = _searchable(person.ask("GET", at))
    return found


def _searchable(answer):
    """Return the status and all that an answer says: also inside what is compressed."""
    said = f"{answer.headers}".encode() + b"\n" + answer.content
    if answer.content[:4] == b"PAR1":
        file = pq.ParquetFile(io.BytesIO(answer.content))
        said += repr(file.read().to_pydict()).encode()
        said += repr((file.metadata.to_dict(), file.metadata.metadata)).encode()
    elif "arrow" in answer.headers.get("content-type", "") and answer.status_code == 200:
        said += repr(pa.ipc.open_stream(answer.content).read_all().to_pydict()).encode()
    return answer.status_code, said.lower()


def test_no_role_reads_a_row_of_a_source_through_any_door(heard):
    leaks = [
        f"{who} found {secret} in {where} ({status})"
        for (who, where), (status, said) in heard.items()
        for secret in SECRETS
        if secret.encode() in said and not _own(who, where, secret)
    ]

    assert leaks == []


def _own(who, where, secret):
    """The provider's own right: the rows of its delivery that did not fit, each with the reason."""
    return who == "alma" and secret == SET_ASIDE and where.endswith("/rejected")


def test_the_doors_were_open_and_released_rows_came_through_them(heard, town):
    """Without this the search above could be blind."""
    read = [
        where
        for (who, where), (status, said) in heard.items()
        if who == "bo" and status == 200 and b"house" in said and "/rows?" in where
    ]
    files = [
        where
        for (who, where), (status, said) in heard.items()
        if who == "share token" and status == 200 and where.startswith("/files/")
    ]

    assert len(read) >= 5
    assert files
    assert any(b"house" in heard["share token", where][1] for where in files)


def test_a_search_of_the_source_itself_would_find_every_secret(town):
    found = b""
    for delivery in town.ids["delivery"]:
        source = town.people["alma"].ask("GET", f"/api/deliveries/{delivery}").json()["source"]
        for table in (f"sources/{source}", f"rejected/{source}"):
            if town.parts.tables.version(table) == 1:
                for uri in town.parts.tables.file_uris(table, 1):
                    rows = pq.read_table(uri.removeprefix("file://")).to_pydict()
                    found += json.dumps(rows, default=str).encode()

    assert [secret for secret in SECRETS if secret.encode() not in found] == []


def test_the_provider_sees_its_own_rows_that_did_not_fit(heard):
    assert any(
        SET_ASIDE.encode() in said
        for (who, where), (_, said) in heard.items()
        if who == "alma" and where.endswith("/rejected")
    )


def test_no_door_is_a_fault_of_the_exchange(heard):
    assert [key for key, (status, _) in heard.items() if status >= 500] == []
