"""A made-up town with planted secrets, for attacks to find: the same town for the same seed.

Nobody in it lives. It is as telling as a real one where that matters: a home repeats its day,
people who are unlike others exist, and one customer can be most of a district.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

HOURS = 24
DAYS = 7
BEGINNING = datetime(2026, 1, 5)  # noqa: DTZ001 - a Monday; hours of this town carry no zone
DISTRICTS = 40
PLACES = 400
ILLNESSES = ("none", "asthma", "diabetes", "heart", "depression", "cancer")
ILL_SHARES = (0.70, 0.10, 0.08, 0.06, 0.04, 0.02)
SCHOOLING = ("primary", "secondary", "vocational", "bachelor", "master")
SCHOOLING_SHARES = (0.18, 0.24, 0.30, 0.18, 0.10)

# How homes differ, chosen so that 2,000 of them are as recognisable as those of the reference:
# all by the hour, about a quarter by the day, about one in forty by the week.
_LEVEL = 0.70
_DAY_SHAPE = 0.55
_WEEK_SHAPE = 0.060
_WEEK_NOISE = 0.007
_DAY_NOISE = 0.028
_HOUR_NOISE = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One fact that nobody may learn: `value` of `column`, of the one whom `unit` names."""

    unit: str
    column: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Tables of one made-up town.

    `people`: person, age, sex, postcode, schooling (known to neighbours); illness, income_kr.
    `parking`: car, place (0 to 399), hour, minutes. `moves`: person, from_postcode, to_postcode.
    `secrets`: what was planted: an illness that nobody else has.
    """

    people: pa.Table
    parking: pa.Table
    moves: pa.Table
    secrets: tuple[Secret, ...]


def town(seed: int, *, people: int = 4_000, cars: int = 500, secrets: int = 8) -> Town:
    """A town of that many people, of whom `secrets` carry something that only they have."""
    rng = np.random.default_rng(seed)
    residents, planted = _people(rng, people, secrets)
    return Town(
        people=residents,
        parking=_parking(rng, cars),
        moves=_moves(rng, residents),
        secrets=planted,
    )


def readings(seed: int, *, homes: int = 2_000, weeks: int = 2) -> np.ndarray:
    """What each home uses in each hour: Wh, of shape (homes, weeks × 168), from a Monday on.

    A home has a level, a day of its own (when it cooks, when it sleeps) and a week of its own.
    Days and weeks then differ for no reason that anyone sees.
    """
    rng = np.random.default_rng(seed)
    clock = np.arange(HOURS) * 2 * np.pi / HOURS
    waves = np.stack([np.cos(m * clock + p) for m in (1, 2, 3) for p in (0, np.pi / 2)])
    daily = np.exp(rng.normal(0, _DAY_SHAPE, (homes, len(waves))) @ waves / np.sqrt(len(waves) / 2))
    level = 400 * np.exp(rng.normal(0, _LEVEL, homes)) / daily.mean(axis=1)
    weekly = np.exp(rng.normal(0, _WEEK_SHAPE, (homes, 1, DAYS, 1)))
    shape = (homes, weeks, DAYS, HOURS)
    by_hour = level[:, None, None, None] * daily[:, None, None, :] * weekly * np.ones(shape)
    by_hour *= np.exp(rng.normal(0, _WEEK_NOISE, (homes, weeks, 1, 1)))
    by_hour *= np.exp(rng.normal(0, _DAY_NOISE, (homes, weeks, DAYS, 1)))
    by_hour *= np.exp(rng.normal(0, _HOUR_NOISE, shape))
    used: np.ndarray = np.rint(by_hour).astype(np.int64)
    return used.reshape(homes, weeks * DAYS * HOURS)


def meters(seed: int, *, homes: int = 400, weeks: int = 2, dominant: int = 4) -> pa.Table:
    """The same as rows: meter, zone, hour, wh. In `dominant` zones one customer is most of it."""
    rng = np.random.default_rng((seed, 1))
    used = readings(seed, homes=homes, weeks=weeks)
    zone = rng.integers(0, max(1, homes // 25), homes)
    for each in range(min(dominant, int(zone.max()) + 1)):
        here = np.flatnonzero(zone == each)
        used[here[:1]] *= 30
    hours = used.shape[1]
    begun = np.datetime64(BEGINNING, "h") + np.arange(hours)
    meter = np.array([f"M{number:05d}" for number in range(homes)])
    zones = np.array([f"Z{number:03d}" for number in zone])
    return pa.table(
        {
            "meter": np.repeat(meter, hours),
            "zone": np.repeat(zones, hours),
            "hour": pa.array(np.tile(begun.astype("datetime64[us]"), homes)),
            "wh": used.reshape(-1),
        }
    )


def _people(
    rng: np.random.Generator, count: int, secrets: int
) -> tuple[pa.Table, tuple[Secret, ...]]:
    age = np.clip(rng.normal(42, 19, count), 0, 99).astype(np.int64)
    postcode = 2000 + rng.zipf(1.3, count) % DISTRICTS * 10
    illness = rng.choice(ILLNESSES, count, p=ILL_SHARES).astype(object)
    chosen = rng.choice(count, secrets, replace=False)
    illness[chosen] = [f"rare-{number}" for number in range(secrets)]
    person = np.array([f"P{number:06d}" for number in range(count)])
    table = pa.table(
        {
            "person": person,
            "age": age,
            "sex": rng.choice(["f", "m"], count),
            "postcode": postcode.astype(str),
            "schooling": rng.choice(SCHOOLING, count, p=SCHOOLING_SHARES),
            "illness": illness.astype(str),
            "income_kr": np.rint(np.exp(rng.normal(12.6, 0.5, count)) / 1000).astype(np.int64)
            * 1000,
        }
    )
    planted = tuple(
        Secret(unit=str(person[row]), column="illness", value=str(illness[row])) for row in chosen
    )
    return table, planted


def _parking(rng: np.random.Generator, cars: int) -> pa.Table:
    """Each car has a home, a work and a few places more, which it visits over four weeks."""
    haunts = rng.integers(0, PLACES, (cars, 6))
    visits = rng.integers(20, 60, cars)
    car = np.repeat(np.arange(cars), visits)
    which = rng.choice(6, len(car), p=(0.35, 0.30, 0.12, 0.09, 0.08, 0.06))
    hour = rng.integers(0, 4 * DAYS * HOURS, len(car))
    begun = np.datetime64(BEGINNING, "h") + hour
    return pa.table(
        {
            "car": np.array([f"C{number:05d}" for number in range(cars)])[car],
            "place": haunts[car, which],
            "hour": pa.array(begun.astype("datetime64[us]")),
            "minutes": rng.integers(10, 600, len(car)),
        }
    )


def _moves(rng: np.random.Generator, people: pa.Table) -> pa.Table:
    """One in ten moves to another district."""
    movers = np.flatnonzero(rng.random(people.num_rows) < 0.1)  # noqa: PLR2004 - one in ten
    chosen = people.take(pa.array(movers))
    return pa.table(
        {
            "person": chosen["person"],
            "from_postcode": chosen["postcode"],
            "to_postcode": (2000 + rng.integers(0, DISTRICTS, len(movers)) * 10).astype(str),
        }
    )
