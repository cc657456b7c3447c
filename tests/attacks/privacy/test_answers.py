"""Whoever asks questions asks them in pairs, again and again, under other names, and listens."""

import numpy as np
import pytest

from torvet.privacy import attacks
from torvet.privacy.answers.accounting import calibrated
from torvet.privacy.answers.noise import hidden
from torvet.privacy.attacks import secrets
from torvet.privacy.presets import preset

METERS = preset("meters")
PAIRS = 10_000
BOUND_WH = 5_000
PER_ANSWER = METERS.micro_rho_per_consumer // 100


@pytest.fixture(scope="module")
def used():
    return np.minimum(secrets.readings(1, homes=200, weeks=1), BOUND_WH)


def drawn_as_by_default(exact):
    """Every number as the default policy tells it, by the mechanism and the noise that it has."""
    return hidden(np.asarray(exact, dtype=np.int64), calibrated(BOUND_WH**2, PER_ANSWER))


def test_a_threshold_alone_is_differenced_exactly_and_noise_is_not(used):
    """10,000 pairs that differ by one unit: error 0 where sums are exact and only small are refused."""
    rng = np.random.default_rng(1)
    homes, hours = rng.integers(0, 200, PAIRS), rng.integers(0, used.shape[1], PAIRS)
    others = [rng.permutation(200)[:40] for _ in range(50)]
    sets = [others[place % 50] for place in range(PAIRS)]
    without = [rest[rest != home] for rest, home in zip(sets, homes, strict=True)]
    less = np.array([used[rest, hour].sum() for rest, hour in zip(without, hours, strict=True)])
    truths = used[homes, hours]
    more = less + truths
    pairs = [(("with", each), ("without", each)) for each in range(PAIRS)]

    def exact(question):
        kind, each = question
        units = len(without[each]) + (kind == "with")
        return (more if kind == "with" else less)[each] if units >= 15 else None

    noisy = {"with": drawn_as_by_default(more), "without": drawn_as_by_default(less)}
    weak = attacks.differencing(exact, pairs, truths)
    default = attacks.differencing(lambda asked: noisy[asked[0]][asked[1]], pairs, truths)

    assert weak.success == 1
    assert weak.attempts == default.attempts == PAIRS
    assert default.success <= default.control + attacks.MARGIN


def test_a_pair_that_is_refused_tells_nothing(used):
    outcome = attacks.differencing(lambda _asked: None, [("a", "b")] * 10, used[:10, 0])

    assert outcome.success == 0
    assert outcome.figures["refused"] == 10


def test_fresh_noise_for_each_asking_is_averaged_away_and_kept_noise_is_not(used):
    truths = used.sum(axis=0)[:50]
    scale = calibrated(BOUND_WH**2, PER_ANSWER).scale
    within = scale / 10
    again = [[hour] * 1_000 for hour in range(50)]
    fresh = np.rint(np.random.default_rng(1).normal(0, scale, (50, 1_000)))
    asked = iter(range(50 * 1_000))
    kept = drawn_as_by_default(truths)

    weak = attacks.averaging(
        lambda hour: truths[hour] + fresh[hour, next(asked) % 1_000], again, truths, within=within
    )
    default = attacks.averaging(lambda hour: kept[hour], again, truths, within=within)

    assert weak.success > 0.9
    assert weak.figures["different_answers_max"] > 500
    assert default.success == default.control
    assert default.figures["different_answers_max"] == 1


@pytest.mark.parametrize("claimed", [0.5, 0.1])
def test_a_cost_that_is_claimed_too_low_is_shown_and_the_true_one_is_not(claimed):
    """A bound that is declared and not kept: one unit moves the answer by twice what is said."""
    rng = np.random.default_rng(5)
    scale = np.sqrt(1 / (2 * claimed))

    def answers(shift):
        return lambda there: rng.normal(shift if there else 0.0, scale)

    weak = attacks.under_accounting(answers(2.5), claimed_rho=claimed)
    default = attacks.under_accounting(answers(1.0), claimed_rho=claimed)

    assert not weak.passed
    assert weak.figures["rho_shown"] > claimed
    assert default.passed
    assert default.figures["rho_shown"] > claimed / 5


def test_opendps_open_bug_has_a_shape_that_the_attack_sees():
    """#2949: a column redefined after truncation moves by thousands, and ρ is claimed to be 0.5."""
    rng = np.random.default_rng(6)
    outcome = attacks.under_accounting(
        lambda there: rng.normal(100.0 if there else 0.0, 1.0), claimed_rho=0.5, draws=1_000
    )

    assert not outcome.passed
    assert attacks.worst_ratio(0.5, 100.0, 1.0) == 10_000


def test_our_noise_costs_no_less_than_is_claimed_and_no_more():
    """Two neighbouring tables, by the very mechanism; its worst ratio is one, from below."""
    how = calibrated(7**2, 500_000)
    draws = {there: hidden(np.full(4_000, 7 * there), how) for there in (True, False)}
    rest = {there: iter(numbers.tolist()) for there, numbers in draws.items()}
    outcome = attacks.under_accounting(
        lambda there: float(next(rest[there])), claimed_rho=how.micro_rho / 1e6
    )

    assert outcome.passed
    assert 0.99 < attacks.worst_ratio(how.micro_rho / 1e6, 7, how.scale) <= 1


def test_a_cell_that_is_missing_tells_that_nobody_is_there_and_noise_over_public_keys_does_not():
    lone, empty = range(200), range(200, 400)
    exact = np.repeat([1, 0], 200)
    noisy = hidden(exact, calibrated(1, PER_ANSWER))
    weak = attacks.existence(lambda key: 1.0 if key < 200 else None, lone, empty)
    default = attacks.existence(lambda key: float(noisy[key]), lone, empty)

    assert weak.success == 1
    assert not weak.passed
    assert default.low <= default.control + attacks.MARGIN
    assert default.success < 0.65


def test_words_that_differ_tell_what_is_suppressed():
    suppressed, empty = range(40), range(40, 80)

    def weak_words(key):
        return "suppressed: 3 contributors" if key < 40 else "no rows"

    weak = attacks.side_channel(weak_words, suppressed, empty)
    default = attacks.side_channel(lambda _key: "not published", suppressed, empty)

    assert weak.success == 1
    assert default.success == default.control


def test_an_answer_that_takes_longer_tells_too():
    """Time is what a clock says that only the answerer moves."""
    now = [0.0]

    def slow_where_somebody_is(key):
        now[0] += 0.02 if key < 40 else 0.01
        return "not published"

    weak = attacks.side_channel(
        slow_where_somebody_is, range(40), range(40, 80), clock=lambda: now[0]
    )

    assert weak.success == 1
    assert not weak.passed
