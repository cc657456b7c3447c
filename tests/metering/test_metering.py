"""Every delivered row is counted exactly once, whatever fails and in whatever portions."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from examples import examples
from torvet.audit import record, rewind, seal
from torvet.jobs import known
from torvet.metering import (
    Channel,
    Count,
    Grain,
    PeriodTurned,
    catch_up,
    rebuild,
    service,
    usage_of,
)
from torvet.metering.model import Event, Slot, event_of
from torvet.metering.rules import summed, total

from .conftest import ALMA, BO, CARLA, NOON, another, usage

YEAR = {"start": NOON - timedelta(days=1), "end": NOON + timedelta(days=365)}

slots = st.builds(
    Slot,
    contract=st.sampled_from(["ct_1", "ct_2"]),
    hour=st.integers(0, 3).map(lambda hours: NOON + timedelta(hours=hours)),
    channel=st.sampled_from(Channel),
    dataset=st.just("ds_1"),
    parties=st.just((ALMA, BO)),
)
quantities = st.integers(0, 2**53 - 1)
counts = st.builds(Count, rows=quantities, bytes=quantities, requests=quantities)
events = st.builds(Event, slot=slots, count=counts)


@pytest.fixture
def meter(parts):
    """Record facts, seal them and count them; a log of its own for the names it is given."""

    def counted(*facts):
        with parts.db.begin() as tx:
            for fact in facts:
                record(tx, fact)
        seal(parts)
        return catch_up(parts)

    return counted


def used(parts, party=BO, **asked):
    with parts.db.begin() as tx:
        return usage_of(tx, frozenset({party}), **{**YEAR, **asked})


@settings(deadline=None)
@given(st.lists(events, max_size=30), st.randoms())
def test_sums_are_preserved_in_whatever_order_and_portions(all_of_them, chance):
    shuffled = list(all_of_them)
    chance.shuffle(shuffled)
    cut = chance.randint(0, len(shuffled))
    first, rest = summed(shuffled[:cut]), summed(shuffled[cut:])

    together = summed(all_of_them)

    assert {s: first.get(s, Count()) + rest.get(s, Count()) for s in first | rest} == together
    assert total(together).rows == sum(event.count.rows for event in all_of_them)
    assert total(together).bytes == sum(event.count.bytes for event in all_of_them)
    assert total(together).requests == sum(event.count.requests for event in all_of_them)


portions = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 180), st.integers(0, 10**9)), max_size=5),
        st.sampled_from(["count", "fail", "twice", "rebuild", "later"]),
    ),
    max_size=8,
)
_case = iter(range(10**6))


@settings(
    deadline=None,
    max_examples=examples(25),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(portions)
def test_sums_are_those_of_the_log_whatever_happens_in_between(parts, monkeypatch, steps):
    contract = f"ct_law_{next(_case)}"
    recorded = Count()
    for facts, then in steps:
        with parts.db.begin() as tx:
            for minutes, rows in facts:
                record(tx, usage(contract, minutes=minutes, rows=rows))
                recorded += Count(rows=rows, bytes=10 * rows, requests=1)
        seal(parts)
        if then == "fail":
            _fail_half_way(parts, monkeypatch)
        if then == "rebuild":
            rebuild(parts)
        if then in {"count", "twice"}:
            catch_up(parts)
        if then == "twice":
            assert catch_up(parts) == 0
    catch_up(parts)

    found = used(parts, contract=contract)

    assert sum((one.count for one in found), start=Count()) == recorded
    assert len({(one.begin, one.channel) for one in found}) == len(found)


class PowerCut(Exception):
    pass


def _fail_half_way(parts, monkeypatch):
    def cut(*_arguments):
        raise PowerCut

    with monkeypatch.context() as during:
        during.setattr(service, "advance", cut)  # after the sums, before the place
        try:
            catch_up(parts)
        except PowerCut:
            return


def test_use_is_told_by_contract_hour_and_channel(parts, meter):
    meter(
        usage("ct_a", minutes=0, rows=5),
        usage("ct_a", minutes=59, rows=7),
        usage("ct_a", minutes=60, rows=11),
        another(),
        usage("ct_a", minutes=61, rows=13, channel="sharing"),
    )

    found = [
        (one.begin, one.channel, one.count.rows, one.count.bytes, one.count.requests)
        for one in used(parts, contract="ct_a")
    ]

    later = NOON + timedelta(hours=1)
    assert found == [
        (NOON, Channel.REST, 12, 120, 2),
        (later, Channel.REST, 11, 110, 1),
        (later, Channel.SHARING, 13, 130, 1),
    ]


def test_days_are_sums_of_their_hours(parts, meter):
    meter(*(usage("ct_d", minutes=60 * hour, rows=1) for hour in range(-2, 30)))

    days = used(parts, contract="ct_d", grain=Grain.DAY)

    assert [(day.begin.isoformat(), day.count.rows) for day in days] == [
        ("2026-06-01T00:00:00+00:00", 14),
        ("2026-06-02T00:00:00+00:00", 18),
    ]


def test_consumer_and_provider_see_the_same_and_a_stranger_nothing(parts, meter):
    meter(usage("ct_b"))

    assert used(parts, ALMA, contract="ct_b") == used(parts, BO, contract="ct_b") != []
    assert used(parts, CARLA, contract="ct_b") == []
    with parts.db.begin() as tx:
        assert usage_of(tx, frozenset(), contract="ct_b", **YEAR) == []


def test_two_meters_at_once_count_each_fact_once(parts, meter):
    meter()
    with parts.db.begin() as tx:
        for _ in range(500):
            record(tx, usage("ct_race"))
    seal(parts)
    done = []
    crowd = [threading.Thread(target=lambda: done.append(catch_up(parts))) for _ in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert sum(done) == 500
    assert [one.count.requests for one in used(parts, contract="ct_race")] == [500]


METER = """
import sys
from pathlib import Path
from torvet.exchange import open_parts
from torvet.metering import catch_up, service
from torvet.settings import Settings
service.FACTS_AT_A_TIME = 5
with open_parts(Settings(home=Path(sys.argv[2]), database=sys.argv[1]), migrate=False) as parts:
    print("ready", flush=True)
    while True:
        catch_up(parts)
