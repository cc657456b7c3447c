"""Error bars: as often right as they say, and never out of what is possible."""

from decimal import Decimal

import numpy as np
import pytest

from torvet.privacy.answers.accounting import Calibrated, epsilon
from torvet.privacy.answers.figures import Noisy, figures
from torvet.privacy.answers.question import Count, Kind, Mean, Quantile, Question, Sum, fitted

from .asked import policy

SPEC = policy(keys={"zone": ["a"], "hour": {"first": 0, "last": 1}}, bounds={"wh": [0, 999]})
DRAWS = 600


def noisy(asked, exact, how, chance):
    return {
        vector: Noisy(
            numbers=exact[vector.kind]
            + np.rint(chance.normal(0, how.scale, np.shape(exact[vector.kind]))).astype(np.int64),
            how=how,
        )
        for vector in asked.vectors
    }


@pytest.mark.parametrize("rows", [30, 2_000])
def test_error_bars_hold_as_often_as_they_say(rows):
    """The true mean and quantiles of a skewed column, over many draws of the noise."""
    chance = np.random.default_rng(7)
    values = np.minimum(chance.exponential(120, rows).astype(np.int64), 999)
    measures = (
        Count(),
        Sum("wh"),
        Mean("wh"),
        *(Quantile("wh", Decimal(q)) for q in ("0.1", "0.5")),
    )
    asked = fitted(Question(measures=measures), SPEC)
    width = -(-1000 // 64)
    exact = {
        Kind.ROWS: np.asarray(rows),
        Kind.VALUES: np.asarray(rows),
        Kind.SUM: np.asarray(values.sum()),
        Kind.CENTRED: np.asarray((values - 499).sum()),
        Kind.BINS: np.bincount(np.minimum(values // width, 62), minlength=63),
    }
    true = [rows, values.sum(), values.mean(), *np.quantile(values, [0.1, 0.5])]
    how = Calibrated(scale=12.0, micro_rho=1)
    right = np.zeros(len(measures))
    for _ in range(DRAWS):
        found = figures(SPEC, asked, noisy(asked, exact, how, chance))
        right += [abs(f.values - t) <= f.half_widths for f, t in zip(found, true, strict=True)]

    # 95 % less five standard errors.
    assert (right / DRAWS > 0.95 - 5 * 0.0089).all(), right / DRAWS


def test_an_empty_cell_has_a_mean_that_is_possible_and_an_error_that_says_nothing():
    asked = fitted(Question(measures=(Mean("wh"), Quantile("wh", Decimal("0.5")))), SPEC)
    how = Calibrated(scale=50.0, micro_rho=1)
    chance = np.random.default_rng(3)
    nothing = {kind: np.asarray(0) for kind in Kind} | {Kind.BINS: np.zeros(63, dtype=np.int64)}
    for _ in range(50):
        for found in figures(SPEC, asked, noisy(asked, nothing, how, chance)):
            assert 0 <= found.values <= 999
            assert found.half_widths <= 999
            assert np.isfinite(found.half_widths)


def test_keys_are_in_the_order_that_was_asked():
    spec = policy(keys={"zone": ["a", "b", "c"], "hour": {"first": 0, "last": 1}})
    how = Calibrated(scale=1.0, micro_rho=1)
    exact = np.arange(6).reshape(2, 3)
    by_hour = fitted(Question(measures=(Count(),), group_by=("hour", "zone")), spec)
    by_zone = fitted(Question(measures=(Count(),), group_by=("zone", "hour")), spec)
    told = [
        figures(spec, asked, {asked.vectors[0]: Noisy(numbers=exact, how=how)})[0].values
        for asked in (by_hour, by_zone)
    ]

    assert (told[0] == exact).all()
    assert (told[1] == exact.T).all()


def test_what_is_shown_is_opendps_own_conversion():
    assert epsilon(250_000, 1e-6) == pytest.approx(3.5423, abs=1e-4)
    assert epsilon(0, 1e-6) == 0
    assert epsilon(500_000, 1e-6) > epsilon(250_000, 1e-6)
