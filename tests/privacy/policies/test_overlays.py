"""Releases of the same people made in different ways: what the pair tells is judged as a class is."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from torvet.privacy import attacks
from torvet.privacy.overlays import Made, overlaid
from torvet.privacy.policies import Policy
from torvet.privacy.specifications import hierarchies_of
from torvet.privacy.treatments import recoded, treat

pytestmark = pytest.mark.slow

ROWS, K = 1_200, 20
DRAWN = np.random.default_rng(7)
PEOPLE = pa.table(
    {
        "person": np.arange(ROWS),
        "age": DRAWN.integers(20, 80, ROWS),
        "zone": DRAWN.integers(0, 30, ROWS),
        "illness": DRAWN.choice(list("vwxyz"), ROWS),
    }
)
RARE = PEOPLE.set_column(3, "illness", pa.array(DRAWN.integers(0, 900, ROWS).astype(str)))
ROLES = {
    "person": "identifier",
    "age": "quasi-identifier",
    "zone": "quasi-identifier",
    "illness": "sensitive",
}


def intervals(width, low=0, high=120):
    return {"kind": "intervals", "low": low, "high": high, "widths": [width]}


def policy(age, zone, *, k=K, recoding="full-domain", roles=ROLES):
    return Policy.from_json({
        "treatment": "anonymise", "roles": roles,
        "anonymise": {
            "hierarchies": {"age": age, "zone": zone}, "recoding": recoding,
            "suppression_limit": 0.2,
            "models": [{"kind": "k-anonymity", "k": k},
                       {"kind": "l-diversity", "l": 2, "of": "distinct"}],
        },
    })  # fmt: skip


@pytest.fixture
def made(tmp_path):
    """Make a release of rows at given levels: `made(policy, rows, age=1, zone=1)`."""
    numbers = iter(range(1, 99))

    def make(asked, rows=PEOPLE, **levels):
        number = next(numbers)
        source, target = tmp_path / f"source-{number}.parquet", tmp_path / f"{number}.parquet"
        pq.write_table(rows, source)
        if asked.anonymise is None:
            levels = treat(asked, [str(source)], target).certificate.transformation
        else:
            levels = recoded(
                asked, [str(source)], output=target, kept=levels or None
            ).transformation
        return Made(
            number=number,
            policy=asked,
            transformation=levels,
            delivered=[str(source)],
            released=[str(target)],
        )

    return make


TENS = policy(intervals(20), intervals(10))
SEVENS = policy(intervals(14, high=126), intervals(7, high=126))
FORTIES = policy(intervals(40), intervals(20))


def test_classes_that_cross_those_before_leave_few_alike_and_are_held(made):
    """The pair is attacked too: what each hides, both together tell."""
    first, second = made(TENS, age=1, zone=1), made(SEVENS, age=1, zone=1)

    found = overlaid(second, [first])

    ages, zones = PEOPLE["age"].to_numpy(), PEOPLE["zone"].to_numpy()
    tens = Counter(zip(ages // 20, zones // 10, strict=True))
    sevens = Counter(zip(ages // 14, zones // 7, strict=True))
    alike = Counter(
        (age // 20, zone // 10, age // 14, zone // 7)
        for age, zone in zip(ages, zones, strict=True)
        if tens[age // 20, zone // 10] >= K and sevens[age // 14, zone // 7] >= K
    )
    few = sum(many for many in alike.values() if many < K)
    assert len(found.objections) == 1
    assert f"{few:,} of {alike.total():,} stand in groups" in found.objections[0]
    assert f"smallest has {min(alike.values())}" in found.objections[0]


def test_classes_that_are_unions_of_those_before_show_nothing_more(made):
    first, second = made(TENS, age=1, zone=1), made(FORTIES, age=1, zone=1)

    found = overlaid(second, [first])

    assert found.objections == ()
    assert found.remarks[0].startswith("Beside release 1, made in another way, at least ")


def test_two_releases_that_are_held_apart_are_those_that_an_attacker_lays_over_each_other(made):
    """Columns known differently fine: each is diverse, the two leave one illness for many."""
    ages = policy(intervals(1), {"kind": "flat"}, k=5)
    zones = policy({"kind": "flat"}, intervals(1), k=5)
    unions = policy({"kind": "flat"}, intervals(30), k=5)
    first = made(ages, RARE, age=0, zone=1)
    weak, safe = made(zones, RARE, age=1, zone=0), made(unions, RARE, age=1, zone=1)

    def attacked(second):
        return attacks.run(
            second.released[0], RARE, quasi_identifiers=hierarchies_of(
                {"age": intervals(1), "zone": intervals(1)}), sensitive=("illness",), k=5,
            previous=attacks.Previous(release=first.released[0], source=RARE, person="person"),
        )["repeated release of illness"]  # fmt: skip

    assert overlaid(weak, [first]).objections
    assert overlaid(safe, [first]).objections == ()
    assert attacked(weak).success > attacked(weak).control + 0.1
    assert attacked(safe).success <= attacked(safe).control + attacks.MARGIN


def test_of_three_releases_that_are_safe_two_by_two_the_third_may_still_be_one_too_many(made):
    of_age = policy(intervals(30, low=20), {"kind": "flat"}, k=150)
    halves, thirds = (policy({"kind": "flat"}, intervals(width), k=150) for width in (15, 10))
    first, second = made(of_age, age=1, zone=1), made(halves, age=1, zone=1)
    third = made(thirds, age=1, zone=1)

    alone = [overlaid(third, [it]) for it in (first, second)]
    both = overlaid(third, [second, first])

    assert [it.objections for it in alone] == [(), ()]
    assert len(both.objections) == 1
    assert "release 1 and 2" in both.objections[0]


def test_other_people_are_nobody_that_was_shown_before(made):
    others = PEOPLE.set_column(0, "person", pa.array(np.arange(ROWS, 2 * ROWS)))

    assert overlaid(made(SEVENS, others), [made(TENS)]).objections == ()


def test_without_a_number_people_are_known_by_what_both_releases_know(made):
    roles = {name: role for name, role in ROLES.items() if name != "person"}
    nameless = PEOPLE.drop_columns(["person"])
    tens = policy(intervals(20), intervals(10), roles=roles)
    sevens = policy(intervals(14, high=126), intervals(7, high=126), roles=roles)

    found = overlaid(made(sevens, nameless), [made(tens, nameless)])

    assert len(found.objections) == 1


def test_a_column_that_was_shown_as_it_is_counts_as_known_once_it_is_called_so(made):
    """Zones were public in the first release: to call them known now makes the pair tell them."""
    public = Policy.from_json({
        "treatment": "anonymise", "roles": {**ROLES, "zone": "public"},
        "because": {"zone": "everybody knows the zones"},
        "anonymise": {"hierarchies": {"age": intervals(20)},
                      "models": [{"kind": "k-anonymity", "k": K}]},
    })  # fmt: skip

    assert overlaid(made(FORTIES), [made(public)]).objections


def test_local_recoding_beside_another_release_of_the_same_people_is_held(made):
    local = policy(intervals(20), intervals(10), recoding="mondrian")
    others = PEOPLE.set_column(0, "person", pa.array(np.arange(ROWS, 2 * ROWS)))
    first, same, apart = (
        replace(made(TENS, rows), policy=local) for rows in (PEOPLE, PEOPLE, others)
    )

    assert "ranges of its own" in overlaid(same, [made(TENS)]).objections[0]
    assert "ranges of its own" in overlaid(made(TENS), [first]).objections[0]
    assert overlaid(apart, [made(TENS)]).objections == ()


@pytest.mark.slow
@settings(max_examples=examples(12))
@given(
    width=st.sampled_from([2, 3, 4, 5, 6, 10, 12, 20]),
    other=st.sampled_from([3, 4, 7, 9, 15, 30]),
    data=st.data(),
)
def test_the_pair_has_the_k_that_counting_everybody_finds(tmp_path_factory, width, other, data):
    values = data.draw(st.lists(st.integers(0, 59), min_size=30, max_size=60))
    rows = pa.table({"person": list(range(len(values))), "age": values})
    folder = tmp_path_factory.mktemp("pair")
    pq.write_table(rows, folder / "source.parquet")
    k = 3

    def release(number, step):
        asked = Policy.from_json({
            "treatment": "anonymise",
            "roles": {"person": "identifier", "age": "quasi-identifier"},
            "anonymise": {"hierarchies": {"age": intervals(step)}, "suppression_limit": 0.5,
                          "models": [{"kind": "k-anonymity", "k": k}]},
        })  # fmt: skip
        sizes = Counter(value // step for value in values)
        kept = [value for value in values if sizes[value // step] >= k]
        shown = [f"{v // step * step}-{min(v // step * step + step, 120) - 1}" for v in kept]
        pq.write_table(
            pa.table({"age": pa.array(shown, pa.string())}), folder / f"{number}.parquet"
        )
        return Made(
            number=number, policy=asked, transformation={"age": 1},
            delivered=[str(folder / "source.parquet")], released=[str(folder / f"{number}.parquet")],
        ), sizes  # fmt: skip

    (first, sizes), (second, others) = release(1, width), release(2, other)
    in_both = [v for v in values if sizes[v // width] >= k and others[v // other] >= k]
    alike = Counter((v // width, v // other) for v in in_both)
    few = sum(many for many in alike.values() if many < k)

    found = overlaid(second, [first])

    assert bool(found.objections) == bool(few)
    if few:
        assert f" {few:,} of {len(in_both):,} stand" in found.objections[0]


def cells(by, rules_n=3, value="energy"):
    return Policy.from_json({
        "treatment": "aggregate",
        "roles": {"meter": "identifier", "hour": "quasi-identifier", "zone": "quasi-identifier",
                  "energy": "sensitive", "water": "sensitive"},
        "aggregate": {"by": by, "value": value, "unit": "meter",
                      "rules": [{"kind": "min-contributors", "n": rules_n}]},
    })  # fmt: skip


def readings(meters, day=0):
    return pa.table(
        {
            "meter": [m for m in meters for _ in range(4)],
            "hour": [day * 4 + h for _ in meters for h in range(4)],
            "zone": [m % 3 for m in meters for _ in range(4)],
            "energy": [100 + m * 3 + h for m in meters for h in range(4)],
            "water": [m + h for m in meters for h in range(4)],
        }
    )


def test_sums_by_other_columns_of_the_same_rows_are_held_and_of_other_rows_are_not(made):
    by_zone = made(cells(["zone"]), readings(range(60)))
    by_hour = made(cells(["hour"]), readings(range(60)))
    another_day = made(cells(["hour"]), readings(range(60), day=1))
    of_water = made(cells(["hour"], value="water"), readings(range(60)))

    assert "the difference of two sums" in overlaid(by_hour, [by_zone]).objections[0]
    assert overlaid(another_day, [by_zone]).objections == ()
    assert overlaid(of_water, [by_zone]).objections == ()


def test_sums_beside_rows_that_tell_the_same_value_are_held_whichever_comes_first(made):
    people = PEOPLE.append_column("energy", pa.array(DRAWN.integers(100, 200, ROWS)))
    rows = made(
        policy(intervals(20), intervals(10), roles={**ROLES, "energy": "sensitive"}), people
    )
    sums = made(
        Policy.from_json({
            "treatment": "aggregate", "roles": {**ROLES, "energy": "sensitive"},
            "aggregate": {"by": ["zone"], "value": "energy", "unit": "person",
                          "rules": [{"kind": "min-contributors", "n": 3}]},
        }),
        people,
    )  # fmt: skip

    assert "told exactly both in rows and in sums" in overlaid(sums, [rows]).objections[0]
    assert "told exactly both in rows and in sums" in overlaid(rows, [sums]).objections[0]
