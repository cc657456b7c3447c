"""Pages of service and disputes: what a party does there, what is refused, and who sees what."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from torvet.audit import log_key, seal
from torvet.audit.papers import key_json
from torvet.audit.verifier import verify_files
from torvet.trust import close_months, credit_due

from .conftest import DAILY, START

pytestmark = pytest.mark.slow

PAGE = {"Accept": "text/html", "Origin": "http://testserver"}


class Reader:
    """Somebody with a browser."""

    def __init__(self, app, secret):
        self.client = TestClient(app, headers={**PAGE, "Authorization": f"Bearer {secret}"})

    def page(self, path, expected=200):
        return self._read(self.client.get(path), expected)

    def sent(self, path, form, expected=200):
        return self._read(self.client.post(path, data=form), expected)

    @staticmethod
    def _read(answer, expected):
        assert answer.status_code == expected, answer.text
        return answer.text


@pytest.fixture
def readers(town, app):
    cast, scopes = town.cast, ("read", "trade", "publish")
    return {
        "alma": Reader(app, cast.token(cast.alma, *scopes)),
        "bo": Reader(app, cast.token(cast.bo, *scopes)),
        "bos reader": Reader(app, cast.token(cast.bo, "read")),
        "carla": Reader(app, cast.token(cast.carla, *scopes)),
    }


@pytest.fixture
def operator(town, app):
    """Carla, appointed by the machine's owner for as long as a test lasts."""
    with town.parts.db.begin() as tx:
        tx.execute(
            text("update accounts set operator = true where id = :id"),
            {"id": town.cast.carla.account},
        )
    yield Reader(app, town.cast.token(town.cast.carla, "read", "operate"))
    with town.parts.db.begin() as tx:
        tx.execute(text("update accounts set operator = false"))


@pytest.fixture
def sold(town):
    town.parts.clock.set(START)
    before = {one.id for one in town.invoices()}
    contract = town.promised(DAILY)
    town.month_over()
    (new,) = [one for one in town.invoices() if one.id not in before]
    return contract, new


def work(town, **more):
    tomorrow = town.parts.clock.now() + timedelta(days=1)
    return {
        "begins_at": f"{tomorrow:%Y-%m-%dT22:00}",
        "ends_at": f"{tomorrow:%Y-%m-%dT23:30}",
        "words": "A new disk.",
        **more,
    }


def test_work_is_announced_seen_by_readers_and_called_off(town, readers):
    dataset = town.cast.dataset()
    contract, slug = town.promised(DAILY, dataset=dataset), dataset.slug
    path = f"/datasets/{slug}/maintenance"
    assert f'href="{path}"' in readers["alma"].page(f"/datasets/{slug}")
    assert f'href="{path}"' not in readers["bo"].page(f"/datasets/{slug}")

    announced = readers["alma"].sent(path, work(town))

    assert "Call it off" in announced
    for where in (f"/datasets/{slug}", f"/contracts/{contract.id}/service", path):
        seen = readers["bo"].page(where)
        assert "22:00" in seen
        assert "A new disk." in seen
        assert "Call it off" not in seen
    (planned,) = readers["bo"].client.get(f"/api{path}").json()["items"]
    assert planned["begins_at"].endswith("20:00:00Z")  # 22:00 in Copenhagen, in summer
    off = readers["alma"].sent(f"{path}/{planned['id']}/withdrawal", {})
    assert "called off" in off
    assert "A new disk." not in readers["bo"].page(f"/datasets/{slug}")
    again = readers["alma"].sent(f"{path}/{planned['id']}/withdrawal", {}, 404)
    assert "No work" in again


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ({"begins_at": "tonight"}, "is no time"),
        ({"begins_at": "2020-01-01T00:00"}, "begins before it is announced"),
        ({"ends_at": "2030-01-01"}, "more than 7 days"),
    ],
)
def test_work_that_cannot_be_announced_comes_back_as_it_was(town, readers, mistake, said):
    path = f"/datasets/{town.cast.dataset_with_release().slug}/maintenance"

    page = readers["alma"].sent(path, work(town, **mistake), 422)

    assert said in page
    assert "A new disk." in page
    assert all(f'value="{value}"' in page for value in mistake.values())
    readers["bo"].sent(path, work(town), 403)
    assert "No work is announced" in readers["bo"].page(path)


def test_a_month_that_was_kept_badly_shows_its_credit_note_to_who_may_open_it(town, readers, sold):
    contract, _ = sold
    close_months(town.parts)
    credit_due(town.parts)
    path = f"/contracts/{contract.id}/service"

    bos, almas = readers["bo"].page(path), readers["alma"].page(path)

    (kept,) = readers["bo"].client.get(f"/api{path}/months").json()["items"]
    note = readers["bo"].client.get(f"/api/invoices/{kept['notes'][0]}").json()["number"]
    for page in (bos, almas):
        assert "DKK\u00a020.00 was given back, without VAT" in page
    assert f'href="/invoices/{note}"' in bos
    assert note not in almas
    readers["bo"].page(f"/invoices/{note}")


