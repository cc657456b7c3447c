"""The deed: rows in, a release out that keeps what was asked, at the least cost there is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from torvet.privacy.errors import ColumnsInvalid, ModelsInvalid
from torvet.privacy.sources import Source, hold, opened

from .groups import Gathering, Groups
from .hierarchies import Hierarchy
from .local import Asked, anonymise_locally
from .measures import METRICS, risk_of, utility_of
from .models import DeltaPresence, KAnonymity, KMap, LDiversity, Model, TCloseness, checked, k_of
from .optimum import best_of, kept_classes, levels_given, weighed
from .output import Recoding, recoded_schema, write
from .result import Result, digests_of

RECODINGS = ("full-domain", "mondrian")


def anonymise(
    source: Any,
    *,
    quasi_identifiers: Mapping[str, Hierarchy],
    models: Sequence[Model],
    sensitive: Sequence[str] = (),
    identifiers: Sequence[str] = (),
    suppression_limit: float = 0.05,
    metric: Literal["loss", "discernibility", "entropy"] = "loss",
    recoding: Literal["full-domain", "mondrian"] = "full-domain",
    transformation: Mapping[str, int] | None = None,
    output: Path | str | None = None,
) -> Result:
    """Generalise the quasi-identifiers of a table so that every model holds, at the least cost.

    Args:
        source: a CSV or Parquet path, a folder of a Delta table, a list of Parquet files, Arrow
            data, or anything with the Arrow C stream. It may be larger than memory if `output`
            is given.
        quasi_identifiers: columns that together could single somebody out, with their
            hierarchies. No value (null, NaN) is a value of its own.
        models: what every class of the release keeps; all of them hold at once.
        sensitive: columns that must not be learnt about anybody; they stay as they are.
        identifiers: columns that are left out of the release.
        suppression_limit: share of rows that may be left out, 0 to 1; ⌊limit · rows⌋ rows.
        metric: what is minimised: Loss (NCP), discernibility (DM), or non-uniform entropy.
        recoding: "full-domain" gives each column one level, and the optimum of all
            transformations; "mondrian" (opt-in) cuts locally, which loses less and is weaker.
        transformation: the level of every quasi-identifier, where it is given and not searched:
            that of an earlier release of the same people (docs/decisions/0125).
        output: where the release is written as Parquet; without it, it is a table in memory.

    Returns:
        The release, with what it cost and how safe it was found.

    Raises:
        SourceUnreadable, ColumnsInvalid, ModelsInvalid: The call itself is not right.
        HierarchyMissesValue, HierarchyNotATree, HierarchyUneven: A hierarchy does not fit.
        KExceedsRows, NothingSafe, GivenUnsafe: No release, or not the given one, keeps the models.

    The search is that of docs/decisions/0090, the metrics those of 0091.
    """
    checked(models, sensitive)
    how = _how(suppression_limit, metric, recoding)
    with opened(source) as rows:
        _columns_apart(rows.schema, quasi_identifiers, sensitive, identifiers)
        gathering, groups = gathered(rows, quasi_identifiers, models, sensitive)
        asked = Asked(
            quasi_identifiers=tuple(quasi_identifiers),
            sensitive=tuple(sensitive),
            models=tuple(models),
            metric=metric,
            policy=_policy(quasi_identifiers, sensitive, models, how),
            schema=recoded_schema(rows.schema, list(quasi_identifiers), identifiers),
            path=None if output is None else Path(output),
        )
        if recoding == "mondrian":
            return anonymise_locally(rows, gathering, groups, asked)
        limit = int(suppression_limit * groups.rows + 1e-9)
        return _released(rows, gathering, groups, asked, limit=limit, given=transformation)


def _released(
    rows: Source,
    gathering: Gathering,
    groups: Groups,
    asked: Asked,
    *,
    limit: int,
    given: Mapping[str, int] | None,
) -> Result:
    """Write the release at the given levels, or at the best there are."""
    models, sensitive, metric = asked.models, asked.sensitive, asked.metric
    if given is None:
        best = best_of(groups, models, sensitive, limit=limit, metric=metric)
    else:
        levels = levels_given(groups, asked.quasi_identifiers, given)
        best = weighed(groups, models, sensitive, levels, limit=limit, metric=metric)
    classes = kept_classes(groups, asked.models, asked.sensitive, best.levels)
    recoding = Recoding(
        names=asked.quasi_identifiers,
        gathering=gathering,
        trees=groups.trees,
        levels=best.levels,
        classes=classes,
        schema=asked.schema,
    )
    table = write(rows, recoding, asked.path)
    return Result(
        transformation=dict(zip(asked.quasi_identifiers, best.levels, strict=True)),
        metric=asked.metric,
        optimum=best.value,
        rows=groups.rows,
        suppressed=groups.rows - classes.rows_kept,
        table=table,
        path=asked.path,
        risk=risk_of(groups, classes, asked.sensitive),
        utility=utility_of(groups, classes, best.levels, k_of(asked.models)),
        nodes=best.nodes,
        evaluated=best.evaluated,
        quasi_identifiers=asked.quasi_identifiers,
        policy=asked.policy,
        groups=groups,
        digests=digests_of(rows, table, asked.path),
    )


def gathered(
    rows: Source,
    quasi_identifiers: Mapping[str, Hierarchy],
    models: Sequence[Model],
    sensitive: Sequence[str],
) -> tuple[Gathering, Groups]:
    """Read the rows once, and the population where a model has one."""
    gathering = Gathering(quasi_identifiers, sensitive)
    gathering.take(rows.batches(gathering.columns))
    for model in models:
        if isinstance(model, KMap | DeltaPresence):
            with opened(model.population) as everybody:
                hold(everybody, tuple(quasi_identifiers), "population")
                people = gathering.people(everybody.batches(tuple(quasi_identifiers)))
            return gathering, gathering.groups(people)
    return gathering, gathering.groups()


def _columns_apart(
    schema: pa.Schema,
    quasi_identifiers: Mapping[str, Hierarchy],
    sensitive: Sequence[str],
    identifiers: Sequence[str],
) -> None:
    """Raise ColumnsInvalid where a column is missing, doubled, or has two roles."""
    if not quasi_identifiers:
        raise ColumnsInvalid("no quasi-identifier is named")
    roles: dict[str, str] = {}
    named = [
        *((name, "a quasi-identifier") for name in quasi_identifiers),
        *((name, "sensitive") for name in sensitive),
        *((name, "an identifier") for name in identifiers),
    ]
    for name, role in named:
        if name not in schema.names:
            raise ColumnsInvalid(f"there is no column {name!r}")
        if name in roles:
            raise ColumnsInvalid(f"{name!r} cannot be {role} and {roles[name]} as well")
        roles[name] = role
    doubled = [name for name in schema.names if schema.names.count(name) > 1]
    if doubled:
        raise ColumnsInvalid(f"there are two columns {doubled[0]!r}")


def _policy(
    quasi_identifiers: Mapping[str, Hierarchy],
    sensitive: Sequence[str],
    models: Sequence[Model],
    how: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what was asked, as a certificate states it."""
    return {
        "treatment": "anonymise",
        "roles": {
            **dict.fromkeys(quasi_identifiers, "quasi-identifier"),
            **dict.fromkeys(sensitive, "sensitive"),
        },
        "anonymise": {
            "hierarchies": {name: each.name for name, each in quasi_identifiers.items()},
            "models": [_model_json(model) for model in models],
            **how,
        },
    }


