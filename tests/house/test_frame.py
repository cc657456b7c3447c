"""What the frame answers before and beside every route, and where a route breaks."""

import pytest
import structlog
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import StreamingResponse

from torvet import parties
from torvet.web.bodies import BODY_BYTES_MAX, take_stream
from torvet.web.frame import SECURITY_HEADERS, new_app

pytestmark = pytest.mark.slow

PROBLEM = "application/problem+json"


@pytest.fixture
def ask(app):
    """A client that is told of bugs as anyone else is."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client.request


def _explained(answer, status):
    """Return a problem, after looking that it is one."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    said = answer.json()
    assert said["status"] == status
    assert said["type"] == f"/problems/{said['code']}"
    assert said["title"]
    assert said["advice"]
    assert answer.headers.items() >= {k.lower(): v for k, v in SECURITY_HEADERS.items()}.items()
    return said


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/static/nowhere.css"])
def test_an_unknown_address_is_a_problem(ask, path):
    _explained(ask("GET", path), 404)


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("PUT", "/api/datasets/parking", "DELETE, GET, PATCH"),
        ("OPTIONS", "/api/tokens", "GET, POST"),
        ("GET", "/api/session", "DELETE, PATCH, POST"),
        ("POST", "/static/site.css", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_taken_is_told_which_are(ask, method, path, taken):
    answer = ask(method, path)

    _explained(answer, 405)
    assert answer.headers["allow"] == taken


def test_head_of_an_address_without_it_names_the_methods_and_has_no_body(ask):
    answer = ask("HEAD", "/api/tokens")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b'{"email": "\xff"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"email=a", "text/plain", 422),
        (b"email=a", "application/x-www-form-urlencoded", 422),
        (b"", "application/json", 422),
        (b'"\\ud800"', "application/json", 422),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(ask, content, kind, status):
    answer = ask("POST", "/api/session", content=content, headers={"Content-Type": kind})

    _explained(answer, status)


def test_a_body_that_is_longer_than_allowed_is_not_read(ask):
    answer = ask("POST", "/api/session", content=b" " * (BODY_BYTES_MAX + 1))

    assert str(BODY_BYTES_MAX) in _explained(answer, 413)["title"]


def test_a_body_that_hides_its_length_is_read_no_further_than_allowed(ask):
    sent = []

    def pieces():
        for number in range(100):
            sent.append(number)
            yield b" " * (BODY_BYTES_MAX // 4)

    _explained(ask("POST", "/api/session", content=pieces()), 413)


def test_a_form_is_limited_too(ask):
    answer = ask(
        "POST",
        "/sign-in",
        content=b"email=" + b"a" * BODY_BYTES_MAX,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    _explained(answer, 413)


class _Body(BaseModel):
    text: str


@pytest.fixture
def broken(parts):
    """An application of the frame alone, with routes that break."""
    app = new_app(parts)

    @app.get("/bug")
    def bug():
        raise RuntimeError("a secret of the house")

    @app.get("/bug-in-the-middle")
    def in_the_middle():
        def lines():
            yield b"one\n"
            raise RuntimeError("a secret of the house")

        return StreamingResponse(lines())

    @app.post("/stream")
    async def stream(request: Request):
        take_stream(request)
        return {"bytes": len(await request.body())}

    @app.post("/body")
    def body(wish: _Body):
        return {"characters": len(wish.text)}

    return app


def test_a_bug_is_a_problem_that_gives_nothing_away_and_is_in_the_log(broken):
    client = TestClient(broken)

    with structlog.testing.capture_logs() as log:
        answer = client.get("/bug")

    assert _explained(answer, 500)["code"] == "exchange-failed"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    [line] = [each for each in log if each["log_level"] == "error"]
    assert (line["method"], line["path"]) == ("GET", "/bug")
    assert str(line["exc_info"]) == "a secret of the house"


def test_an_answer_that_breaks_in_the_middle_is_not_ended_as_a_whole_one(broken):
    with pytest.raises(RuntimeError, match="secret"):
        TestClient(broken).get("/bug-in-the-middle")


def test_a_stream_may_be_longer_than_what_is_read_into_memory(broken):
    sent = b" " * (BODY_BYTES_MAX + 1)

    assert TestClient(broken).post("/stream", content=sent).json() == {"bytes": len(sent)}


def test_files_go_in_whole_although_they_are_longer_than_other_bodies(ask, parts):
    parties.sign_up(parts, email="alma@example.org", name="Alma", password="a square with stalls")
    bearer = f"Bearer {parties.local_session(parts, 'alma@example.org')}"
    headers = {"Authorization": bearer, "Content-Type": "application/octet-stream"}
    file = b"n\n" + b"1\n" * (BODY_BYTES_MAX // 2 + 1)

    direct = ask(
        "POST", "/api/uploads/direct?file_name=n.csv", content=file, headers=headers
    ).json()
    wish = {"file_name": "n.csv", "bytes": len(file)}
    begun = ask("POST", "/api/uploads", json=wish, headers={"Authorization": bearer}).json()
    sent = ask(
        "PATCH",
        f"/api/uploads/{begun['id']}",
        content=file,
        headers={**headers, "Upload-Offset": "0"},
    ).json()

    assert (direct["received"], sent["received"]) == (len(file), len(file))


def test_a_body_of_just_the_limit_is_read(broken):
    frame = len(b'{"text":""}')

    answer = TestClient(broken).post(
        "/body",
        content=b'{"text":"' + b"a" * (BODY_BYTES_MAX - frame) + b'"}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.json() == {"characters": BODY_BYTES_MAX - frame}
