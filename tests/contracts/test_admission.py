"""Every read asks first: what is allowed is counted, what is not is explained and on the record."""

from datetime import UTC, datetime, timedelta

import pytest

from torvet.contracts import (
    ContractNotFound,
    ReadRefused,
    admit,
    contract_by_share,
    contracts_of,
    give_back,
    shares_of,
    still_allowed,
)
from torvet.kit.moments import to_text
from torvet.parties import NotAllowed, SignInNeeded
from torvet.parties.model import ANONYMOUS

from .written import NOON

TEN_A_DAY = {"clause": "rows-per-day", "rows": 10}
TWO_A_MINUTE = {"clause": "requests-per-minute", "requests": 2}


@pytest.fixture
def agree(alma, bo):
    def agreed(*clauses):
        return bo.accept(alma.offer(*clauses))["id"]

    return agreed


@pytest.fixture
def read(parts, bo):
    """Ask as Bo to read under a contract."""

    def ask(contract, rows=1, columns=None, caller=None, **more):
        admission = admit(
            parts,
            contract,
            caller=caller or bo.caller,
            columns=columns,
            rows=rows,
            channel="rest",
            **more,
        )
        return admission.contract

    return ask


def test_a_read_within_the_terms_is_let_through_and_is_no_fact(agree, read, facts):
    contract = agree({"clause": "columns", "names": ["garage"]}, TEN_A_DAY)

    admitted = read(contract, rows=10, columns=["garage"])

    assert admitted.projection.columns == ("garage",)
    assert [fact["name"] for fact in facts(contract)] == ["contract-agreed"]


def test_a_refused_read_names_every_reason_and_stays_in_the_log(agree, read, facts, clock):
    end = {"clause": "validity", "end": to_text(NOON + timedelta(hours=1))}
    contract = agree(end, {"clause": "columns", "names": ["garage"]}, TEN_A_DAY)
    clock.advance(hours=2)

    with pytest.raises(ReadRefused) as refused:
        read(contract, rows=11, columns=["garage", "occupied"])

    assert refused.value.clauses == ("validity", "columns", "rows-per-day")
    assert refused.value.reasons_da[2] == "der bedes om 11 rækker, og af 10 pr. døgn er 0 brugt"
    fact = facts(contract)[-1]
    assert fact["name"] == "read-refused"
    assert tuple(fact["body"]["reasons"]) == refused.value.reasons
    assert fact["body"]["channel"] == "rest"


def test_rows_of_a_day_are_used_up_and_fresh_at_midnight_of_the_place(agree, read, clock):
    contract = agree(TEN_A_DAY)
    read(contract, rows=6)

    with pytest.raises(ReadRefused, match="5 rows are asked for, and of 10 a day 6 are used"):
        read(contract, rows=5)
    read(contract, rows=4)
    clock.set(datetime(2026, 6, 1, 21, 59, 59, tzinfo=UTC))
    with pytest.raises(ReadRefused):
        read(contract, rows=1)
    clock.set(datetime(2026, 6, 1, 22, 0, tzinfo=UTC))
    read(contract, rows=10)


def test_a_reader_who_comes_late_across_midnight_wipes_nothing_out(agree, read, clock):
    midnight = datetime(2026, 6, 1, 22, 0, tzinfo=UTC)
    contract = agree(TEN_A_DAY)
    clock.set(midnight)
    read(contract, rows=6)

    # Another process looked at the clock before midnight and waited for the row since.
    clock.set(midnight - timedelta(seconds=1))
    read(contract, rows=4)

    clock.set(midnight)
    with pytest.raises(ReadRefused, match="of 10 a day 10 are used"):
        read(contract, rows=1)


def test_a_refused_read_uses_nothing_up(agree, read):
    contract = agree(TEN_A_DAY, TWO_A_MINUTE)

    for _ in range(5):
        with pytest.raises(ReadRefused):
            read(contract, rows=11)

    read(contract, rows=10)


def test_requests_are_counted_by_the_minute_of_the_clock(agree, read, clock):
    contract = agree(TWO_A_MINUTE)
    read(contract)
    read(contract)
    read(contract, requests=0)

    with pytest.raises(ReadRefused, match="2 requests were made this minute, and 2 are allowed"):
        read(contract)
    clock.advance(minutes=1)
    read(contract)


def test_rows_that_were_not_needed_are_given_back_to_their_day_alone(agree, read, parts, clock):
    contract = agree(TEN_A_DAY)
    read(contract, rows=10)
    with parts.db.begin() as tx:
        give_back(tx, contract, 7, at=NOON)
    read(contract, rows=7)

    clock.advance(days=1)
    read(contract, rows=10)
    with parts.db.begin() as tx:
        give_back(tx, contract, 7, at=NOON)
    with pytest.raises(ReadRefused):
        read(contract, rows=1)


