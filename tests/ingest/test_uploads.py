"""Files come in over HTTP: piece by piece or in one stream, each to its own party."""

import hashlib
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from torvet.ingest import UploadId, UploadMoved, sweep, upload_path
from torvet.ingest.tables import uploads
from torvet.ingest.uploads import Intake
from torvet.server import application

PASSWORD = "a square with many stalls"
CONTENT = b"garage,occupied\nBRUUNS,22\n"
CVRS = {"alma": "55133018", "bo": "29189846", "carla": "10150817"}


@pytest.fixture(scope="module")
def person(app):
    """Sign somebody in who acts for an organisation of their own."""
    known = {}

    def make(name):
        if name not in known:
            client = TestClient(app, raise_server_exceptions=False)
            who = {"email": f"{name}@example.dk", "password": PASSWORD}
            assert client.post("/api/accounts", json={"name": name, **who}).status_code == 201
            assert client.post("/api/session", json=who).status_code == 201
            wish = {"name": f"House of {name}", "kind": "public", "cvr": CVRS[name]}
            assert client.post("/api/organisations", json=wish).status_code == 201
            known[name] = client
        return known[name]

    return make


@pytest.fixture
def alma(person):
    return person("alma")


def begin(client, content=CONTENT, **more):
    wish = {"file_name": "parking.csv", "bytes": len(content), **more}
    made = client.post("/api/uploads", json=wish)
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == f"/api/uploads/{made.json()['id']}"
    return made.json()["id"]


def append(client, upload, offset, piece, kind="application/offset+octet-stream"):
    return client.patch(
        f"/api/uploads/{upload}",
        content=piece,
        headers={"Upload-Offset": str(offset), "Content-Type": kind},
    )


def test_a_file_comes_in_piece_by_piece(alma, parts):
    upload = begin(alma, sha256=hashlib.sha256(CONTENT).hexdigest())
    assert append(alma, upload, 0, CONTENT[:10]).json()["received"] == 10
    state = alma.head(f"/api/uploads/{upload}")
    assert (state.headers["Upload-Offset"], state.headers["Upload-Length"]) == (
        "10",
        str(len(CONTENT)),
    )
    last = append(alma, upload, 10, CONTENT[10:]).json()
    assert (last["stage"], last["progress"]) == ("complete", 1.0)
    assert upload_path(parts, UploadId(upload)).read_bytes() == CONTENT


def test_a_piece_at_the_wrong_offset_is_told_the_right_one(alma):
    upload = begin(alma)
    append(alma, upload, 0, CONTENT[:10])
    said = append(alma, upload, 0, CONTENT[:10])
    assert (said.status_code, said.json()["code"]) == (409, "upload-moved")
    assert said.json()["offset"] == 10


def test_what_is_complete_takes_no_more(alma):
    upload = begin(alma)
    append(alma, upload, 0, CONTENT)
    assert append(alma, upload, len(CONTENT), b"").status_code == 409


def test_more_than_was_announced_is_refused_before_it_is_taken(alma, parts):
    upload = begin(alma)
    said = append(alma, upload, 0, CONTENT + b"more")
    assert (said.status_code, said.json()["code"]) == (413, "file-too-large")
    assert alma.get(f"/api/uploads/{upload}").json()["received"] == 0


def test_more_than_was_announced_is_refused_while_it_streams(alma, parts):
    upload = begin(alma)
    said = append(alma, upload, 0, iter([CONTENT, b"more"]))
    assert said.status_code == 413
    assert alma.get(f"/api/uploads/{upload}").json()["received"] == 0
    assert upload_path(parts, UploadId(upload)).stat().st_size == 0


def test_an_upload_over_the_limit_is_refused_from_its_announced_length(alma):
    said = alma.post("/api/uploads", json={"file_name": "x.csv", "bytes": 10 * 1024**3})
    assert (said.status_code, said.json()["code"]) == (413, "file-too-large")
    assert said.json()["advice"]


@pytest.fixture(scope="module")
def narrow(parts):
    """An exchange that takes at most 1,000 bytes, on the same database."""
    settings = parts.settings.model_copy(update={"upload_bytes_max": 1000})
    return application(replace(parts, settings=settings))


@pytest.mark.parametrize("length_known", [True, False])
def test_a_stream_over_the_limit_is_refused_and_nothing_is_left(alma, narrow, parts, length_known):
    before = set((parts.settings.home / "uploads").glob("*"))
    client = TestClient(narrow, cookies=alma.cookies, raise_server_exceptions=False)
    body = b"x" * 2000 if length_known else iter([b"x" * 900, b"x" * 1100])
    said = client.post("/api/uploads/direct", params={"file_name": "x.csv"}, content=body)
    assert (said.status_code, said.json()["code"]) == (413, "file-too-large")
    assert set((parts.settings.home / "uploads").glob("*")) == before


