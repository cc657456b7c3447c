"""Attacks on whoever answers questions: every one takes a callable and looks at nothing else.

`ask(question)` returns a number, or None where it refuses. What a question is, is for the caller
to say; an attack only hands it on.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from scipy.optimize import linprog

from .outcome import Outcome, judged, percent

Question = TypeVar("Question")
Ask = Callable[[Question], float | None]

NEAR = 0.1
"""An estimate within a tenth of the truth has found it."""

TARGETS = 60
DRAWS_LEAST = 100


def differencing(
    ask: Ask[Question],
    pairs: Iterable[tuple[Question, Question]],
    truths: Sequence[float],
    *,
    near: float = NEAR,
) -> Outcome:
    """Subtract two answers whose questions differ by one unit.

    Args:
        ask: what answers.
        pairs: the question with the unit, and the one without.
        truths: what that unit contributes.
        near: success is an estimate within this share of the truth.

    The control guesses the one number that lies near most truths: what a census would tell.
    """
    found = refused = 0
    for (with_unit, without), truth in zip(pairs, truths, strict=True):
        more, less = ask(with_unit), ask(without)
        if more is None or less is None:
            refused += 1
        else:
            found += abs(more - less - truth) <= near * abs(truth)
    control = _best_guess(np.asarray(truths, dtype=float), near)
    return judged(
        "differencing",
        successes=found,
        attempts=len(truths),
        control=control,
        words=f"{found:,} of {len(truths):,} pairs of questions gave away the one unit between "
        f"them; {refused:,} were refused. One guess for all is right for {percent(control)}.",
        figures={"refused": float(refused)},
    )


def _best_guess(truths: np.ndarray, near: float) -> float:
    """The largest share of truths that one number lies near to."""
    if not len(truths):
        return 0.0
    low, high = np.sort(truths * (1 - near)), np.sort(truths * (1 + near))
    covering = np.searchsorted(low, low, side="right") - np.searchsorted(high, low, side="left")
    return float(covering.max() / len(truths))


def averaging(
    ask: Ask[Question],
    variants: Sequence[Sequence[Question]],
    truths: Sequence[float],
    *,
    within: float,
) -> Outcome:
    """Ask the same again and again, under every name, and average.

    Args:
        ask: what answers.
        variants: for each truth, questions that all mean the same.
        truths: the exact answers.
        within: an average this near has found the truth, in the unit of the answers.

    The control is the first answer alone: it costs what it costs. Asking again may tell no more.
    """
    found = first = fresh = 0
    for questions, truth in zip(variants, truths, strict=True):
        said = [answer for answer in map(ask, questions) if answer is not None]
        if said:
            found += abs(float(np.mean(said)) - truth) <= within
            first += abs(said[0] - truth) <= within
            fresh = max(fresh, len(set(said)))
    attempts = len(truths)
    return judged(
        "averaging",
        successes=found,
        attempts=attempts,
        control=first / max(attempts, 1),
        words=f"Averages came as near as {within:,.0f} to {found:,} of {attempts:,} answers, first "
        f"answers to {first:,}; at most {fresh:,} different ones were given to one question.",
        figures={"different_answers_max": float(fresh)},
    )


def reconstruction(
    margins: np.ndarray,
    answers: np.ndarray,
    truths: np.ndarray,
    *,
    upper: float,
    rounding: float = 0.0,
    near: float = NEAR,
    targets: int = TARGETS,
    seed: int = 0,
) -> Outcome:
    """Bound each unit by linear programmes over everything that was released.

    Args:
        margins: which units each released sum counts: (sums, units), of 0 and 1.
        answers: the released sums.
        truths: (units,), what every unit contributes.
        upper: the most that a unit may contribute; the least is 0.
        rounding: how far each released sum may be from the true one.
        targets: how many units are bounded: two programmes for each.
        seed: chooses them.
        near: success is an interval that is narrower than this share of the truth.

    The control knows the bounds alone. Dinur, Nissim (PODS 2003); Garfinkel et al.: Understanding
    Database Reconstruction Attacks (ACM Queue 16/5).
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(truths))[:targets])
    rows = np.concatenate([margins, -margins])
    room = np.concatenate([answers + rounding, rounding - answers])
    widths = []
    for unit in chosen:
        aim = np.zeros(len(truths))
        aim[unit] = 1.0
        ends = [
            linprog(sign * aim, A_ub=rows, b_ub=room, bounds=(0, upper), method="highs")
            for sign in (1, -1)
        ]
        solved = all(end.success for end in ends)
        widths.append(-ends[1].fun - ends[0].fun if solved else upper)
    wide = np.array(widths)
    allowed = near * np.abs(truths[chosen])
    found, control = int((wide <= allowed).sum()), float((upper <= allowed).mean())
    return judged(
        "reconstruction",
        successes=found,
        attempts=len(chosen),
        control=control,
        words=f"{len(margins):,} released sums bound {found:,} of {len(chosen):,} units to within "
        f"{percent(near)}; the narrowest interval is {float(wide.min(initial=upper)):,.0f} wide.",
        figures={"narrowest": float(wide.min(initial=upper))},
    )