"""


@pytest.mark.slow
def test_a_meter_killed_in_mid_work_counts_each_fact_once(parts, settings, meter):
    meter()
    with parts.db.begin() as tx:
        for _ in range(3000):
            record(tx, usage("ct_kill"))
    seal(parts)
    command = [sys.executable, "-c", METER, settings.database, str(settings.home)]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            before = _requests(parts, "ct_kill")
            while _requests(parts, "ct_kill") == before < 3000:
                pass
            os.kill(process.pid, signal.SIGKILL)
    assert 0 < _requests(parts, "ct_kill") < 3000, "no meter died in mid-work"

    catch_up(parts)

    assert _requests(parts, "ct_kill") == 3000


def _requests(parts, contract):
    return sum(one.count.requests for one in used(parts, contract=contract))


def test_counting_again_gives_the_same_sums(parts, meter):
    meter(usage("ct_r", rows=3), usage("ct_r", minutes=90, rows=4))
    with parts.db.begin() as tx:
        before = tx.execute(text("select * from usage_hours order by 1, 2, 3")).all()

    rebuild(parts)

    with parts.db.begin() as tx:
        assert tx.execute(text("select * from usage_hours order by 1, 2, 3")).all() == before


def test_sums_that_were_tampered_with_are_made_good_from_the_log(parts, meter):
    meter(usage("ct_t", rows=3))
    with parts.db.begin() as tx:
        tx.execute(text("update usage_hours set rows = 0 where contract = 'ct_t'"))

    rebuild(parts)

    assert [one.count.rows for one in used(parts, contract="ct_t")] == [3]


@pytest.mark.parametrize(
    "odd", [{"rows": -1}, {"rows": "many"}, {"channel": "carrier pigeon"}, {"bytes": True}]
)
def test_an_event_that_nobody_understands_is_told_and_holds_up_no_other(parts, meter, odd):
    contract = f"ct_{next(_case)}"

    assert meter(usage(contract), usage(contract, **{"rows": 1, **odd}), usage(contract)) == 2

    assert _requests(parts, contract) == 2
    with parts.db.begin() as tx:
        assert tx.scalar(text("select fault from usage_faults order by position desc limit 1"))


def test_an_event_without_a_quantity_is_none():
    with pytest.raises(KeyError, match="channel"):
        event_of(NOON, (ALMA,), {"contract": "ct", "dataset": "ds"})


def test_a_period_without_time_is_refused(parts):
    with parts.db.begin() as tx, pytest.raises(PeriodTurned, match="no time between"):
        usage_of(tx, frozenset({BO}), start=NOON, end=NOON)


def test_the_workers_meter_every_two_seconds():
    assert "metering.catch-up" in known()


@pytest.fixture
def member(app):
    """Somebody signed in, with the id of their citizen party."""
    client = TestClient(app)
    email = f"bo.{next(_case)}@example.org"
    known_by = {"email": email, "password": "a square with many stalls"}
    assert client.post("/api/accounts", json={**known_by, "name": "Bo"}).status_code == 201
    assert client.post("/api/session", json=known_by).status_code == 201
    party = client.get("/api/me").json()["memberships"][0]["party"]["id"]
    yield client, party
    client.close()


def test_usage_over_http_is_that_of_ones_own_party(parts, meter, member):
    client, party = member
    meter(
        usage("ct_http", parties=(ALMA, party), rows=20), usage("ct_theirs", parties=(ALMA, CARLA))
    )

    answer = client.get(
        "/api/usage", params={"from": "2026-06-01T00:00:00Z", "to": "2026-06-02T00:00:00Z"}
    )

    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert [item["rows"] for item in report["items"]] == [20]
    assert report["total"] == {"rows": 20, "bytes": 200, "requests": 1}
    assert (report["complete"], report["waiting"]) == (True, 0)


def test_a_page_that_was_cut_off_says_so_and_its_total_is_whole(parts, meter, member):
    client, party = member
    meter(*(usage("ct_cut", parties=(party,), minutes=60 * hour) for hour in range(5)))

    report = client.get("/api/usage", params={"to": "2026-06-03T00:00:00Z", "limit": 2}).json()

    assert len(report["items"]) == 2
    assert report["complete"] is False
    assert report["total"]["requests"] == 5


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"from": "2026-06-02T00:00:00Z", "to": "2026-06-01T00:00:00Z"}, "period-turned"),
        ({"from": "2026-06-02T00:00:00"}, "request-invalid"),
        ({"by": "week"}, "request-invalid"),
        ({"to": "0001-01-01T00:00:00Z"}, "period-turned"),
    ],
)
def test_a_question_that_makes_no_sense_is_explained(member, asked, code):
    answer = member[0].get("/api/usage", params=asked)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_usage_is_not_for_strangers(app):
    with TestClient(app) as client:
        assert client.get("/api/usage").status_code == 401


def test_rewinding_alone_does_not_change_what_was_counted(parts, meter):
    meter(usage("ct_w"))
    with parts.db.begin() as tx:
        rewind(tx, "somebody else")

    assert catch_up(parts) == 0
    assert _requests(parts, "ct_w") == 1
