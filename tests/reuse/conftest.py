"""Alma provides, Bo holds a contract, Carla is a stranger; signed up once for the module."""

from dataclasses import dataclass

import pytest

from contracts import conftest as cast
from demand.conftest import somebody
from torvet.metering.model import Channel, Count, Slot
from torvet.metering.store import add as add_usage

facts = cast.facts


@dataclass
class Square:
    """Who is there, and what they do."""

    parts: object
    clock: object
    facts: object
    alma: cast.Person
    bo: cast.Person
    carla: cast.Person

    def contract(self, *clauses, slug=None, who=None, **more):
        return (who or self.bo).accept(self.alma.offer(*clauses, slug=slug), **more)

    def read(self, contract, rows=10, requests=1):
        """Meter a read, as the log would tell of it."""
        slot = Slot(
            contract=contract["id"],
            hour=self.clock.now().replace(hour=0),
            channel=Channel.REST,
            dataset=contract["dataset"]["id"],
            parties=(contract["provider"]["id"], contract["consumer"]["id"]),
        )
        with self.parts.db.begin() as tx:
            add_usage(tx, {slot: Count(rows=rows, bytes=rows * 8, requests=requests)})

    def use(self, contract, *benefits, who=None, expected=201, **more):
        body = {
            "title": "Fewer detours",
            "words": "Drivers find a space at once.",
            "period_start": "2026-01-01",
            "period_end": "2026-03-31",
            "benefits": list(benefits),
            **more,
        }
        return (who or self.bo).post(f"/api/contracts/{contract['id']}/uses", body, expected)

    def review(self, contract, stars=4, words="Good.", who=None, expected=200, **more):
        given = dict.fromkeys(("quality", "freshness", "documentation", "support"), stars) | more
        path = f"/api/contracts/{contract['id']}/review"
        return (who or self.bo).send("PUT", path, {"stars": given, "words": words}, expected)


def benefit(unit="kg-co2e", amount=100, **more):
    return {"unit": unit, "amount": amount, "method": "counted trips, 2.3 kg each", **more}


@pytest.fixture(scope="module")
def people(app, parts):
    return [somebody(app, parts, name) for name in ("alma", "bo", "carla")]


@pytest.fixture
def square(parts, clock, facts, people):
    return Square(parts, clock, facts, *people)
