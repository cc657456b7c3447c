"""A policy is read or refused with all its faults; it covers a table or says why not."""

import json
from contextlib import suppress
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.privacy.classification import Role, classify
from torvet.privacy.classification.reading import opened
from torvet.privacy.errors import PolicyInvalid
from torvet.privacy.policies import Basis, Floor, Ground, Policy, Treatment
from torvet.privacy.presets import PRESETS, preset
from torvet.privacy.proposals import intervals, propose
from torvet.privacy.rules import lowered, objections
from torvet.privacy.specifications import hierarchies_of, hierarchy_of, models_of

pytestmark = pytest.mark.slow

ROWS = 120
HOMES = pa.table({
    "customer_id": list(range(ROWS)),
    "postcode": [f"{8000 + n % 7}" for n in range(ROWS)],
    "birth_year": [1930 + n % 70 for n in range(ROWS)],
    "income": [200_000 + 1_000 * (n % 50) for n in range(ROWS)],
})  # fmt: skip
FOUND = classify(HOMES)


def proposed(table=HOMES, name=None):
    with opened(table) as source:
        return propose(classify(table), source, name)


def faults_of(**changes):
    held = {**proposed().to_json(), **changes}
    with pytest.raises(PolicyInvalid) as refused:
        Policy.from_json(held)
    return "; ".join(refused.value.faults)


@pytest.mark.parametrize("name", [None, *PRESETS])
def test_a_proposal_is_a_policy_that_covers_what_was_found(name):
    policy = proposed(name=name)

    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy
    assert objections(policy, FOUND) == ()
    assert policy.anonymise.k == preset(policy.preset).k
    hierarchies = hierarchies_of(policy.anonymise.hierarchies)
    assert len(models_of(policy.anonymise.models, hierarchies)) == len(policy.anonymise.models)


def test_each_column_gets_a_hierarchy_of_its_type():
    kinds = {name: it["kind"] for name, it in proposed().anonymise.hierarchies.items()}

    assert kinds == {"postcode": "prefix", "birth_year": "intervals"}


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**7), st.integers(1, 10**6))
def test_proposed_intervals_hold_every_value_between_their_ends(low, span, many):
    spec = intervals(low, low + span, many)
    if spec["kind"] == "intervals" and spec["high"] - spec["low"] < 100_000:
        hierarchy = hierarchy_of("n", spec)
        assert hierarchy.value(low, 1)
        assert hierarchy.value(low + span, hierarchy.levels - 1) == "*"
    else:
        assert spec["kind"] == "flat" or spec["low"] <= low <= low + span < spec["high"]


def test_readings_of_households_are_proposed_as_an_aggregate():
    readings = pa.table({
        "meter_id": [n % 40 for n in range(4_000)],
        "hour": [n // 40 for n in range(4_000)],
        "zone": [n % 4 for n in range(4_000)],
        "energy_wh": [1_000 + n % 977 for n in range(4_000)],
    })  # fmt: skip

    policy = proposed(readings)

    assert policy.treatment is Treatment.AGGREGATE
    assert policy.preset == "meters"
    assert policy.aggregate["unit"] == "meter_id"
    assert policy.aggregate["value"] == "energy_wh"
    assert {"kind": "min-contributors", "n": 15} in policy.aggregate["rules"]


@pytest.mark.parametrize(("changes", "said"), [
    ({"treatment": "publish"}, "`treatment` is one of"),
    ({"roles": {"age": "vip"}}, "the role of 'age' is one of"),
    ({"roles": None}, "`roles` gives each column its role"),
    ({"anonymise": None}, "needs its part `anonymise`"),
    ({"basis": {"ground": "consent", "reference": "x", "reason": "everyone has agreed"}}, "as-is"),
    ({"because": {"income": "no"}}, "`because` of 'income'"),
])  # fmt: skip
def test_what_is_no_policy_is_told_so(changes, said):
    assert said in faults_of(**changes)


@pytest.mark.parametrize(("part", "said"), [
    ({"models": []}, "lists what every class must keep"),
    ({"models": [{"kind": "k-anonymity", "k": 1}]}, "with a k of at least 3"),
    ({"models": [{"kind": "k-anonymity", "k": "5"}]}, "with a k of at least 3"),
    ({"models": [{"kind": "magic"}]}, "a model is one of"),
    ({"hierarchies": {}}, "'postcode' has no hierarchy"),
    ({"suppression_limit": 0.9}, "lies between 0 and 0.5"),
    ({"suppression_limit": "much"}, "lies between 0 and 0.5"),
    ({"metric": "beauty"}, "`metric` is one of"),
    ({"recoding": "guess"}, "`recoding` is one of"),
])  # fmt: skip
def test_a_part_that_asks_for_too_little_is_named(part, said):
    assert said in faults_of(anonymise={**proposed().anonymise.to_json(), **part})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                    lambda it: st.lists(it, max_size=3) | st.dictionaries(
                        st.sampled_from(["treatment", "roles", "anonymise", "models", "basis",
                                         "hierarchies", "ground", "because"]), it, max_size=4),
                    max_leaves=12))  # fmt: skip
