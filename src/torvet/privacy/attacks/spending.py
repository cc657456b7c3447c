"""Attacks on a promise of noise: that it costs what it is said to cost, and is paid for."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .outcome import CONFIDENCE, Outcome, interval, judged

WORKERS = 8
ORDERS = (2.0, 4.0, 8.0)


def under_accounting(
    draw: Callable[[bool], float], *, claimed_rho: float, draws: int = 4_000
) -> Outcome:
    """Show, by drawing, that an answer costs more than is claimed for it.

    Args:
        draw: one number of an answer; its argument says which of two neighbouring tables is asked,
            the second of which lacks the worst unit.
        claimed_rho: the cost that is claimed, as ρ of zero-concentrated differential privacy.
        draws: numbers drawn of each table; the first half chooses the event, the second judges.

    ρ bounds every Rényi divergence, and the divergence of an event bounds that of the answers
    from below. Its two chances are taken by Clopper and Pearson, so that a cost is claimed to be
    wrong with 95 % confidence only. Bun, Steinke: Concentrated Differential Privacy (TCC 2016).
    """
    half = draws // 2
    first = np.array([draw(True) for _ in range(2 * half)])
    second = np.array([draw(False) for _ in range(2 * half)])
    cuts = np.quantile(np.concatenate([first[:half], second[:half]]), np.linspace(0.01, 0.99, 99))
    shown = [_rho_shown(first[:half] >= cut, second[:half] >= cut) for cut in cuts]
    cut = cuts[int(np.argmax(shown))]
    least = _rho_shown(first[half:] >= cut, second[half:] >= cut)
    return judged(
        "under-accounting",
        successes=float(least > claimed_rho),
        attempts=1,
        control=0.0,
        margin=0.0,
        words=f"{2 * half:,} answers to each of two neighbouring tables show that one costs at "
        f"least ρ = {least:.4g}, with {CONFIDENCE:.0%} confidence; claimed is {claimed_rho:.4g}.",
        figures={"rho_shown": least, "rho_claimed": claimed_rho},
    )


def worst_ratio(claimed_rho: float, shift: float, scale: float) -> float:
    """The true cost of Gaussian noise over the claimed one: (shift² ÷ 2 scale²) ÷ ρ.

    `shift` is how far one unit moves the exact vector of answers (Euclidean), `scale` the standard
    deviation of the noise. Above 1, the claim is too low.
    """
    return shift**2 / (2 * scale**2) / claimed_rho


def _rho_shown(first: np.ndarray, second: np.ndarray) -> float:
    """The largest ρ that two samples of one event prove, both ways round."""
    (p_low, p_high), (q_low, q_high) = (
        interval(float(each.sum()), len(each)) for each in (first, second)
    )
    if p_low > q_high:
        return max(_divergence(p_low, q_high), _divergence(q_high, p_low))
    if q_low > p_high:
        return max(_divergence(q_low, p_high), _divergence(p_high, q_low))
    return 0.0


def _divergence(p: float, q: float) -> float:
    """Of two coins: the largest D_α ÷ α over some α from 1 on."""
    p, q = min(max(p, 1e-12), 1 - 1e-12), min(max(q, 1e-12), 1 - 1e-12)
    plain = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    orders = (
        np.log(p**a * q ** (1 - a) + (1 - p) ** a * (1 - q) ** (1 - a)) / (a - 1) / a
        for a in ORDERS
    )
    return float(max(plain, *orders))


def overspending(
    spend: Callable[[str], bool], callers: Sequence[str], *, granted_most: int, name: str
) -> Outcome:
    """Let many ask at once for what is left, as one consumer or as several who share answers.

    Args:
        spend: charge one price for a caller; True where it was granted.
        callers: who asks, once for each entry, eight at a time.
        granted_most: how often the budget allows the price.
        name: `budget race` for one caller many times, `collusion` for many callers.

    Not one grant too many is allowed.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        granted = sum(pool.map(spend, callers))
    beyond = max(granted - granted_most, 0)
    return judged(
        name,
        successes=beyond,
        attempts=len(callers),
        control=0.0,
        margin=0.0,
        words=f"{granted:,} of {len(callers):,} requests were granted where the budget allows "
        f"{granted_most:,}.",
        figures={"granted": float(granted), "granted_most": float(granted_most)},
    )


def crash(answer_and_die: Callable[[], None], spent: Callable[[], int], *, times: int) -> Outcome:
    """Kill whoever answers after data was read, and see whether it was paid for.

    `answer_and_die` reads and then fails in whatever way; `spent()` is what the ledger says
    afterwards. Success is a reading that cost nothing.
    """
    unpaid = 0
    for _ in range(times):
        before = spent()
        try:
            answer_and_die()
        except Exception:  # noqa: BLE001 - however it dies, what was read must be paid
            unpaid += spent() <= before
    return judged(
        "crash",
        successes=unpaid,
        attempts=times,
        control=0.0,
        margin=0.0,
        words=f"{unpaid:,} of {times:,} readings that died before their answer cost nothing.",
    )
