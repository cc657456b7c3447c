"""What an attack came to: how often it succeeded, and how often it would have without a release.

An attack is judged against a *control*: the same attack on people who are not in the release, or
without the release. What succeeds as often there tells of the population and not of a person.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scipy.stats import beta

MARGIN = 0.02
"""How far above its control an attack may come: two points of a hundred."""

CONFIDENCE = 0.95

LEAST = 1e-6
"""An expectation below this is no success: the quantiles of so thin a tail are not computed."""

FIGURES = 6
"""Digits behind the point in a report: the same bytes on every machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One attack: shares of its attempts, from 0 to 1.

    `low` and `high` bound the true rate of success with 95 % confidence.
    """

    name: str
    success: float
    control: float
    low: float
    high: float
    attempts: int
    passed: bool
    words: str
    figures: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "success": _rounded(self.success),
            "control": _rounded(self.control),
            "low": _rounded(self.low),
            "high": _rounded(self.high),
            "attempts": self.attempts,
            "passed": self.passed,
            "words": self.words,
            "figures": {name: _rounded(value) for name, value in sorted(self.figures.items())},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackReport:
    """All outcomes of one run, in the order in which they were tried."""

    suite: str
    seed: int
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        return all(outcome.passed for outcome in self.outcomes)

    def __getitem__(self, name: str) -> Outcome:
        return next(outcome for outcome in self.outcomes if outcome.name == name)

    def __contains__(self, name: object) -> bool:
        return any(outcome.name == name for outcome in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        return {
            "suite": self.suite,
            "seed": self.seed,
            "passed": self.passed,
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
        }

    def to_text(self) -> str:
        """The report as canonical JSON: equal runs give equal bytes."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))


def judged(
    name: str,
    *,
    successes: float,
    attempts: int,
    control: float,
    words: str,
    margin: float = MARGIN,
    figures: Mapping[str, float] | None = None,
) -> Outcome:
    """The outcome of `successes` among `attempts`; passes within `margin` of `control`.

    `successes` may be an expectation rather than a count, where an attack's chance is known
    exactly for each target. An attack that found nothing to try has not succeeded.
    """
    rate = successes / attempts if attempts else 0.0
    low, high = interval(successes, attempts)
    return Outcome(
        name=name,
        success=rate,
        control=control,
        low=low,
        high=high,
        attempts=attempts,
        passed=rate <= control + margin,
        words=words,
        figures=figures or {},
    )


def interval(successes: float, attempts: int) -> tuple[float, float]:
    """Clopper and Pearson's bounds of a rate, which hold for any number of attempts.

    Clopper, Pearson: The use of confidence or fiducial limits (Biometrika 26, 1934). They are exact
    at 0 and at all, where most of our outcomes lie and the normal approximation fails.
    """
    if not attempts:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    failures = attempts - successes
    low = float(beta.ppf(tail, successes, failures + 1)) if successes > LEAST else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, failures)) if failures > LEAST else 1.0
    return low, high


def percent(share: float) -> str:
    """A share in words: `0.05 %`, `2.8 %`, `73 %`."""
    hundredths = 100 * share
    digits = 0 if hundredths >= 10 or hundredths == 0 else 1 if hundredths >= 1 else 2  # noqa: PLR2004 - where a digit more tells nothing
    return f"{hundredths:.{digits}f} %"


def _rounded(value: float) -> float | None:
    """JSON knows no infinity."""
    return round(float(value), FIGURES) if math.isfinite(value) else None