def test_more_than_a_day_used_is_never_given_back(agree, read, parts):
    contract = agree(TEN_A_DAY)
    read(contract, rows=3)
    with parts.db.begin() as tx:
        give_back(tx, contract, 1_000_000, at=NOON)

    with pytest.raises(ReadRefused):
        read(contract, rows=11)


def test_revocation_bites_on_the_next_read(agree, read, alma, parts):
    contract = agree()
    read(contract)
    with parts.db.begin() as tx:
        assert still_allowed(tx, contract, NOON)

    alma.post(f"/api/contracts/{contract}/revocation", {"reason": "wrong source"}, 200)

    with pytest.raises(ReadRefused, match="revoked: wrong source"):
        read(contract)
    with parts.db.begin() as tx:
        assert not still_allowed(tx, contract, NOON)


def test_the_end_of_validity_bites_before_any_job_has_run(agree, read, parts, clock):
    end = NOON + timedelta(hours=1)
    contract = agree({"clause": "validity", "end": to_text(end)})
    clock.set(end - timedelta(microseconds=1))
    read(contract)
    clock.set(end)

    with pytest.raises(ReadRefused, match="expired"):
        read(contract)
    with parts.db.begin() as tx:
        assert not still_allowed(tx, contract, end)
        assert not still_allowed(tx, "ct_nothing", end)


def test_a_stranger_and_nobody_read_nothing_and_learn_nothing(agree, read, carla):
    contract = agree()

    with pytest.raises(ContractNotFound):
        read(contract, caller=carla.caller)
    with pytest.raises(SignInNeeded):
        read(contract, caller=ANONYMOUS)


def test_a_provider_reads_by_its_own_right_and_not_by_the_contract(agree, read, alma):
    with pytest.raises(ReadRefused, match="another party"):
        read(agree(), caller=alma.caller)


def test_a_token_reads_what_it_was_made_for(agree, read, bo):
    one, other = agree(), agree()
    reader = bo.token(f"share:{one}").caller

    read(one, caller=reader)
    with pytest.raises(ContractNotFound):
        read(other, caller=reader)
    with pytest.raises(NotAllowed):
        read(one, caller=bo.token("trade").caller)


def test_a_share_names_its_contract_to_its_consumer_alone(agree, parts, alma, bo, carla):
    contract, other = agree(), agree()
    share = bo.get(f"/api/contracts/{contract}")["share"]

    with parts.db.begin() as tx:
        assert contract_by_share(tx, share.upper(), bo.caller).id == contract
        for stranger in (alma.caller, carla.caller, bo.token(f"share:{other}").caller):
            with pytest.raises(ContractNotFound):
                contract_by_share(tx, share, stranger)


def test_shares_are_those_of_agreed_contracts_and_of_the_token(agree, parts, alma, bo, carla):
    one, other, revoked = agree(), agree(), agree()
    alma.post(f"/api/contracts/{revoked}/revocation", {"reason": "wrong"}, 200)

    with parts.db.begin() as tx:
        mine = shares_of(tx, bo.caller)
        assert {c.id for c in mine} == {one, other}
        assert [c.share for c in mine] == sorted(c.share for c in mine)
        assert [c.id for c in shares_of(tx, bo.token(f"share:{one}").caller)] == [one]
        assert shares_of(tx, carla.caller) == shares_of(tx, alma.caller) == []
        assert {c.id for c in contracts_of(tx, bo.caller.party)} == {one, other, revoked}


def test_an_explanation_names_every_reason_and_counts_nothing(agree, read, alma, bo, facts):
    contract = agree({"clause": "columns", "names": ["garage"]}, TEN_A_DAY)
    read(contract, rows=8)
    wish = {"columns": ["garage"], "filter": "occupied > 3", "rows": 5}

    for person in (bo, alma):
        said = person.post(f"/api/contracts/{contract}/explanation", wish, 200)

        assert said["allowed"] is False
        assert [o["source"] for o in said["objections"]] == ["columns", "rows-per-day"]
        assert said["objections"][1]["words"]["da"].startswith("der bedes om 5 rækker")
        assert said["reasons"][0].startswith("column occupied is not shared")
        assert said["used"] == {"rows_today": 8, "requests_this_minute": 1}
    allowed = bo.post(f"/api/contracts/{contract}/explanation", {"rows": 2}, 200)
    assert (allowed["allowed"], allowed["reasons"]) == (True, [])
    assert [fact["name"] for fact in facts(contract)] == ["contract-agreed"]
    read(contract, rows=2)


def test_an_explanation_of_a_broken_filter_says_where_it_is_broken(agree, bo):
    said = bo.post(f"/api/contracts/{agree()}/explanation", {"filter": "garage ="}, 422)

    assert (said["code"], said["at"]) == ("filter-invalid", 8)
