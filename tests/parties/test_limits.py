"""Rate limits: per account that somebody vouched for, per address for everybody else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from torvet.server import application
from torvet.web.limits import Buckets, Known

PER_MINUTE = 20


class Ticks:
    def __init__(self):
        self.at_s = 0.0

    def __call__(self):
        return self.at_s


@pytest.fixture
def strict(parts):
    """The exchange, patient with nobody."""
    few = parts.settings.model_copy(
        update={"requests_per_minute": PER_MINUTE, "sign_ins_per_minute": 3}
    )
    return application(replace(parts, settings=few))


def ask(client, times, **headers):
    return [client.get("/api/parties/nowhere", headers=headers).status_code for _ in range(times)]


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 100))
def test_no_more_is_let_through_than_the_bucket_holds_and_the_time_refills(pauses, per_minute):
    clock = Ticks()
    buckets = Buckets(per_minute, clock=clock)
    let_through = 0
    for pause in pauses:
        clock.at_s += pause
        let_through += buckets.take("somebody") == 0

    assert let_through <= per_minute + clock.at_s * per_minute / 60 + 1e-6


@given(st.integers(1, 1000))
def test_whoever_waits_as_told_is_let_through(per_minute):
    clock = Ticks()
    buckets = Buckets(per_minute, clock=clock)
    while not (wait_s := buckets.take("somebody")):
        pass
    clock.at_s += wait_s + 1e-6

    assert buckets.take("somebody") == 0


def test_one_callers_haste_is_not_anothers():
    buckets = Buckets(1, clock=Ticks())
    buckets.take("hasty")

    assert buckets.take("hasty") > 0
    assert buckets.take("calm") == 0


def test_memory_stays_bounded_however_many_callers_there_are():
    buckets = Buckets(1, clock=Ticks(), callers_max=100)
    known = Known(most=100)
    for number in range(1000):
        buckets.take(f"address {number}")
        known.note(str(number).encode(), "ac_1")

    assert len(buckets) == len(known) == 100


def test_who_asks_too_often_is_told_when_to_come_again(strict):
    with TestClient(strict) as client:
        assert ask(client, PER_MINUTE) == [404] * PER_MINUTE
        refused = client.get("/api/parties/nowhere")

    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) == refused.json()["retry_after_s"] >= 1
    assert refused.headers["X-Content-Type-Options"] == "nosniff"


def test_made_up_credentials_buy_nothing(strict):
    with TestClient(strict) as client:
        came = [ask(client, 1, Authorization=f"Bearer tv_{n}")[0] for n in range(PER_MINUTE + 5)]

    assert came == [401] * PER_MINUTE + [429] * 5


def test_many_tokens_of_one_account_share_one_limit(alma, strict):
    secrets = [alma.token("read")["secret"] for _ in range(2)]
    with TestClient(strict) as client:
        for secret in secrets:
            ask(client, 1, Authorization=f"Bearer {secret}")
        came = [
            ask(client, 1, Authorization=f"Bearer {secrets[n % 2]}")[0]
            for n in range(PER_MINUTE + 2)
        ]

    assert came == [404] * PER_MINUTE + [429] * 2


def test_a_known_caller_is_not_held_up_by_others_at_the_same_address(alma, strict):
    secret = alma.token("read")["secret"]
    with TestClient(strict) as client:
        ask(client, 1, Authorization=f"Bearer {secret}")
        ask(client, PER_MINUTE)

        assert ask(client, 1) == [429]
        assert ask(client, 1, Authorization=f"Bearer {secret}") == [404]


def test_signing_in_has_a_smaller_limit_of_its_own(strict):
    form = {"email": "a@example.org", "password": "a guess"}
    with TestClient(strict) as client:
        came = [client.post("/api/session", json=form).status_code for _ in range(4)]
        page = client.post("/sign-in", data=form).status_code

        assert came == [401, 401, 401, 429]
        assert page == 429
        assert ask(client, 1) == [404]


def test_being_alive_is_never_refused(strict):
    with TestClient(strict) as client:
        came = {client.get("/health").status_code for _ in range(PER_MINUTE * 2)}

    assert 429 not in came
