"""Facts to record, and a log of one's own."""

from datetime import UTC, datetime

import pytest

from torvet.audit import Fact, newest_checkpoint, record, seal

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ALMA, BO, CARLA = "pt_alma", "pt_bo", "pt_carla"


def a_fact(number=0, *, name="release-published", parties=(ALMA, BO), **body):
    return Fact(
        name=name,
        at=NOON,
        actor="ac_alma",
        subject=f"ds_{number}",
        parties=parties,
        body={"number": number, **body},
    )


@pytest.fixture
def log(parts):
    """Record facts and seal them; returns the position of the first."""

    def recorded(*facts):
        seal(parts)
        with parts.db.begin() as tx:
            for fact in facts:
                record(tx, fact)
        before = seal(parts)
        assert before == len(facts)
        return size_of(parts) - len(facts)

    return recorded


def size_of(parts):
    return newest_checkpoint(parts).size
