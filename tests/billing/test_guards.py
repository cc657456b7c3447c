"""What is kept is held against the log, whatever is missing on either side."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from torvet.audit import Fact
from torvet.billing.guards import beside, unguarded

AT = datetime(2026, 6, 1, tzinfo=UTC)
ids = st.sampled_from("abcdefgh")


def told(id_):
    return Fact(name="kept", at=AT, actor="x", subject=id_, parties=(), body={})


@given(st.lists(ids).map(sorted), st.sets(ids).map(sorted))
def test_everything_comes_once_with_all_that_is_known_of_it(subjects, kept):
    found = list(beside(map(told, subjects), ((id_, id_.upper()) for id_ in kept)))

    assert [id_ for id_, _, _ in found] == sorted({*subjects, *kept})
    for id_, it, facts in found:
        assert it == (id_.upper() if id_ in kept else None)
        assert len(facts) == subjects.count(id_)


def test_a_trigger_that_never_was_is_missed(parts):
    with parts.db.begin() as tx:
        assert unguarded(tx, "invoices_kept", "books_entries_timely") == []
        assert unguarded(tx, "invoices_kept", "invoices_painted") == ["invoices_painted"]
