"""A promise is measured by the exchange, kept month by month, and given back exactly once."""

from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from torvet import contracts
from torvet.audit import facts_about, seal, verify_log
from torvet.billing import check_books
from torvet.billing.escrow import release_due, statement
from torvet.billing.invoices import Kind, Status, document, invoice
from torvet.contracts import ContractNotFound
from torvet.trust import close_months, credit_due, hear, look_around, measuring
from torvet.trust.errors import MonthUnfit, NothingPromised
from torvet.trust.model import Credit

from .conftest import DAILY, IN_JULY, JUNE, kr

pytestmark = pytest.mark.slow

ALWAYS = {
    "levels": [
        {"level": "availability", "promised": "99", "back": [{"percent": 10}]},
    ]
}


def report(town, contract, month=None):
    return measuring.report(town.parts, town.cast.bo, contract.id, month)


def finding(town, contract, month=None):
    return report(town, contract, month).report.findings[0]


def test_a_promise_that_is_kept_gives_nothing_back(town, clock):
    dataset = town.cast.dataset_with_release()
    contract = town.promised(DAILY, dataset=dataset)
    clock.advance(hours=20)

    found = finding(town, contract)

    assert (found.measured, found.is_breach, found.percent) == (20, False, 0)


def test_data_that_grew_old_is_a_breach(town, clock):
    contract = town.promised(DAILY)
    clock.advance(hours=25)

    found = finding(town, contract)

    assert (found.measured, found.is_breach, found.percent) == (25, True, 20)
    assert found.figures["oldest_minutes"] == 25 * 60


def test_a_breach_is_credited_once_when_its_month_is_invoiced(town, parts):
    contract = town.promised(DAILY)
    parts.clock.set(IN_JULY)
    assert close_months(parts) >= 1
    assert credit_due(parts) == 0  # not invoiced yet: it waits
    assert report(town, contract, "2026-06").credit is Credit.WAITING

    town.month_over()
    assert credit_due(parts) >= 1
    assert credit_due(parts) == 0
    assert close_months(parts) == 0

    kept = report(town, contract, "2026-06")
    assert kept.amount == kr(2_000)  # 20 % of 100 kr.
    with parts.db.begin() as tx:
        note = invoice(tx, None, kept.notes[0])
        written = document(tx, note.id)
        told = [f.name for f in facts_about(tx, contract.id)]
    assert len(kept.notes) == 1
    assert (note.net, note.kind) == (kr(2_000), Kind.CREDIT_NOTE)
    assert note.language == "da"
    assert written.note == "Serviceniveauer ikke overholdt i 2026-06"
    assert told.count("service-levels-measured") == 1
    assert told.count("service-breach-credited") == 1
    assert check_books(parts).faults == ()
    assert verify_log(parts).ok


def test_what_paid_with_held_money_is_held_again(town, parts):
    contract = town.promised(DAILY, prepaid=True)
    held = town.paid_in(contract, 50_000)
    parts.clock.set(IN_JULY)
    town.month_over()
    release_due(parts)
    with parts.db.begin() as tx:
        before = statement(tx, held.id).hold.rest

    close_months(parts)
    assert credit_due(parts) >= 1

    kept = report(town, contract, "2026-06")
    with parts.db.begin() as tx:
        after = statement(tx, held.id)
        paid = invoice(tx, None, str(after.moves[-1].invoice))
    assert after.hold.rest - before == kept.amount.times(5).times(1).percent(25)
    assert paid.status is Status.PAID
    assert check_books(parts).faults == ()


def test_nothing_charged_is_nothing_given_back(town, parts):
    contract = town.promised(DAILY, price="1 DKK per row")
    parts.clock.set(JUNE.end + timedelta(days=3))
    close_months(parts)

    credit_due(parts)

    assert report(town, contract, "2026-06").credit is Credit.NOTHING


def test_a_clock_that_is_set_back_closes_nothing_twice(town, parts):
    contract = town.promised(DAILY)
    parts.clock.set(IN_JULY)
    close_months(parts)
    first = report(town, contract, "2026-06")

    parts.clock.set(IN_JULY - timedelta(days=3))
    assert close_months(parts) == 0
    parts.clock.set(IN_JULY + timedelta(days=3))

    assert close_months(parts) == 0
    assert report(town, contract, "2026-06").report == first.report


def test_the_exchange_looks_once_a_slot_and_time_without_looking_is_lost(town, parts, clock):
    contract = town.promised(ALWAYS)

    assert look_around(parts) >= 1
    assert look_around(parts) == 0
    clock.advance(minutes=10)
    found = finding(town, contract)

    assert (found.figures["slots"], found.figures["not_measured"]) == (2, 1)
    assert found.measured == 5_000


def test_data_that_cannot_be_read_is_the_providers_fault_where_it_is_not_there(town, parts, clock):
    contract = town.promised(ALWAYS, dataset=town.cast.dataset())

    look_around(parts)
    clock.advance(minutes=5)
    found = finding(town, contract)

    assert found.figures["failed"] == found.figures["by_provider"] == 1
    assert (found.measured, found.percent) == (0, 10)
    with parts.db.begin() as tx:
        (told,) = [f for f in facts_about(tx, contract.id) if f.name == "service-failed"]
    assert told.body["fault"] == "provider"


def test_a_read_that_fails_for_the_exchanges_fault_counts(town, parts, clock, app):
    dataset = town.cast.dataset_with_release()
    contract = town.promised(ALWAYS, dataset=dataset)
    files = list(Path(parts.tables.folder(dataset.table)).rglob("*.parquet"))
    assert files
    gone = [path.rename(path.with_suffix(".away")) for path in files]
    headers = {"Authorization": f"Bearer {town.cast.token(town.cast.bo)}"}
    reader = TestClient(app, raise_server_exceptions=False, headers=headers)

    answer = reader.get(f"/api/contracts/{contract.id}/rows?limit=5")
    for path in gone:
        path.rename(path.with_suffix(".parquet"))
    seal(parts)
    clock.advance(minutes=5)

    assert answer.status_code >= 500
    assert hear(parts) == 1
    assert hear(parts) == 0
    found = finding(town, contract)
    assert (found.figures["failed"], found.figures["by_provider"]) == (1, 0)


def test_a_strangers_contract_has_no_report(town, parts):
    contract = town.promised(DAILY)

    with pytest.raises(ContractNotFound):
        measuring.report(parts, town.cast.carla, contract.id, None)


def test_a_contract_that_promises_nothing_has_no_report(town, parts):
    dataset = town.cast.dataset_with_release()
    contract = town.cast.agree(dataset)

    with pytest.raises(NothingPromised):
        report(town, contract)


@pytest.mark.parametrize("month", ["2026-13", "2026-05", "2031-01", "june"])
def test_months_without_the_contract_have_no_report(town, month):
    contract = town.promised(DAILY)

    with pytest.raises(MonthUnfit):
        report(town, contract, month)


def test_a_contract_that_ended_is_measured_until_then(town, parts, clock):
    contract = town.promised(DAILY)
    clock.advance(hours=10)
    contracts.end(parts, town.cast.bo, contract.id)
    parts.clock.set(IN_JULY)

    close_months(parts)

    kept = report(town, contract, "2026-06")
    assert (kept.report.findings[0].measured, kept.credit) == (10, Credit.NONE)
