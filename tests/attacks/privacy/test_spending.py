"""The real service, and stand-ins that are weak: races, accounts that collude, deaths on the way."""

from dataclasses import replace
from threading import Barrier, BrokenBarrierError

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torvet.privacy import attacks, service
from torvet.privacy.answers.question import Count, Question, Sum
from torvet.privacy.answers.spec import AnswerSpec
from torvet.privacy.attacks import secrets
from torvet.privacy.errors import BudgetSpent
from torvet.privacy.presets import preset
from torvet.privacy.service import Asker, Wish

ZONES = [f"Z{number:03d}" for number in range(8)]
PRICE = 1_000
AFFORDED = 12
EVERYBODY_AFFORDS = 20


@pytest.fixture(scope="module")
def uris(tmp_path_factory):
    path = tmp_path_factory.mktemp("meters") / "meters.parquet"
    pq.write_table(secrets.meters(1, homes=200, weeks=1), path)
    return [str(path)]


@pytest.fixture
def dataset(parts, uris, request):
    """Answers about one week of meters, for a dataset of this test's own."""
    name = f"ds_{request.node.name}"[:60]
    spec = AnswerSpec.from_json(
        {
            "unit": "meter",
            "slot": ["hour"],
            "keys": {"zone": ZONES, "clock": list(range(24))},
            "derive": {"clock": {"of": "hour", "take": "hour"}},
            "bounds": {"wh": {"low": 0, "high": 5_000}},
            "slots_per_unit": 168,
            "micro_rho_per_consumer": PRICE * AFFORDED,
            "micro_rho_per_dataset": PRICE * EVERYBODY_AFFORDS,
            "micro_rho_per_answer": PRICE,
        }
    )
    service.prepare_answers(parts, name, 1, uris=uris, spec=spec)
    with parts.db.begin() as tx:
        service.open_answers(tx, name, 1, spec, parts.clock.now())
    return name


def asker(consumer):
    return Asker(consumer=consumer, provider="pr_1", contract=f"co_{consumer}", actor="us_1")


def spending(parts, dataset):
    """Each call asks what nobody has asked yet: another hour, another zone."""
    fresh = iter(
        Question(measures=(Count(),), where={"zone": (zone,), "clock": (hour,)})
        for zone in ZONES
        for hour in range(24)
    )
    questions = [next(fresh) for _ in range(100)]

    def spend(consumer):
        try:
            service.answer(parts, dataset, asker(consumer), Wish(question=questions.pop()))
        except BudgetSpent:
            return False
        return True

    return spend


def careless(limit, together):
    """A budget that is read, thought about, and written: by `together` at the same time."""
    spent = {}
    meet = Barrier(together)

    def spend(consumer):
        seen = spent.get(consumer, 0)
        try:
            meet.wait(timeout=0.2)
        except BrokenBarrierError:
            return False
        if seen >= limit:
            return False
        spent[consumer] = seen + 1
        return True

    return spend


def test_many_at_once_get_no_more_than_one_consumers_budget(parts, dataset):
    weak = attacks.overspending(careless(4, 8), ["one"] * 16, granted_most=4, name="budget race")
    default = attacks.overspending(
        spending(parts, dataset), ["one"] * 30, granted_most=AFFORDED, name="budget race"
    )

    assert not weak.passed
    assert default.passed
    assert default.figures["granted"] == AFFORDED


def test_accounts_that_tell_each_other_get_no_more_than_the_dataset_gives(parts, dataset):
    spent = {}

    def each_its_own(consumer):
        spent[consumer] = spent.get(consumer, 0) + 1
        return spent[consumer] <= AFFORDED

    callers = [f"account {number % 10}" for number in range(60)]
    weak = attacks.overspending(
        each_its_own, callers, granted_most=EVERYBODY_AFFORDS, name="collusion"
    )
    default = attacks.overspending(
        spending(parts, dataset), callers, granted_most=EVERYBODY_AFFORDS, name="collusion"
    )

    assert not weak.passed
    assert default.passed
    assert default.figures["granted"] == EVERYBODY_AFFORDS


class Dying:
    """An engine that reads everything and is killed before it hands anything over."""

    def __init__(self, engine):
        self.engine = engine

    def stream(self, sql, inputs, **more):
        with self.engine.stream(sql, inputs, **more) as batches:
            list(batches)
        raise OSError("the power is gone")


