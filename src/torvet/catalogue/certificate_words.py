"""A certificate in plain words, for the page of a dataset."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torvet.privacy import Certificate, figure

_DONE = {
    "as-is": "The rows are released as they were delivered.",
    "anonymise": "The rows were made so coarse that nobody stands alone in them.",
    "aggregate": "There are no rows of anybody, but sums over many.",
    "answers": "No rows leave at all: questions are answered, with noise.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InWords:
    """What was done to a release, in a sentence; and what was found, in several."""

    treatment: str
    done: str
    found: tuple[str, ...]


def in_words(certificate: Certificate) -> InWords:
    """Return what a certificate says, in sentences that need no statistics."""
    return InWords(
        treatment=certificate.treatment,
        done=_DONE.get(certificate.treatment, certificate.treatment),
        found=tuple(_found(certificate)),
    )


def _found(it: Certificate) -> Iterator[str]:
    k = it.models_found.get("k")
    if k:
        alike = "at least one row" if k == 1 else f"at least {k:,} rows"
        risk = figure(it.risk.get("prosecutor", 1.0))
        yield (
            f"Whoever knows a person's values finds {alike} that fit:"
            f" the right one is picked with a chance of {risk:.1%} at most."
        )
    if it.suppressed:
        what = "cells" if it.treatment == "aggregate" else "rows"
        yield f"{it.suppressed:,} {what} were left out, because they would have stood alone."
    if "loss" in it.utility:
        yield f"{figure(it.utility['loss']):.0%} of the detail was given up for that."
    if it.attacks:
        yield _attacked([str(each["name"]) for each in it.attacks])
    if it.treatment != "anonymise":
        yield from it.remarks


def _attacked(names: Sequence[str]) -> str:
    tried = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"It was attacked before it was released, and withstood: {tried}."
