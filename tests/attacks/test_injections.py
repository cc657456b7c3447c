"""Text that would be a command somewhere else: in names, filters, rules, queries and addresses."""

import json
import re
from urllib.parse import quote

import pytest

from .town import CELL, COLUMN, HIDDEN

ELSEWHERE = (
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "///evil",
    "/\t/evil.example", "/\n/evil.example", " //evil.example", "javascript:alert(1)",
    "/%09/evil.example\r\nSet-Cookie: a=b", "http:evil.example", "%2f%2fevil.example",
)  # fmt: skip
PATHS = (
    "../../keys/signing.pem", "..%2f..%2fkeys%2fsigning.pem", "%2e%2e/%2e%2e/keys/secret",
    "....//....//keys/secret", "/etc/passwd", "%2fetc%2fpasswd", "..\\..\\keys\\secret",
    "torvet.css/../../../pages.py", "a%00.css",
)  # fmt: skip
SQL = (
    "1=1", "garage = 'x' OR 1=1 --", "id > 0; DROP TABLE facts", "id = (SELECT 1)",
    "id IN (SELECT id FROM read_parquet('/etc/passwd'))", "id > 0 UNION SELECT * FROM t",
    "read_text('/etc/passwd') = 'x'", "getenv('HOME') = 'x'", "id = 1 /* */ or true",
    '"id" = 1 or pg_sleep(9) is null', "street = 'a' || (select 'b')", "id::text = '1'",
    "street = $$x$$", "street = E'\\x41' or current_setting('x') = 'y'",
)  # fmt: skip
STRANGE = ("\0", "a\0b", "\ud800", "\udfff\ud800", "%00", "\ufffd", "\u202e", "\U0001f600" * 50, "'" * 400, "\\" * 400,
           "x" * 5000, "(" * 400, '"' * 399, "-" * 400, "-!" * 200, '-"' * 200, "\r\nX-Evil: 1")  # fmt: skip
PASSWORD_FILE = re.compile(r"root:.*:0:0:")


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("page", ["/sign-in", "/sign-up"])
def test_no_page_sends_a_visitor_to_another_site(town, page, target):
    """Neither by a redirect nor by what its form will post next."""
    shown = town.people["nobody"].ask("GET", page, params={"next": target})
    gone = town.people["dora"].ask("GET", page, params={"next": target})

    assert "evil" not in re.sub(r"\s", "", shown.text)
    assert "evil" not in gone.headers.get("location", "")
    assert not gone.headers.get("location", "/").startswith(("//", "/\\"))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "door",
    ["/static/", "/files/ct_0/", "/datasets/", "/api/uploads/", "/api/datasets/",
     "/sharing/shares/", "/sharing/shares/s/schemas/a/tables/"],
)  # fmt: skip
def test_no_address_leads_out_of_its_folder(town, door, path):
    """With and without the slashes hidden from whoever splits the address."""
    for written in (path, quote(path, safe="")):
        answer = town.people["alma"].ask("GET", door + written)

        assert answer.status_code in {400, 401, 403, 404, 405, 422}
        assert "PRIVATE KEY" not in answer.text
        assert not PASSWORD_FILE.search(answer.text)


def test_a_signed_address_is_good_for_its_own_file_only(town):
    """Each of its parts is changed, one after the other."""
    share, alma = town.ids["share"][0], town.people["alma"].party
    table = f"/sharing/shares/{share}/schemas/{alma}/tables/aabne-pladser/query"
    lines = town.people["bo"].ask("POST", table, json={}).text.splitlines()
    url = json.loads(lines[-1])["file"]["url"].removeprefix(town.parts.settings.url)
    nobody = town.people["nobody"]
    path, query = url.split("?")
    given = dict(part.split("=", 1) for part in query.split("&"))
    other = path.replace(*town.ids["contract_id"])
    forged = [
        f"{other}?{query}",
        f"{path}%2f..?{query}",
        f"{path}.crc?{query}",
        path,
        *(f"{path}?{_query(given | {name: _changed(value)})}" for name, value in given.items()),
        f"{path}?{_query(given | {'table': 'sources%2Fsr_0'})}",
        f"{path}?{_query(given | {'expires': '99999999999'})}",
    ]

    assert nobody.ask("GET", url).status_code == 200
    refused = {nobody.ask("GET", forgery).status_code for forgery in forged}
    assert refused <= {403, 404, 422}


def _query(given):
    return "&".join(f"{name}={value}" for name, value in given.items())


def _changed(value):
    return ("1" if value[0] != "1" else "2") + value[1:]


@pytest.mark.parametrize("text", SQL)
def test_sql_in_a_readers_filter_is_no_filter(town, text):
    rows = f"/api/contracts/{town.ids['contract_id'][0]}/rows"
    answer = town.people["bo"].ask("GET", rows, params={"filter": text})

    assert answer.status_code in {403, 422}
    assert CELL not in answer.text