def test_what_was_read_is_paid_for_however_the_answer_dies(parts, dataset):
    dying = replace(parts, engine=Dying(parts.engine))
    questions = iter(
        Question(measures=(Sum("wh"),), where={"clock": (hour,)}) for hour in range(24)
    )

    def spent():
        with parts.db.connect() as tx:
            return service.budget(tx, dataset, "one", parts.clock.now())[2].ever

    def answer_and_die():
        service.answer(dying, dataset, asker("one"), Wish(question=next(questions)))

    paid = [0]

    def refunded():
        raise OSError("the power is gone; the price is handed back")

    weak = attacks.crash(refunded, lambda: paid[0], times=5)
    default = attacks.crash(answer_and_die, spent, times=5)

    assert weak.success == 1
    assert default.success == 0
    assert default.attempts == 5
    assert spent() == 5 * PRICE


def test_one_question_under_many_names_is_one_answer(parts, dataset):
    """All zones named or none, in any order, twice over: the same vector, drawn once."""
    zones = tuple(ZONES)
    names = [
        Question(measures=(Count(),)),
        Question(measures=(Count(),), where={"zone": zones}),
        Question(measures=(Count(),), where={"zone": zones[::-1]}),
        Question(measures=(Count(),), where={"clock": tuple(range(24)), "zone": zones * 2}),
    ]

    def ask(question):
        answer = service.answer(parts, dataset, asker("one"), Wish(question=question))
        return float(answer.figures[0].values)

    fresh = np.random.default_rng(1)
    truth = 200 * 168
    weak = attacks.averaging(
        lambda _asked: truth + fresh.normal(0, 5_000), [names * 250], [truth], within=500
    )
    default = attacks.averaging(ask, [names * 2], [truth], within=500)

    assert weak.success == 1
    assert default.figures["different_answers_max"] == 1
    assert default.success == default.control


def asked_about(parts, folder, keys, per_consumer, per_answer):
    """64 people behind their doors in four blocks, half of each say yes: what the service tells."""
    yes = np.tile([0, 1], 32)
    people = pa.table(
        {
            "person": [f"P{n:02d}" for n in range(64)],
            "door": [f"D{n:02d}" for n in range(64)],
            "block": [f"B{n // 16}" for n in range(64)],
            "week": [1] * 64,
            "yes": yes,
        }
    )
    pq.write_table(people, folder / "people.parquet")
    spec = AnswerSpec.from_json(
        {
            "unit": "person",
            "slot": ["week"],
            "keys": {keys: sorted(set(people[keys].to_pylist()))},
            "bounds": {"yes": {"low": 0, "high": 1}},
            "slots_per_unit": 1,
            "micro_rho_per_consumer": per_consumer,
            "micro_rho_per_dataset": 4 * per_consumer,
            "micro_rho_per_answer": per_answer,
        }
    )
    name = f"ds_decoded_{keys}"
    uris = [str(folder / "people.parquet")]
    service.prepare_answers(parts, name, 1, uris=uris, spec=spec)
    with parts.db.begin() as tx:
        service.open_answers(tx, name, 1, spec, parts.clock.now())

    def ask(places):
        wish = Wish(question=Question(measures=(Sum("yes"),), where={keys: tuple(places)}))
        return float(service.answer(parts, name, asker("one"), wish).figures[0].values)

    return ask, np.array(people[keys].to_pylist()), yes.astype(float)


def decoded(ask, keys, truths, sets):
    margins = np.array([np.isin(keys, places) for places in sets], dtype=float)
    return attacks.decoding(margins, np.array([ask(places) for places in sets]), truths)


def test_sums_over_many_sets_are_decoded_where_keys_name_doors_and_a_budget_is_generous(
    parts, tmp_path
):
    """Dinur and Nissim, on the service itself: too many answers that are too exact."""
    rng = np.random.default_rng(3)
    careless_ask, doors, truths = asked_about(parts, tmp_path, "door", 10**8, 10**6)
    sets = [sorted(rng.choice(doors, 32, replace=False).tolist()) for _ in range(90)]
    weak = decoded(careless_ask, doors, truths, sets)

    usual = preset("households").micro_rho_per_consumer
    ask, blocks, truths = asked_about(parts, tmp_path, "block", usual, usual // 15)
    every = [[f"B{n}" for n in range(4) if chosen >> n & 1] for chosen in range(1, 16)]
    default = decoded(ask, blocks, truths, every)

    assert weak.success > 0.95
    assert default.success <= default.control + attacks.MARGIN
    with pytest.raises(BudgetSpent):
        service.answer(
            parts, "ds_decoded_block", asker("one"), Wish(question=Question(measures=(Count(),)))
        )
