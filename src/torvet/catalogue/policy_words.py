"""A privacy policy in plain words, for the page of a delivery that waits."""

from collections.abc import Iterator, Mapping
from typing import Any

from torvet.privacy import Anonymisation, Policy, Treatment, figure


def policy_in_words(policy: Policy) -> tuple[str, ...]:
    """Return what a policy does with the rows, in sentences that need no statistics."""
    return tuple(_sentences(policy))


def _sentences(policy: Policy) -> Iterator[str]:
    match policy.treatment:
        case Treatment.ANONYMISE if policy.anonymise is not None:
            yield from _recoding(policy.anonymise)
        case Treatment.AGGREGATE:
            yield from _sums(policy.aggregate or {})
        case Treatment.ANSWERS:
            yield "No rows leave: questions are answered, with noise, within a budget."
        case _:
            yield "The rows leave as they were delivered."


def _recoding(asked: Anonymisation) -> Iterator[str]:
    yield "The rows are made coarser, all of a column alike, until these hold:"
    for model in asked.models:
        match model.get("kind"):
            case "k-anonymity":
                yield f"Nobody stands among fewer than {model['k']} rows that look alike."
            case "l-diversity":
                yield f"Rows that look alike have {model['l']} different sensitive values at least."
            case "t-closeness":
                yield (
                    "The sensitive values of rows that look alike lie within"
                    f" {figure(model['t']):g} of those of all rows."
                )
    yield f"For that, at most {figure(asked.suppression_limit):.0%} of the rows are left out."
    for column, hierarchy in asked.hierarchies.items():
        yield f"{column}: {_steps(hierarchy)}."


def _steps(hierarchy: Mapping[str, Any]) -> str:
    match hierarchy.get("kind"):
        case "intervals":
            widths = ", ".join(f"{figure(it):g}" for it in hierarchy.get("widths", ()))
            return f"as it is, or intervals of {widths}, or nothing"
        case "prefix":
            return "one character after the other is left out at its end"
        case "calendar":
            steps = hierarchy.get("steps") or ("month", "quarter", "year")
            return f"as it is, or its {', '.join(steps)}, or nothing"
        case "geo":
            return "larger and larger cells of the map"
        case "table":
            return "by the table of your own"
        case _:
            return "as it is, or nothing"


def _sums(asked: Mapping[str, Any]) -> Iterator[str]:
    by = " and ".join(asked.get("by", ()))
    yield f"There are no rows of anybody, but sums of {asked.get('value')} by {by}."
    for rule in asked.get("rules", ()):
        match rule.get("kind"):
            case "min-contributors":
                yield f"Each sum is over {rule['n']} different {asked.get('unit')} at least."
            case "max-share":
                yield f"Nobody has more than {figure(rule['share']):.0%} of a sum."
            case kind:
                yield f"Each sum keeps the rule {kind}."