@pytest.mark.parametrize("text", SQL)
def test_sql_in_terms_and_in_checks_is_refused_when_they_are_written(town, text):
    """A provider's text runs beside the tables of others, so it is read as strictly."""
    alma = town.people["alma"]
    clause = {"clause": "row-filter", "filter": text}
    offer = {"title": "Terms", "clauses": [clause], "preview_acknowledged": True}
    made = alma.ask("POST", "/api/datasets/aabne-pladser/offers", json=offer)
    checked = alma.ask("PATCH", "/api/datasets/kun-metadata", json={"checks": [{"rule": text}]})

    assert made.status_code == 422
    assert checked.status_code == 422


@pytest.mark.parametrize("text", [*SQL, *STRANGE])
@pytest.mark.parametrize(
    ("address", "name"),
    [("/api/datasets", "q"), ("/datasets", "q"), ("/api/datasets", "tag"),
     ("/api/datasets", "provider"), ("/api/action/package_search", "q"),
     ("/api/action/package_search", "fq"), ("/api/action/package_search", "sort")],
)  # fmt: skip
def test_no_text_in_a_search_is_more_than_words(town, address, name, text):
    answer = town.people["nobody"].ask("GET", address, params={name: _sent(text)})

    assert answer.status_code < 500
    assert "X-Evil" not in answer.headers
    assert HIDDEN not in answer.text


@pytest.mark.parametrize("text", STRANGE)
def test_no_text_whatever_breaks_a_read_or_a_deed(town, text):
    bo, contract = town.people["bo"], town.ids["contract_id"][0]
    rows = f"/api/contracts/{contract}/rows"
    raw = json.dumps({"purpose": text, "note": text}).encode()
    as_json = {"Content-Type": "application/json"}
    offer = f"/api/offers/{town.ids['offer_id'][2]}/contracts"
    answers = [
        *(
            bo.ask("GET", rows, params={name: _sent(text)})
            for name in ("filter", "columns", "order", "cursor", "release", "format", "limit")
        ),
        bo.ask("POST", offer, content=raw, headers=as_json),
        town.people["nobody"].ask(
            "POST", "/api/session", content=json.dumps({"email": text, "password": text}).encode(),
            headers=as_json,
        ),
        bo.ask("POST", f"/api/contracts/{contract}/explanation", headers=as_json,
               content=json.dumps({"columns": [text], "filter": text}).encode()),
        bo.ask("GET", f"/api/datasets/{quote(_sent(text), safe='')}"),
    ]  # fmt: skip

    assert max(answer.status_code for answer in answers) < 500


@pytest.mark.parametrize("text", STRANGE)
def test_no_name_of_a_file_is_a_path_or_breaks_an_upload(town, text):
    params = {"file_name": f"../../{_sent(text)}"}
    answer = town.people["alma"].ask(
        "POST", "/api/uploads/direct", params=params, content=b"a\n1\n"
    )

    assert answer.status_code in {201, 422}
    assert not list(town.parts.settings.home.parent.glob("*.csv"))


@pytest.mark.parametrize("column", [COLUMN, "pay", f'"{COLUMN}"', f"t.{COLUMN}", "*", "rowid"])
def test_a_withheld_column_answers_no_question(town, column):
    """Neither shown, nor compared with, nor sorted by: each would tell its values."""
    rows = f"/api/contracts/{town.ids['contract_id'][0]}/rows"
    asked = ({"columns": column}, {"filter": f"{column} is not null"}, {"order": column})

    for wish in asked:
        answer = town.people["bo"].ask("GET", rows, params=wish)
        assert answer.status_code in {403, 422}
        assert CELL not in answer.text


def _sent(text):
    """Half a surrogate pair goes out as the bytes that some programs make of it."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def test_what_a_provider_writes_stays_text_on_every_page(town):
    """And if it did not, the page would not run it."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7 * 7 }}"
    alma, nobody = town.people["alma"], town.people["nobody"]
    wish = {"title": {"en": evil}, "description": {"en": evil}, "keywords": [evil]}
    more = {"attribution": evil, "contact": {"name": evil}, "visibility": "public"}
    alma.made("/api/datasets", {"slug": "evil", **wish, **more})
    alma.made("/api/datasets/evil/offers", {"title": evil, "clauses": []})

    for address in ("/", "/datasets", "/datasets?q=<script>alert(1)</script>", "/datasets/evil"):
        page = nobody.ask("GET", address)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "49" not in re.findall(r"{{.*?}}|\b49\b", page.text)
        assert "script-src 'self'" in page.headers["content-security-policy"]


def test_an_etag_tells_nothing_to_whose_contract_is_over(town):
    """Else a former consumer could watch for releases without reading one."""
    alma, bo, contract = town.people["alma"], town.people["bo"], town.ids["contract_id"][1]
    rows = f"/api/contracts/{contract}/rows"
    known = {"If-None-Match": bo.ask("GET", rows).headers["etag"]}
    assert bo.ask("GET", rows, headers=known).status_code == 304

    alma.made(f"/api/contracts/{contract}/revocation", {"reason": "the town moved"}, 200)

    assert bo.ask("GET", rows, headers=known).status_code == 403
    assert bo.ask("GET", rows, headers={"If-None-Match": "*"}).status_code == 403
