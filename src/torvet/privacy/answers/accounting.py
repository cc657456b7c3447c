"""Budgets in whole micro-ρ, rounded up wherever they are rounded, and shown as (ε, δ).

Zero-concentrated differential privacy (Bun and Steinke 2016, arXiv 1605.02065): costs of answers
add up. One micro-ρ is a millionth of ρ. What a mechanism costs, and what (ε, δ) a ρ amounts to,
is OpenDP's word and not ours.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib import import_module
from typing import Any

MICRO = 1_000_000
CONFIDENCE = 0.95
Z = 1.959964
"""The normal quantile of 0.975, rounded up."""


@lru_cache(maxsize=1)
def opendp() -> Any:
    """Return OpenDP. It takes a third of a second to load, which only answers are worth."""
    library = import_module("opendp.prelude")
    library.enable_features("contrib")
    return library


def root_up(squared: int) -> float:
    """Return the square root of a whole number, or the next number above it."""
    root = math.sqrt(squared)
    while Fraction(root) ** 2 < squared:
        root = math.nextafter(root, math.inf)
    return root


def micro_rho(rho: float) -> int:
    """Return ρ in micro-ρ, rounded up exactly."""
    return math.ceil(Fraction(rho) * MICRO)


@lru_cache(maxsize=4_096)
def epsilon(spent_micro_rho: int, delta: float) -> float:
    """Return the ε that `spent_micro_rho` amounts to at `delta`, by OpenDP's conversion."""
    if spent_micro_rho == 0:
        return 0.0
    dp = opendp()
    unit = dp.m.make_gaussian(dp.atom_domain(T="i64"), dp.absolute_distance(T="f64"), scale=1.0)
    # With a scale of 1, a distance of √(2ρ) costs ρ.
    rho = Fraction(spent_micro_rho, MICRO)
    distance = _root_of(2 * rho)
    curve = dp.c.make_zCDP_to_approxDP(unit).map(distance)
    return float(curve.epsilon(delta))


def _root_of(exact: Fraction) -> float:
    root = math.sqrt(exact)
    while Fraction(root) ** 2 < exact:
        root = math.nextafter(root, math.inf)
    return root


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """Noise of `scale` hides a vector of that L2 sensitivity at a cost of at most `micro_rho`."""

    scale: float
    micro_rho: int

    @property
    def half_width(self) -> int:
        """Return how far a noisy number is from the exact one at most, in 95 of 100 cases.

        For a discrete Gaussian X and a whole number m, P(X ≥ m) ≤ P(N ≥ m − 1) for the normal N
        of the same scale (Canonne, Kamath and Steinke 2020, arXiv 2004.00010, Proposition 25).
        """
        return math.ceil(Z * self.scale)


@lru_cache(maxsize=4_096)
def calibrated(l2_squared: int, price_micro_rho: int) -> Calibrated:
    """Return the least noise whose cost, as OpenDP's own map tells it, is within the price."""
    distance = root_up(l2_squared)
    wanted = Fraction(price_micro_rho, MICRO)
    scale = distance / math.sqrt(2 * wanted)
    while Fraction(cost(scale, distance)) > wanted:
        scale *= 1 + 2**-50
    return Calibrated(scale=scale, micro_rho=micro_rho(cost(scale, distance)))


def price_of(l2_squared: int, half_width: float) -> int:
    """Return the micro-ρ at which a number's error is within `half_width` in 95 of 100 cases."""
    wanted = max(math.floor(half_width), 1)  # an error is a whole number of steps
    scale = Fraction(wanted) / Fraction(Z)
    price = math.ceil(Fraction(l2_squared) / (2 * scale**2) * MICRO)
    while calibrated(l2_squared, price).half_width > wanted:
        price += max(price // 1_000, 1)
    return price


def mechanism(scale: float) -> Any:
    """Return OpenDP's discrete Gaussian over vectors of whole numbers."""
    dp = opendp()
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    return dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), scale=scale)


def cost(scale: float, distance: float) -> float:
    """Return the ρ of noise of `scale` for neighbours at most `distance` apart, by OpenDP's map."""
    return float(mechanism(scale).map(distance))