def test_a_dispute_is_opened_from_a_month_and_its_evidence_is_checked_at_home(
    town, readers, sold, tmp_path
):
    contract, _ = sold
    close_months(town.parts)
    seal(town.parts)
    service = readers["bo"].page(f"/contracts/{contract.id}/service")
    assert f"/contracts/{contract.id}/dispute?about=period&amp;subject=2026-06" in service
    form = readers["bo"].page(f"/contracts/{contract.id}/dispute?about=period&subject=2026-06")
    assert 'value="2026-06"' in form

    wish = {"about": "period", "subject": "2026-06", "words": "It was late."}
    opened = readers["bo"].sent(f"/contracts/{contract.id}/disputes", wish)

    assert "torvet verify evidence-" in opened
    made = readers["bo"].client.get("/api/disputes").json()["items"][0]
    bundle = tmp_path / "evidence.json"
    key = tmp_path / "key.json"
    bundle.write_bytes(readers["bo"].client.get(f"/api/disputes/{made['id']}/evidence").content)
    key.write_text(json.dumps(key_json(log_key(town.parts))))
    assert verify_files([bundle], key)["ok"]
    readers["carla"].page(f"/disputes/{made['id']}", 404)
    seen = readers["bos reader"].page(f"/disputes/{made['id']}")
    assert "Take the dispute back" not in seen
    assert "Send</button>" not in seen
    over = readers["bo"].sent(f"/disputes/{made['id']}/withdrawal", {})
    assert "Withdrawn" in over
    assert made["id"] not in readers["bo"].page("/disputes")
    assert made["id"] in readers["bo"].page("/disputes?past=true")


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ({"about": "invoice", "subject": "2026-99999"}, "says nothing of this contract"),
        ({"about": "period", "subject": "spring"}, "spring"),
    ],
)
def test_a_dispute_that_cannot_be_opened_comes_back_as_it_was(town, readers, mistake, said):
    contract = town.promised(DAILY)
    path = f"/contracts/{contract.id}/disputes"

    page = readers["bo"].sent(path, {"words": "Why this?", **mistake}, 422)

    assert said in page
    assert "Why this?" in page
    assert f'value="{mistake["subject"]}"' in page
    assert f'value="{mistake["about"]}" selected' in page
    readers["carla"].sent(path, {"words": "Mine", "about": "service"}, 404)
    readers["bos reader"].sent(path, {"words": "Mine", "about": "service"}, 403)


def test_the_operator_decides_on_the_page_and_a_mistake_comes_back(town, readers, operator, sold):
    contract, bought = sold
    link = f"/contracts/{contract.id}/dispute?about=invoice&amp;subject={bought.number}"
    assert f'href="{link}"' in readers["bo"].page(f"/invoices/{bought.number}")
    wish = {"about": "invoice", "subject": bought.number, "words": "Too much."}
    opened = readers["bo"].sent(f"/contracts/{contract.id}/disputes", wish)
    assert f'href="/invoices/{bought.number}"' in opened
    assert "Decide</button>" not in opened
    (made,) = [
        one
        for one in readers["bo"].client.get("/api/disputes").json()["items"]
        if one["subject"] == bought.id
    ]
    path = f"/disputes/{made['id']}"
    assert "may until" in operator.page(path)
    ruling = {"outcome": "credited", "amount": "30", "reason": "As the log says."}

    early = operator.sent(f"{path}/decision", ruling, 409)
    readers["alma"].sent(f"{path}/messages", {"words": "Not so."})
    wrong = operator.sent(f"{path}/decision", ruling | {"amount": "3.000"}, 422)
    decided = operator.sent(f"{path}/decision", ruling)

    for page in (early, wrong):
        assert "As the log says.</textarea>" in page
        assert 'value="credited" selected' in page
    assert "is no amount of money" in wrong
    assert "DKK\u00a030.00 without VAT: As the log says." in decided
    assert "Credit note" in readers["bo"].page(path)
    assert "Credit note" not in readers["alma"].page(path)


def test_a_question_that_is_refused_comes_back(town, readers):
    contract = town.promised(DAILY)
    path = f"/contracts/{contract.id}/questions"

    refused = readers["alma"].sent(path, {"title": "Why?", "words": "Tell me."}, 403)

    assert "consumer" in refused
    asked = readers["bo"].sent(path, {"title": "Why?", "words": "Tell me."})
    assert "Waits for an answer" in asked
    (question,) = readers["bo"].client.get(f"/api{path}").json()["items"]
    readers["bo"].sent(f"{path}/{question['id']}/closing", {})
    late = readers["alma"].sent(f"{path}/{question['id']}", {"words": "Because."}, 409)
    assert 'role="alert"' in late
