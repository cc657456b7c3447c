"""From models and groups to the best node: what is asked, laid out, and searched in threads."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.errors import GivenUnsafe, KExceedsRows, ModelsInvalid, NothingSafe

from .classes import Classes, classes_of, judged
from .cuts import Judges
from .demands import Demand, Kind, judges_against
from .ground import Best, Rules, Surface, ground_of
from .groups import Groups, Secrets
from .lattice import Lattice, lattice_of, levels_of
from .leaves import Leaves
from .measures import Measure, utility_of
from .models import DeltaPresence, KMap, LDiversity, Model, TCloseness, at_least_rows
from .search import NEAR, dive

THREADS_MAX = 8
GROUND_GROUPS_MAX = 1 << 22
"""Above so many groups one thread searches: each has working arrays of its own."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best transformation, its value of the metric, and how many nodes were weighed."""

    levels: tuple[int, ...]
    value: float
    nodes: int
    evaluated: int


def best_of(
    groups: Groups,
    models: Sequence[Model],
    sensitive: Sequence[str],
    *,
    limit: int,
    metric: str,
    threads: int | None = None,
) -> Found:
    """Return the best node of the lattice that suppresses at most `limit` rows.

    The same as trying every node (tests/privacy/recoding/test_search.py). Nodes that are equally
    good are chosen by their levels, the least generalised first in the order of the columns.

    Raises:
        KExceedsRows: A class would need more rows than there are.
        NothingSafe: No node keeps the models within the limit.
    """
    needed = at_least_rows(models)
    if needed > groups.rows:
        raise KExceedsRows(needed, groups.rows)
    measure = Measure.of(metric, groups)
    judges = judges_for(groups, models, sensitive)
    judging = judges.kinds.size > 0
    lattice = _laid_out(groups, measure, judging=judging)
    rules = _rules(models, measure, limit=limit, judged=judging)
    secrets = groups.secrets.combinations if judging and groups.secrets else _NO_SECRETS
    found = _searched(lattice, rules, judges, secrets, threads)
    if found.node[0] < 0:
        raise NothingSafe(_suppressed_at_the_top(groups, models, sensitive), rules.limit)
    return Found(
        levels=levels_of(lattice, int(found.node[0])),
        value=float(found.value[0]) - measure.offset,
        nodes=lattice.nodes,
        evaluated=int(found.evaluated[0]),
    )


def levels_given(
    groups: Groups, names: Sequence[str], transformation: Mapping[str, int]
) -> tuple[int, ...]:
    """Return the levels of a given transformation; raise ModelsInvalid where it does not fit."""
    if set(transformation) != set(names):
        raise ModelsInvalid("the transformation that is given is of other columns")
    levels = tuple(transformation[name] for name in names)
    if any(not 0 <= it < len(tree.codes) for it, tree in zip(levels, groups.trees, strict=True)):
        raise ModelsInvalid("the transformation that is given has levels that there are not")
    return levels


def weighed(
    groups: Groups,
    models: Sequence[Model],
    sensitive: Sequence[str],
    levels: Sequence[int],
    *,
    limit: int,
    metric: str,
) -> Found:
    """Return what the node of `levels` comes to; raise GivenUnsafe where it breaks a model."""
    classes = kept_classes(groups, models, sensitive, levels)
    suppressed = groups.rows - classes.rows_kept
    everybody = any(isinstance(each, DeltaPresence) and each.low > 0 for each in models)
    if suppressed > limit or (everybody and (~classes.kept & (classes.people > 0)).any()):
        raise GivenUnsafe(suppressed, limit)
    cost = utility_of(groups, classes, levels, at_least_rows(models))
    return Found(levels=tuple(levels), value=getattr(cost, metric), nodes=1, evaluated=1)


