"""The books balance, whoever posts, however often, and whatever is tried against them."""

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
from sqlalchemy.exc import DBAPIError

from examples import examples
from torvet.audit import facts_about
from torvet.billing import (
    Account,
    AccountKind,
    AccountNotFound,
    EscrowShort,
    KeyReused,
    NothingToTakeBack,
    Posting,
    PostingInvalid,
    StatementTurned,
    TransactionNotFound,
    credit,
    debit,
    post,
    post_all,
    post_at_once,
    refund,
    reverse,
    statement,
    transaction,
    trial_balance,
)
from torvet.billing.inspection import check_ledger
from torvet.billing.rules import opposite, told_to
from torvet.kit.money import Currency

from .conftest import ALMA, BO, CARLA, NUMBERS, a_charge, eur, kr, moved

BANK, ESCROW = (AccountKind.BANK, ""), (AccountKind.ESCROW, BO)
OWED = (AccountKind.PAYABLE, ALMA)


def posted(parts, posting):
    with parts.db.begin() as tx:
        return post(tx, posting, at=parts.clock.now(), by="ac_1")


def balance(parts, kind, party, currency=Currency.DKK):
    wanted = Account(kind=kind, party=party, currency=currency)
    with parts.db.begin() as tx:
        return sum(one.balance.minor for one in trial_balance(tx) if one.account == wanted)


def test_what_is_posted_stands_in_the_books_and_in_the_log(parts):
    charge = a_charge()
    done = posted(parts, charge)

    with parts.db.begin() as tx:
        found = transaction(tx, done.transaction)
        (fact,) = facts_about(tx, done.transaction)
    assert set(found.posting.lines) == set(charge.lines)
    assert (found.at, found.posted_by) == (parts.clock.now(), "ac_1")
    assert fact.name == "posted"
    assert fact.parties == (ALMA, BO)
    assert fact.body["digest"] == found.digest.hex()
    assert "amount" not in fact.body


def test_strangers_on_one_side_of_a_transaction_are_not_told_of_one_another():
    shared = (
        debit(AccountKind.PAYABLE, ALMA, kr(300)),
        credit(AccountKind.CONTRIBUTOR, BO, kr(100)),
        credit(AccountKind.CONTRIBUTOR, CARLA, kr(200)),
    )
    together = (debit(AccountKind.BANK, "", kr(300)), *shared[1:])

    assert told_to(shared) == told_to(opposite(shared)) == (ALMA,)
    assert told_to(together) == ()
    assert told_to((shared[0], credit(AccountKind.CONTRIBUTOR, BO, kr(300)))) == (ALMA, BO)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_key_is_posted_once_however_often_it_is_tried(parts, at_once):
    charge = a_charge()

    def again():
        return post_at_once(parts, charge, by="ac_1") if at_once else posted(parts, charge)

    first, *rest = [again() for _ in range(3)]

    assert first.fresh
    assert [(one.transaction, one.fresh) for one in rest] == [(first.transaction, False)] * 2
    with pytest.raises(KeyReused):
        posted(parts, a_charge(1, key=charge.key))


def test_a_deed_that_fails_has_posted_nothing(parts):
    charge = a_charge()
    with parts.db.connect() as tx, tx.begin() as deed:
        post(tx, charge, at=parts.clock.now(), by="ac_1")
        deed.rollback()

    assert posted(parts, charge).fresh


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ((debit(*BANK, kr(5)), credit(*OWED, kr(4))), "differ by 1 minor"),
        ((debit(*BANK, kr(5)), credit(*OWED, eur(5))), "differ by"),
        ((debit(*BANK, kr(5)),), "1 lines"),
        ((debit(*BANK, kr(5)), credit(*BANK, kr(5))), "more than one line"),
        ((debit(*BANK, kr(0)), credit(*OWED, kr(0))), "nothing moves"),
        ((debit(AccountKind.BANK, BO, kr(5)), credit(*OWED, kr(5))), "exchange's own"),
        ((debit(*BANK, kr(5)), credit(AccountKind.PAYABLE, "", kr(5))), "a party's"),
        ((debit(*BANK, kr(5)), credit(AccountKind.PAYABLE, 'x"}', kr(5))), "is no party"),
    ],
)
def test_what_is_no_transaction_is_not_posted(parts, lines, fault):
    with pytest.raises(PostingInvalid, match=fault):
        posted(parts, Posting(key="wrong", kind="test", words="Wrong", lines=lines))


