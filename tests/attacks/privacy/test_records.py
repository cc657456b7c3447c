"""Whoever knows the quasi-identifiers meets pseudonymised rows, and meets recoded ones."""

import pytest

from torvet.privacy import KAnonymity, attacks
from torvet.privacy.attacks import secrets

from .policies import HOUSEHOLDS, KNOWN, SENSITIVE, people, pseudonymised, recoded, safe


def attacked(release, source=None, **more):
    return attacks.run(
        release,
        people() if source is None else source,
        quasi_identifiers=KNOWN,
        sensitive=SENSITIVE,
        k=HOUSEHOLDS.k,
        **more,
    )


@pytest.fixture(scope="module")
def weak():
    return attacked(pseudonymised(people()))


@pytest.fixture(scope="module")
def default():
    return attacked(safe())


@pytest.mark.parametrize(
    "name",
    [
        "linkage",
        "singling-out",
        "homogeneity of illness",
        "homogeneity of income_kr",
        "inference of illness",
        "inference of income_kr",
    ],
)
def test_pseudonyms_alone_fall_to_the_attack_and_the_default_policy_withstands_it(
    name, weak, default
):
    assert weak[name].success > weak[name].control + 0.3
    assert weak[name].low > weak[name].control + attacks.MARGIN
    assert not weak[name].passed
    assert default[name].success <= default[name].control + attacks.MARGIN
    assert default[name].passed


def test_nobody_in_a_safe_release_fits_fewer_rows_than_k(default):
    assert default["linkage"].success == 0
    assert default["linkage"].figures["rows_fitting_min"] >= HOUSEHOLDS.k
    assert default["linkage"].figures["prosecutor_risk_max"] <= 1 / HOUSEHOLDS.k


@pytest.mark.parametrize("known_max", [1, 2, 3])
def test_who_knows_less_finds_fewer_and_never_below_k(known_max, weak):
    little = attacked(pseudonymised(people()), known_max=known_max)
    protected = attacked(safe(), known_max=known_max)

    assert little["linkage"].success <= weak["linkage"].success
    assert protected["linkage"].figures["rows_fitting_min"] >= HOUSEHOLDS.k


def test_classes_without_diversity_tell_what_their_rows_have_in_common():
    """k rows that all say the same are k-anonymous, and no secret is kept."""
    source = people().set_column(5, "illness", people()["sex"])
    weak = attacked(recoded(source, models=[KAnonymity(HOUSEHOLDS.k)]), source)
    default = attacked(recoded(source), source)

    assert weak["linkage"].passed
    assert weak["homogeneity of illness"].success > 0.9
    assert default["homogeneity of illness"].success == 0


def test_planted_secrets_are_told_by_pseudonymised_rows_and_by_no_safe_class():
    town = secrets.town(1)
    rare = {secret.value for secret in town.secrets}
    chosen = [value in rare for value in town.people["illness"].to_pylist()]
    carriers = town.people.filter(chosen)

    weak = attacked(pseudonymised(town.people), carriers)["homogeneity of illness"]
    default = attacked(safe(), carriers)["homogeneity of illness"]

    assert weak.attempts == default.attempts == len(rare)
    assert weak.success > 0.5
    assert default.success == 0


def test_a_release_of_every_value_as_a_star_gives_nothing():
    source = people()
    hidden = pseudonymised(source)
    for place, column in enumerate(hidden.column_names):
        if column in KNOWN:
            hidden = hidden.set_column(place, column, [["*"] * source.num_rows])
    report = attacked(hidden)

    assert report["linkage"].figures["rows_fitting_min"] == source.num_rows
    assert report.passed


def test_a_row_more_of_ones_own_kind_never_helps_the_attacker():
    """The control knows all others of the class: a person's own row is worth what is above it."""
    for outcome in (attacked(safe()), attacked(pseudonymised(people()))):
        for column in SENSITIVE:
            told = outcome[f"inference of {column}"]
            assert told.control <= told.success