def kept_classes(
    groups: Groups, models: Sequence[Model], sensitive: Sequence[str], levels: Sequence[int]
) -> Classes:
    """Return the classes of a node, those kept that keep every model."""
    classes = classes_of(groups, levels)
    kept = classes.counts >= max(at_least_rows(models), 1)
    for model in models:
        match model:
            case KMap(k=k):
                kept &= classes.people >= k
            case DeltaPresence(low=low, high=high):
                presence = classes.counts / np.maximum(classes.people, 1)
                kept &= (presence >= low - NEAR) & (presence <= high + NEAR)
            case _:
                pass
    judges = judges_for(groups, models, sensitive)
    if judges.kinds.size:
        kept &= judged(groups, classes, judges)
    classes.kept[:] = kept
    return classes


def surface_of(groups: Groups, ks: Sequence[int]) -> tuple[Lattice, Surface]:
    """Measure every node of the lattice for every k, shares being those of Loss."""
    measure = Measure.of("loss", groups)
    lattice = _laid_out(groups, measure, judging=False)
    sorted_ks = np.array(sorted(ks), dtype=np.int64)
    shape = (lattice.nodes, len(sorted_ks))
    surface = Surface(
        ks=sorted_ks,
        suppressed=np.zeros(shape, dtype=np.int64),
        squares=np.zeros(shape),
        shares=np.zeros(shape),
    )
    rules = Rules(
        k=int(sorted_ks[0]),
        k_population=0,
        least_presence=0.0,
        most_presence=1.0,
        limit=groups.rows,
        squares=False,
        most=measure.most,
        judged=False,
    )
    _searched(lattice, rules, judges_for(groups, (), ()), _NO_SECRETS, None, surface)
    suppressed = surface.suppressed.astype(np.float64)
    surface.squares[:] += suppressed * groups.rows
    surface.shares[:] += suppressed * measure.most - measure.offset
    return lattice, surface


def judges_for(groups: Groups, models: Sequence[Model], sensitive: Sequence[str]) -> Judges:
    """Return what models ask of sensitive values; nothing where size alone answers it."""
    demands: list[Demand] = []
    for model in models:
        if isinstance(model, LDiversity | TCloseness):
            columns = sensitive if model.of is None else (model.of,)
            demands += [demand_of(model, groups.secrets, sensitive.index(name)) for name in columns]
    if groups.secrets is None or not demands:
        return judges_against(np.zeros((1, 1), dtype=np.int64), ())
    return judges_against(_whole(groups.secrets), demands)


_NO_SECRETS = np.zeros((1, 1), dtype=np.int32)
_NO_SURFACE = Surface(
    ks=np.zeros(0, dtype=np.int64),
    suppressed=np.zeros((0, 0), dtype=np.int64),
    squares=np.zeros((0, 0)),
    shares=np.zeros((0, 0)),
)


def demand_of(model: LDiversity | TCloseness, secrets: Secrets | None, column: int) -> Demand:
    assert secrets is not None, "`models.checked` has seen that there is a sensitive column"
    values = secrets.values[column]
    match model:
        case LDiversity(kind="distinct"):
            return Demand(kind=Kind.DISTINCT, bound=model.l, column=column)
        case LDiversity(kind="entropy"):
            return Demand(kind=Kind.ENTROPY, bound=model.l, column=column)
        case LDiversity():
            return Demand(kind=Kind.RECURSIVE, bound=model.l, column=column, c=model.c or 0.0)
        case TCloseness(distance="ordered"):
            return Demand(kind=Kind.ORDERED, bound=model.t, column=column)
        case TCloseness(hierarchy=None):
            trivial = (tuple(range(len(values))),)
            return Demand(kind=Kind.TREE, bound=model.t, column=column, tree=trivial)
        case _:
            assert model.hierarchy is not None
            leaves = Leaves(model.hierarchy)
            codes = [leaves.code(value) for value in values]
            levels = leaves.tree().codes[:-1]
            tree = tuple(_dense([int(level[code]) for code in codes]) for level in levels)
            return Demand(kind=Kind.TREE, bound=model.t, column=column, tree=tree)


def _dense(codes: Sequence[int]) -> tuple[int, ...]:
    numbers: dict[int, int] = {}
    return tuple(numbers.setdefault(code, len(numbers)) for code in codes)