def test_no_json_at_all_breaks_the_reader(held):
    with suppress(PolicyInvalid):
        assert Policy.from_json(held).treatment in set(Treatment)


def test_an_operator_may_ask_for_more():
    with pytest.raises(PolicyInvalid) as refused:
        Policy.from_json(proposed(name="open").to_json(), Floor(k=10))

    assert "at least 10" in str(refused.value)


def test_without_personal_columns_no_policy_is_needed_and_with_them_one_is():
    garages = classify(pa.table({"garage": ["A", "B"], "occupied": [1, 2]}))

    assert objections(None, garages) == ()
    assert objections(None, FOUND) == ("there is no policy",)


def test_a_column_that_the_policy_does_not_know_is_named():
    later = classify(HOMES.append_column("phone", [[f"+45 20 30 {n:04}" for n in range(ROWS)]]))

    assert objections(proposed(), later) == ("the policy says nothing about column 'phone'",)


def test_calling_a_column_less_personal_needs_a_reason():
    policy = proposed()
    bold = replace(policy, roles={**policy.roles, "birth_year": Role.PUBLIC})
    explained = replace(bold, because={"birth_year": "the year the firm was founded"})

    assert "`because` has to say why" in objections(bold, FOUND)[0]
    assert objections(explained, FOUND) == ()
    assert "was found to be a quasi-identifier" in lowered(explained, FOUND)[0]


def test_what_check_digits_prove_is_never_called_anything_else():
    found = classify(pa.table({"x": [f"010165-{n:04}" for n in range(60)]}))
    policy = Policy(
        treatment=Treatment.ANONYMISE,
        roles={"x": Role.PUBLIC},
        because={"x": "these are parcels, we promise"},
    )
    ground = Basis(ground=Ground.NOT_PERSONAL, reference="-", reason="these are parcels")
    as_is = Policy(treatment=Treatment.AS_IS, roles={"x": Role.PUBLIC}, basis=ground)

    assert "is an identifier" in objections(policy, found)[0]
    assert "is personal, whatever is said" in objections(as_is, found)[0]
    agreed = replace(as_is, basis=replace(ground, ground=Ground.CONSENT))
    assert objections(agreed, found) == ()


def test_rows_about_people_leave_as_they_are_only_on_a_ground():
    policy = Policy(treatment=Treatment.AS_IS, roles=proposed().roles)

    assert "only on a `basis` that is named" in objections(policy, FOUND)[0]


@given(st.dictionaries(st.sampled_from(HOMES.column_names), st.sampled_from(list(Role))))
def test_a_policy_that_covers_a_table_calls_no_column_less_than_was_found(roles):
    """Whatever the roles: without a reason none is below what was found, and none is missing."""
    policy = replace(proposed(), roles=roles)

    if objections(policy, FOUND) == ():
        assert set(roles) == set(HOMES.column_names)
        for verdict in FOUND.verdicts:
            if verdict.role is Role.IDENTIFIER:
                assert roles[verdict.column] is Role.IDENTIFIER
            if verdict.role is not Role.PUBLIC:
                assert roles[verdict.column] is not Role.PUBLIC