def _model_json(model: Model) -> dict[str, Any]:
    match model:
        case KAnonymity(k):
            return {"kind": "k-anonymity", "k": k}
        case KMap(k=k):
            return {"kind": "k-map", "k": k}
        case DeltaPresence(low=low, high=high):
            return {"kind": "delta-presence", "low": low, "high": high}
        case LDiversity(l=needed, kind=kind, c=c, of=column):
            stated = {"kind": "l-diversity", "l": needed, "of": kind, "c": c, "column": column}
        case TCloseness(t=most, distance=distance, of=column):
            stated = {"kind": "t-closeness", "t": most, "distance": distance, "column": column}
    return {name: each for name, each in stated.items() if each is not None}


def _how(suppression_limit: float, metric: str, recoding: str) -> dict[str, Any]:
    """Return how it is to be done; raise ModelsInvalid where there is no such way."""
    _hold(metric in METRICS, f"there is no metric {metric!r}")
    _hold(recoding in RECODINGS, f"there is no recoding {recoding!r}")
    _hold(0 <= suppression_limit <= 1, "the suppression limit lies between 0 and 1")
    return {"suppression_limit": suppression_limit, "metric": metric, "recoding": recoding}


def _hold(true: bool, fault: str) -> None:
    if not true:
        raise ModelsInvalid(fault)