def _whole(secrets: Secrets) -> Ints:
    """Return the rows of each sensitive value: (columns, values of the longest column)."""
    widest = max(len(values) for values in secrets.values)
    return np.stack(
        [
            np.bincount(
                secrets.combinations[secrets.combination, column],
                weights=secrets.counts,
                minlength=widest,
            ).astype(np.int64)
            for column in range(len(secrets.values))
        ]
    )


def _laid_out(groups: Groups, measure: Measure, *, judging: bool) -> Lattice:
    """Lay the lattice out over groups, or over pairs of groups and sensitive values."""
    if not judging or groups.secrets is None:
        return lattice_of(
            groups.trees,
            groups.codes,
            groups.counts,
            secrets=np.zeros(len(groups.counts), dtype=np.int32),
            population=groups.people,
            losses=measure.losses,
        )
    secrets = groups.secrets
    # Groups of the population alone have no pair; they come behind with none of their own.
    alone = np.flatnonzero(groups.counts == 0)
    group = np.concatenate([secrets.group, alone.astype(np.int32)])
    people = np.zeros(0, dtype=np.int64)
    if groups.people.size:
        people = np.zeros(len(group), dtype=np.int64)
        _, firsts = np.unique(group, return_index=True)
        people[firsts] = groups.people[group[firsts]]
    return lattice_of(
        groups.trees,
        [codes[group] for codes in groups.codes],
        np.concatenate([secrets.counts, np.zeros(len(alone), dtype=np.int64)]),
        secrets=np.concatenate([secrets.combination, np.zeros(len(alone), dtype=np.int32)]),
        population=people,
        losses=measure.losses,
    )


def _rules(models: Sequence[Model], measure: Measure, *, limit: int, judged: bool) -> Rules:
    presences = [model for model in models if isinstance(model, DeltaPresence)]
    least = max((model.low for model in presences), default=0.0)
    return Rules(
        k=at_least_rows(models),
        k_population=max((model.k for model in models if isinstance(model, KMap)), default=0),
        least_presence=least,
        most_presence=min((model.high for model in presences), default=float("inf")),
        limit=0 if least > 0 else limit,
        squares=measure.squares,
        most=measure.most,
        judged=judged,
    )


def _searched(  # noqa: PLR0917 - handed on to compiled code in this order
    lattice: Lattice,
    rules: Rules,
    judges: Judges,
    secrets: Any,
    threads: int | None,
    surface: Surface = _NO_SURFACE,
) -> Best:
    """Search in threads that share the bound: each takes the next level of the first column."""
    firsts = list(range(int(lattice.levels[0])))
    most = min(threads or os.cpu_count() or 1, THREADS_MAX, len(firsts))
    if len(lattice.counts) > GROUND_GROUPS_MAX:
        most = 1
    bound = np.array([np.inf])
    bests = [_nothing(bound) for _ in range(most)]

    def work(best: Best) -> None:
        ground = ground_of(lattice)
        while firsts:
            try:
                first = firsts.pop(0)
            except IndexError:  # another thread took the last one
                return
            levels = np.array([first], dtype=np.int64)
            dive(lattice, rules, judges, secrets, ground, levels, best, surface)

    with ThreadPoolExecutor(most) as pool:
        list(pool.map(work, bests))
    for best in bests:
        best.evaluated[0] = sum(int(each.evaluated[0]) for each in bests)
    value = min(float(each.value[0]) for each in bests)
    near = NEAR * abs(value) if np.isfinite(value) else 0.0
    equal = [each for each in bests if each.value[0] <= value + near]
    return min(equal, key=lambda each: int(each.node[0]))


def _nothing(bound: NDArray[np.float64]) -> Best:
    return Best(
        bound=bound,
        value=np.array([np.inf]),
        node=np.array([-1], dtype=np.int64),
        evaluated=np.zeros(1, dtype=np.int64),
    )


def _suppressed_at_the_top(
    groups: Groups, models: Sequence[Model], sensitive: Sequence[str]
) -> int:
    """Return how many rows the models leave out where every value is the root."""
    top = [len(tree.codes) - 1 for tree in groups.trees]
    return groups.rows - kept_classes(groups, models, sensitive, top).rows_kept
