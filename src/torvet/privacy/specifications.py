"""Hierarchies and models as they stand in a policy, made into those that are worked with."""

from collections.abc import Mapping, Sequence
from typing import Any

from .aggregates.rules import Totals, rules_from_json
from .answers.spec import AnswerSpec
from .certificates import figure
from .errors import PolicyInvalid
from .policies import Policy, Treatment
from .recoding.hierarchies import ROOT, Hierarchy
from .recoding.models import KAnonymity, LDiversity, Model, TCloseness


def hierarchy_of(column: str, spec: Mapping[str, Any]) -> Hierarchy:
    """Return the hierarchy that `spec` describes; raise PolicyInvalid or a Hierarchy… error."""
    try:
        match spec.get("kind"):
            case "intervals":
                widths = tuple(figure(it) for it in spec["widths"])
                return Hierarchy.intervals(figure(spec["low"]), figure(spec["high"]), widths)
            case "prefix":
                return Hierarchy.prefix(int(spec["length"]))
            case "calendar":
                return Hierarchy.calendar(tuple(spec.get("steps") or ("month", "quarter", "year")))
            case "geo":
                return Hierarchy.geo(tuple(int(it) for it in spec["resolutions"]))
            case "table":
                rows = ([str(cell) for cell in row] for row in spec["rows"])
                return Hierarchy.from_paths(rows, name=column)
            case "flat":
                return Hierarchy(levels=2, name=column, rule=_to_root)
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyInvalid((f"the hierarchy of {column!r} lacks or misstates {error}",)) from error
    raise PolicyInvalid((f"the hierarchy of {column!r} is of no kind that there is",))


def _to_root(_leaf: str) -> tuple[str, ...]:
    return (ROOT,)


def hierarchies_of(specs: Mapping[str, Mapping[str, Any]]) -> dict[str, Hierarchy]:
    """Return the hierarchy of every quasi-identifier."""
    return {column: hierarchy_of(column, spec) for column, spec in specs.items()}


def models_of(
    specs: Sequence[Mapping[str, Any]], hierarchies: Mapping[str, Hierarchy]
) -> list[Model]:
    """Return the models that `specs` describe; raise PolicyInvalid or ModelsInvalid."""
    return [_model(spec, hierarchies) for spec in specs]


def _model(spec: Mapping[str, Any], hierarchies: Mapping[str, Hierarchy]) -> Model:
    column = spec.get("column")
    try:
        match spec["kind"]:
            case "k-anonymity":
                return KAnonymity(int(spec["k"]))
            case "l-diversity":
                c = spec.get("c")
                return LDiversity(
                    figure(spec["l"]),
                    spec.get("of", "distinct"),
                    None if c is None else figure(c),
                    column,
                )
            case _:
                distance = spec.get("distance", "equal")
                levels = hierarchies.get(str(column)) if distance == "hierarchical" else None
                return TCloseness(figure(spec["t"]), distance, column, levels)
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyInvalid((f"a model lacks or misstates {error}",)) from error


def totals_of(aggregate: Mapping[str, Any]) -> Totals | None:
    """Return which totals an aggregate tells beside its cells; raise PolicyInvalid."""
    spec = aggregate.get("totals")
    if spec is None:
        return None
    return Totals(
        hierarchies=hierarchies_of(spec["hierarchies"]),
        protection=figure(spec.get("protection", 0.1)),
        method=spec.get("method", "suppress"),
    )


def try_policy(policy: Policy) -> None:
    """Make all that a policy asks for, and throw it away; raise what is wrong with it."""
    if policy.treatment is Treatment.ANONYMISE and policy.anonymise is not None:
        hierarchies = hierarchies_of(policy.anonymise.hierarchies)
        models_of(policy.anonymise.models, hierarchies)
    if policy.treatment is Treatment.AGGREGATE:
        asked = policy.aggregate or {}
        rules_from_json(asked["rules"])
        totals_of(asked)
    if policy.treatment is Treatment.ANSWERS:
        AnswerSpec.from_json(policy.answers or {})