RAW = """
    insert into books_transactions (id, key, kind, words, at, posted_by, lines, salt, digest)
    values ('lt_raw', 'raw', 'raw', 'Raw', now(), 'x', 2, sha256('')::bytea, sha256(''));
"""
HEAD = RAW.replace("sha256('')::bytea", "substring(sha256('') for 16)")
ENTRY = """
    insert into books_entries (transaction, account, at, amount)
    select '{0}', id, now(), {2} from books_accounts where kind = '{1}' limit 1;
"""


@pytest.mark.parametrize(
    "attempt",
    [
        HEAD,
        HEAD + ENTRY.format("lt_raw", "fee", 5),
        HEAD + ENTRY.format("lt_raw", "fee", 5) + ENTRY.format("lt_raw", "payable", -4),
        HEAD + "insert into books_entries values ('lt_raw', -1, now(), 5), ('lt_raw', -2, now(), -5)",
        HEAD.replace("posted_by,", "posted_by, xid,").replace("'x',", "'x', 7,")
        + ENTRY.format("lt_raw", "fee", 5) + ENTRY.format("lt_raw", "payable", -5),
        ENTRY.format("lt_none", "fee", 5) + ENTRY.format("lt_none", "payable", -5),
        "insert into books_entries select id, 1, at, 5 from books_transactions limit 1",
        "update books_entries set amount = amount + 1",
        "update books_transactions set words = 'Nothing' where false",
        "delete from books_entries",
        "delete from books_transactions",
        "delete from books_accounts",
        "truncate books_entries",
        "truncate books_accounts, books_transactions, books_entries",
        "set local session_replication_role = replica; delete from books_entries",
    ],
)  # fmt: skip
def test_the_database_itself_refuses_what_breaks_the_books(parts, attempt):
    posted(parts, a_charge())

    with pytest.raises(DBAPIError), parts.db.begin() as tx:
        tx.execute(text(attempt))

    assert check_ledger(parts).ok


def test_nothing_is_added_to_a_transaction_that_stands_not_even_what_balances(parts):
    done = posted(parts, a_charge())
    posted(parts, moved("payment", ESCROW, BANK, 5))
    pair = ENTRY.format(done.transaction, "bank", 5) + ENTRY.format(done.transaction, "escrow", -5)

    with pytest.raises(DBAPIError, match="entries come together"), parts.db.begin() as tx:
        tx.execute(text(pair))


def test_a_reversal_undoes_what_refunds_left(parts):
    before = balance(parts, AccountKind.RECEIVABLE, CARLA)
    done = posted(parts, a_charge(1_001, buyer=CARLA))
    how = {"words": "Wrong meter", "at": parts.clock.now(), "by": "ac_1"}

    with parts.db.begin() as tx:
        refund(tx, done.transaction, kr(334), key=f"r1:{done.transaction}", **how)
        first = reverse(tx, done.transaction, key=f"r2:{done.transaction}", **how)
        again = reverse(tx, done.transaction, key=f"r2:{done.transaction}", **how)

    assert (again.transaction, again.fresh) == (first.transaction, False)
    assert balance(parts, AccountKind.RECEIVABLE, CARLA) == before
    with parts.db.begin() as tx:
        with pytest.raises(NothingToTakeBack):
            reverse(tx, done.transaction, key="r3", **how)
        with pytest.raises(NothingToTakeBack):
            refund(tx, done.transaction, kr(1), key="r4", **how)
        with pytest.raises(NothingToTakeBack, match="correction itself"):
            reverse(tx, first.transaction, key="r5", **how)
        with pytest.raises(TransactionNotFound):
            reverse(tx, "lt_none", key="r6", **how)
        with pytest.raises(KeyReused):
            refund(tx, done.transaction, kr(1), key=f"r1:{done.transaction}", **how)


def test_the_database_refuses_a_correction_of_more_than_there_was(parts):
    done = posted(parts, a_charge(1_000))
    too_much = Posting(
        key=f"too-much:{done.transaction}", kind="refund", words="Too much",
        lines=(debit(*OWED, kr(961)), credit(AccountKind.RECEIVABLE, BO, kr(961))),
        corrects=done.transaction,
    )  # fmt: skip

    with pytest.raises(DBAPIError, match="takes back more"):
        posted(parts, too_much)