def test_a_whole_file_comes_in_one_stream(alma, parts):
    made = alma.post(
        "/api/uploads/direct",
        params={"file_name": "parking.csv"},
        content=iter([CONTENT[:5], CONTENT[5:]]),
    )
    assert made.status_code == 201, made.text
    assert made.json()["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert made.json()["bytes"] == len(CONTENT)


def test_content_that_changed_on_its_way_is_refused_and_removed(alma, parts):
    upload = begin(alma, sha256="0" * 64)
    said = append(alma, upload, 0, CONTENT)
    assert (said.status_code, said.json()["code"]) == (422, "content-differs")
    assert alma.get(f"/api/uploads/{upload}").status_code == 404
    assert not upload_path(parts, UploadId(upload)).exists()


def test_uploads_of_another_party_are_not_there(alma, person):
    upload = begin(alma)
    bo = person("bo")
    assert bo.get(f"/api/uploads/{upload}").status_code == 404
    assert append(bo, upload, 0, CONTENT).status_code == 404
    assert bo.delete(f"/api/uploads/{upload}").status_code == 404


def test_nobody_uploads_without_signing_in(client):
    wish = {"file_name": "x.csv", "bytes": 1}
    assert client.post("/api/uploads", json=wish).status_code == 401


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "/etc/passwd", "..\\..\\x", "a/../b.csv", "~root"]
)
def test_a_name_is_a_label_and_never_a_path(alma, parts, name):
    home = parts.settings.home
    before = {path for path in home.rglob("*") if "postgres" not in str(path)}
    wish = {"file_name": name, "bytes": len(CONTENT)}
    upload = alma.post("/api/uploads", json=wish).json()["id"]
    append(alma, upload, 0, CONTENT)
    made = {path for path in home.rglob("*") if "postgres" not in str(path)} - before
    assert made - {home / "uploads"} == {home / "uploads" / upload}


@pytest.mark.parametrize("upload", ["..", "../x", "up_..%2f..%2fx", "%2e%2e%2fsecret", "UP_1"])
def test_an_id_that_is_a_path_is_not_found(alma, upload):
    assert alma.get(f"/api/uploads/{upload}").status_code in {404, 405, 422}


def test_a_piece_of_another_kind_is_not_read(alma):
    upload = begin(alma)
    assert append(alma, upload, 0, CONTENT, kind="text/csv").status_code == 415


def test_an_upload_can_be_removed(alma, parts):
    upload = begin(alma)
    assert alma.delete(f"/api/uploads/{upload}").status_code == 204
    assert alma.get(f"/api/uploads/{upload}").status_code == 404
    assert not upload_path(parts, UploadId(upload)).exists()


def test_of_two_who_append_at_once_one_is_told(alma, parts):
    upload = UploadId(begin(alma))
    with parts.db.begin() as tx:
        owner = tx.execute(select(uploads.c.party).where(uploads.c.id == upload)).scalar_one()
    outcomes = []
    ready = threading.Barrier(2)

    def send():
        ready.wait()
        try:
            with Intake(parts, upload, owner, offset=0) as intake:
                intake.take(CONTENT[:10])
                intake.finish()
                outcomes.append("taken")
        except UploadMoved:
            outcomes.append("moved")

    both = [threading.Thread(target=send) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(outcomes) == ["moved", "taken"]
    assert upload_path(parts, upload).read_bytes() == CONTENT[:10]


def test_what_a_broken_piece_left_is_cut_off_before_the_next(alma, parts):
    upload = UploadId(begin(alma))
    upload_path(parts, upload).write_bytes(b"torn half of a piece")
    assert append(alma, upload, 0, CONTENT).json()["stage"] == "complete"
    assert upload_path(parts, upload).read_bytes() == CONTENT


def test_uploads_are_nobody_elses_on_this_machine(alma, parts):
    begin(alma)
    folder = parts.settings.home / "uploads"

    assert folder.stat().st_mode & 0o077 == 0


def test_abandoned_uploads_are_swept_and_others_kept(alma, parts, clock):
    open_one, complete = begin(alma), begin(alma)
    append(alma, complete, 0, CONTENT)
    stray = parts.settings.home / "uploads" / "up_stray"
    stray.touch()
    clock.advance(timedelta(hours=25))
    fresh = begin(alma)
    sweep(parts)
    assert not upload_path(parts, UploadId(open_one)).exists()
    assert upload_path(parts, UploadId(complete)).exists()
    assert upload_path(parts, UploadId(fresh)).exists()
    assert not stray.exists()


def test_tables_that_nobody_finished_are_swept(parts, clock):
    folder = parts.settings.home / "staging" / "src_old"
    folder.mkdir(parents=True)
    clock.advance(timedelta(days=20_000))
    sweep(parts)
    assert not folder.exists()


def test_an_unfinished_upload_cannot_be_delivered(alma):
    upload = begin(alma)
    wish = {"slug": "incomplete", "title": {"en": "Parking"}}
    assert alma.post("/api/datasets", json=wish).status_code == 201
    said = alma.post("/api/datasets/incomplete/deliveries", json={"upload": upload})
    assert (said.status_code, said.json()["code"]) == (409, "upload-incomplete")


def test_a_party_has_only_so_many_unfinished_uploads(person, monkeypatch):
    monkeypatch.setattr("torvet.ingest.uploads.UPLOADS_OPEN_MAX", 2)
    carla = person("carla")
    begin(carla)
    begin(carla)
    said = carla.post("/api/uploads", json={"file_name": "x.csv", "bytes": 1})
    assert (said.status_code, said.json()["code"]) == (429, "too-many-uploads")