def decoding(margins: np.ndarray, answers: np.ndarray, truths: np.ndarray) -> Outcome:
    """Find the yes or no of every unit that fits noisy sums best (least absolute error, by LP).

    `truths` (units,) are 0 and 1. Units that no sum tells apart are said to be what fits most of
    them. The control answers what most of all are.
    """
    sums, units = margins.shape
    slack = np.eye(sums)
    found = linprog(
        np.concatenate([np.zeros(units), np.ones(sums)]),
        A_ub=np.block([[margins, -slack], [-margins, -slack]]),
        b_ub=np.concatenate([answers, -answers]),
        bounds=[(0, 1)] * units + [(0, None)] * sums,
        method="highs",
    )
    _, alike = np.unique(margins, axis=1, return_inverse=True)
    fitted = np.bincount(alike, weights=found.x[:units]) / np.bincount(alike)
    guess = np.rint(fitted)[alike]
    right = int((guess == truths).sum())
    share = float(truths.mean())
    control = max(share, 1 - share)
    return judged(
        "decoding",
        successes=right,
        attempts=units,
        control=control,
        words=f"{sums:,} sums decoded {right:,} of {units:,} people; saying the same of all is "
        f"right for {percent(control)}.",
    )


def existence(
    seen: Callable[[Question], float | None],
    lone: Sequence[Question],
    empty: Sequence[Question],
    *,
    seed: int = 0,
) -> Outcome:
    """Tell a key behind which one unit stands from one behind which there is none.

    `seen(key)` is what a reader sees there: a number, or None where there is nothing or nothing
    is said. The rule is learned on one half and tried on the other; the control tosses a coin.
    """
    there, nothing = ([_mark(seen(key)) for key in keys] for keys in (lone, empty))
    return _told_apart("existence", there, nothing, "a key of one unit from an empty one", seed)


def side_channel(
    answer: Callable[[Question], str],
    suppressed: Sequence[Question],
    empty: Sequence[Question],
    *,
    clock: Callable[[], float] | None = None,
    seed: int = 0,
) -> Outcome:
    """Tell what is suppressed from what is empty by the words of the answer or by its time.

    `answer` gives all the words that a reader gets, an error's too. With a `clock` (seconds) the
    time counts as well; without, the words alone.
    """
    hidden, nothing = (
        [_observed(answer, each, clock) for each in keys] for keys in (suppressed, empty)
    )
    codes = {words: float(code) for code, (words, _took) in enumerate((*hidden, *nothing))}
    by_words = _told_apart(
        "side channel",
        [codes[words] for words, _took in hidden],
        [codes[words] for words, _took in nothing],
        "what is suppressed from what is empty by words",
        seed,
        exact=True,
    )
    if clock is None or not by_words.passed:
        return by_words
    times = [[took for _words, took in each] for each in (hidden, nothing)]
    what = "what is suppressed from what is empty by words or time"
    return _told_apart("side channel", times[0], times[1], what, seed)


def _observed(
    answer: Callable[[Question], str], question: Question, clock: Callable[[], float] | None
) -> tuple[str, float]:
    before = clock() if clock else 0.0
    words = answer(question)
    return words, (clock() - before) if clock else 0.0


def _mark(seen: float | None) -> float:
    return -np.inf if seen is None else float(seen)


def _told_apart(
    name: str,
    ones: Sequence[float],
    others: Sequence[float],
    what: str,
    seed: int,
    *,
    exact: bool = False,
) -> Outcome:
    """Learn on one half a threshold (or, `exact`, which values belong to which), try the other."""
    rng = np.random.default_rng(seed)
    yes, no = rng.permutation(np.array(ones)), rng.permutation(np.array(others))
    half = min(len(yes), len(no)) // 2
    learn = _values_of if exact else _threshold_of
    rule = learn(yes[:half], no[:half])
    right = int(rule(yes[half : 2 * half]).sum() + (~rule(no[half : 2 * half])).sum())
    return judged(
        name,
        successes=right,
        attempts=2 * half,
        control=0.5,
        words=f"{right:,} of {2 * half:,} times the attacker told {what}; a coin tells half.",
    )


Rule = Callable[[np.ndarray], np.ndarray]


def _values_of(yes: np.ndarray, no: np.ndarray) -> Rule:
    mine: set[Hashable] = {
        value for value in yes.tolist() if (yes == value).sum() > (no == value).sum()
    }
    return lambda values: np.array([value in mine for value in values.tolist()], dtype=bool)


def _threshold_of(yes: np.ndarray, no: np.ndarray) -> Rule:
    cuts = np.unique(np.concatenate([yes, no]))
    above = np.array([(yes >= cut).sum() + (no < cut).sum() for cut in cuts])
    below = np.array([(yes < cut).sum() + (no >= cut).sum() for cut in cuts])
    if above.max(initial=0) >= below.max(initial=0):
        cut = cuts[above.argmax()]
        return lambda values: values >= cut
    cut = cuts[below.argmax()]
    return lambda values: values < cut