@pytest.mark.parametrize("at_once", [False, True])
def test_nothing_is_taken_from_escrow_that_is_not_held(parts, at_once):
    held = -balance(parts, *ESCROW)
    release = moved("release", OWED, ESCROW, held + 1)

    with pytest.raises(EscrowShort) as refused:
        post_at_once(parts, release, by="x") if at_once else posted(parts, release)

    assert refused.value.held == str(kr(held))
    assert balance(parts, *ESCROW) == -held


def test_two_who_race_for_the_same_escrow_do_not_both_get_it(parts):
    posted(parts, moved("payment", ESCROW, BANK, 1_000))
    held, outcomes = -balance(parts, *ESCROW), []
    start = threading.Barrier(6)

    def take(deed):
        start.wait()
        try:
            outcomes.append(deed(moved("release", OWED, ESCROW, held)).fresh)
        except EscrowShort:
            outcomes.append(False)

    deeds = [lambda p: posted(parts, p), lambda p: post_at_once(parts, p, by="x")] * 3
    crowd = [threading.Thread(target=take, args=(deed,)) for deed in deeds]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert sorted(outcomes) == [False] * 5 + [True]
    assert balance(parts, *ESCROW) == 0


def test_many_posters_at_once_post_each_key_once(parts):
    charges = [
        a_charge(100 + n, buyer=f"pt_new{n % 7}", provider=f"pt_own{n % 5}") for n in range(40)
    ]
    fresh = []

    def work(order):
        fresh.extend(post_at_once(parts, charges[n], by="x").fresh for n in order)

    crowd = [threading.Thread(target=work, args=(range(40)[::step],)) for step in (1, -1, 1, -1)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert sum(fresh) == 40
    assert check_ledger(parts).ok


deeds = st.lists(
    st.tuples(
        st.sampled_from(
            ["charge", "charge-eur", "pay", "pay-out", "hold", "release", "refund", "reverse"]
        ),
        st.integers(1, 5_000),
        st.integers(0, 10),
        st.booleans(),
    ),
    max_size=12,
)


@settings(
    deadline=None,
    max_examples=examples(30),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(deeds)
def test_no_money_is_made_or_lost_by_any_sequence_of_deeds(parts, sequence):
    done = []
    for deed, minor, which, twice in sequence:
        for _ in range(1 + twice):
            try:
                found = _do(parts, deed, minor, done[which % len(done)] if done else "lt_none")
            except (EscrowShort, NothingToTakeBack, TransactionNotFound):
                continue
            done.append(found.transaction)

    with parts.db.begin() as tx:
        for currency in Currency:
            sums = [one for one in trial_balance(tx) if one.account.currency is currency]
            assert sum(one.debited.minor for one in sums) == sum(one.credited.minor for one in sums)
    assert check_ledger(parts).faults == ()


def _do(parts, deed, minor, earlier):
    how = {
        "key": f"{deed}:{next(NUMBERS)}",
        "words": "Taken back",
        "at": parts.clock.now(),
        "by": "x",
    }
    with parts.db.begin() as tx:
        match deed:
            case "refund":
                return refund(tx, earlier, kr(minor), **how)
            case "reverse":
                return reverse(tx, earlier, **how)
    return posted(
        parts,
        {
            "charge": lambda: a_charge(minor),
            "charge-eur": lambda: a_charge(minor, make=eur),
            "pay": lambda: moved("payment", (AccountKind.RECEIVABLE, BO), BANK, minor),
            "pay-out": lambda: moved("payout", BANK, OWED, minor),
            "hold": lambda: moved("hold", ESCROW, BANK, minor),
            "release": lambda: moved("release", OWED, ESCROW, minor),
        }[deed](),
    )


def test_a_statement_runs_from_its_opening_to_its_closing_balance(parts):
    dora = (AccountKind.PAYABLE, "pt_dora")
    start = parts.clock.now()
    for minor in (100, 200, 300):
        posted(parts, moved("payment", dora, BANK, minor))
        parts.clock.advance(hours=1)
    account = Account(kind=dora[0], party=dora[1], currency=Currency.DKK)

    def asked(first, last, **more):
        with parts.db.begin() as tx:
            return statement(
                tx,
                account,
                start=start + timedelta(hours=first),
                end=start + timedelta(hours=last),
                **more,
            )

    whole, later, short = asked(0, 9), asked(1, 2), asked(0, 9, limit=1)
    assert [line.balance for line in whole.lines] == [kr(-100), kr(-300), kr(-600)]
    assert (whole.opening, whole.closing) == (kr(0), kr(-600))
    assert (later.opening, later.closing, len(later.lines)) == (kr(-100), kr(-300), 1)
    assert (short.complete, short.closing, len(short.lines)) == (False, kr(-600), 1)
    with pytest.raises(StatementTurned):
        asked(2, 2)
    nobody = Account(kind=AccountKind.PAYABLE, party="pt_nobody", currency=Currency.DKK)
    with pytest.raises(AccountNotFound), parts.db.begin() as tx:
        statement(tx, nobody, start=start, end=start + timedelta(1))


def test_many_postings_are_posted_all_or_none(parts):
    good = [a_charge(), a_charge()]
    bad = Posting(key="z", kind="test", words="Wrong", lines=good[0].lines[:2])
    with pytest.raises(PostingInvalid), parts.db.begin() as tx:
        post_all(tx, [*good, bad], at=parts.clock.now(), by="x")

    with parts.db.begin() as tx:
        assert [one.fresh for one in post_all(tx, good, at=parts.clock.now(), by="x")] == [
            True,
            True,
        ]


def test_the_check_says_what_was_changed_behind_the_books_back(parts, behind_their_back):
    done = posted(parts, a_charge(1_000)).transaction
    more = f"update books_entries set amount = amount + {{}} where transaction = '{done}' and amount > 0"
    words = f"update books_transactions set words = '{{}}' where id = '{done}'"

    assert check_ledger(parts).ok
    with behind_their_back("books_entries", more.format(7), more.format(-7)):
        faults = " ".join(check_ledger(parts).faults)
        assert f"transaction {done} does not balance: 7 DKK" in faults
        assert "says something else than when it was posted" in faults
        assert "all debits and all credits differ by 0.07 DKK" in faults
    with behind_their_back(
        "books_transactions", words.format("Else"), words.format("Use of Parking spaces")
    ):
        assert check_ledger(parts).faults == (
            f"transaction {done} says something else than when it was posted",
        )
    rename = "update books_transactions set id = '{0}' where id = '{1}'"
    with behind_their_back(
        "books_transactions", rename.format("lt_zzz", done), rename.format(done, "lt_zzz")
    ):
        faults = " ".join(check_ledger(parts).faults)
        assert f"transaction {done} is gone" in faults
        assert "transaction lt_zzz has 0 facts" in faults
    assert check_ledger(parts).ok


def test_the_check_tells_that_nobody_keeps_the_books(parts):
    with parts.db.begin() as tx:
        tx.execute(text("alter table books_entries disable trigger books_entries_timely"))
    try:
        assert "books_entries_timely" in check_ledger(parts).faults[0]
    finally:
        with parts.db.begin() as tx:
            tx.execute(text("alter table books_entries enable always trigger books_entries_timely"))


KILLED = """
import sys
from sqlalchemy import create_engine
from torvet.billing import post
from torvet.ports.clock import WallClock
from tests.billing.conftest import a_charge

db = create_engine(sys.argv[1].replace("postgresql://", "postgresql+psycopg://"))
for number in range(100_000):
    with db.begin() as tx:
        post(tx, a_charge(100 + number, key=f"killed:{number}"), at=WallClock().now(), by="x")
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_poster_that_is_killed_has_posted_wholly_or_not_at_all(parts, database):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", ".", "tests"])}
    last = -1
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, database],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            for line in process.stdout:
                said = int(line)
                if said >= last + 20:
                    process.send_signal(signal.SIGKILL)
                    break
        last = said
        with parts.db.begin() as tx:
            there = tx.scalar(
                text("select count(*) from books_transactions where key like 'killed:%'")
            )
        assert there >= last + 1
        report = check_ledger(parts)
        assert report.faults == ()
