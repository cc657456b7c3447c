from torvet.jobs import defer, job, run_worker

seen = []


@job("test.note")
def note(parts, *, word, number):
    seen.append((parts.clock.now(), word, number))


def test_a_job_runs_once_after_its_deed_has_committed(parts):
    with parts.db.begin() as tx:
        defer(tx, "test.note", word="hej", number=7)
    run_worker(parts, once=True)
    run_worker(parts, once=True)

    assert seen == [(parts.clock.now(), "hej", 7)]


def test_a_job_of_a_deed_that_was_undone_never_runs(parts):
    seen.clear()
    with parts.db.connect() as tx:
        defer(tx, "test.note", word="nej", number=1)
        tx.rollback()
    run_worker(parts, once=True)

    assert seen == []
