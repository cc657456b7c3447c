"""Small tables, and the definitions written out row by row: what the search is held against."""

import math
from collections import Counter, defaultdict
from itertools import product

import pyarrow as pa

from torvet.privacy import (
    DeltaPresence,
    Hierarchy,
    KAnonymity,
    KMap,
    LDiversity,
    TCloseness,
)

COLOURS = Hierarchy.from_paths(
    [
        ("red", "warm", "*"),
        ("orange", "warm", "*"),
        ("blue", "cold", "*"),
        ("green", "cold", "*"),
    ],
    name="colours",
)
SIZES = Hierarchy.from_paths(
    [
        ("1", "1-2", "1-4", "*"),
        ("2", "1-2", "1-4", "*"),
        ("3", "3-4", "1-4", "*"),
        ("4", "3-4", "1-4", "*"),
        ("5", "5-6", "5-6", "*"),
    ],
    name="sizes",
)
SEXES = Hierarchy.from_paths([("f", "*"), ("m", "*")], name="sexes")
HIERARCHIES = {"colour": COLOURS, "size": SIZES, "sex": SEXES}
SECRETS = ["a", "b", "c"]
NEAR = 1e-9


def table_of(rows):
    names = [*HIERARCHIES, "secret"]
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


def nodes():
    return product(*(range(each.levels) for each in HIERARCHIES.values()))


def classes_at(rows, node):
    """Return the rows of each class of a node."""
    found = defaultdict(list)
    for row in rows:
        found[look(row, node)].append(row)
    return found


def look(row, node):
    return tuple(
        each.value(value, level)
        for each, value, level in zip(HIERARCHIES.values(), row, node, strict=False)
    )


def keeps(members, everybody, people, models):
    return all(_keeps(members, everybody, people, model) for model in models)


def _keeps(members, everybody, people, model):
    counts = Counter(row[3] for row in members)
    whole = Counter(row[3] for row in everybody)
    match model:
        case KAnonymity(k):
            kept = len(members) >= k
        case LDiversity(l=wanted, kind="distinct"):
            kept = len(counts) >= wanted
        case LDiversity(l=wanted, kind="entropy"):
            shares = [count / len(members) for count in counts.values()]
            kept = -sum(s * math.log(s) for s in shares) >= math.log(wanted) - NEAR
        case LDiversity(l=wanted, c=c):
            falling = sorted(counts.values(), reverse=True)
            kept = len(falling) >= wanted and falling[0] < c * sum(falling[int(wanted) - 1 :])
        case TCloseness(t=t, distance=distance):
            kept = {"equal": equal, "ordered": ordered}[distance](counts, whole) <= t + NEAR
        case KMap(k=k):
            kept = people >= k
        case DeltaPresence(low=low, high=high):
            kept = low - NEAR <= len(members) / people <= high + NEAR
    return kept


def equal(counts, whole):
    held, rows = sum(counts.values()), sum(whole.values())
    return sum(abs(counts[v] / held - whole[v] / rows) for v in whole) / 2


def ordered(counts, whole):
    held, rows = sum(counts.values()), sum(whole.values())
    carried = walked = 0.0
    for value in sorted(whole):
        carried += counts[value] / held - whole[value] / rows
        walked += abs(carried)
    return walked / (len(whole) - 1) if len(whole) > 1 else 0.0


def measured(rows, node, models, metric, population=None):
    """Return the rows suppressed at a node and its metric, by the definitions."""
    suppressed, shown = [], []
    crowd = classes_at(population, node) if population is not None else {}
    for name, members in classes_at(rows, node).items():
        if keeps(members, rows, len(crowd.get(name, ())), models):
            shown.append((name, members))
        else:
            suppressed += members
    missing = any(isinstance(model, DeltaPresence) and model.low > 0 for model in models) and {
        name for name, _ in shown
    } != set(crowd)
    lost = len(rows) + 1 if missing else len(suppressed)
    return lost, METRICS[metric](rows, node, shown, suppressed)


def _discernibility(rows, node, shown, suppressed):
    return sum(len(members) ** 2 for _, members in shown) + len(suppressed) * len(rows)


def _loss(rows, node, shown, suppressed):
    total = 0.0
    for q, (hierarchy, level) in enumerate(zip(HIERARCHIES.values(), node, strict=True)):
        leaves = len(hierarchy.leaves)
        below = Counter(hierarchy.value(leaf, level) for leaf in hierarchy.leaves)
        share = sum(len(members) * below[name[q]] / leaves for name, members in shown)
        share += len(suppressed)
        total += (share - len(rows) / leaves) / (len(rows) - len(rows) / leaves)
    return max(total / len(node), 0.0)


def _entropy(rows, node, shown, suppressed):
    bits = 0.0
    for q in range(len(node)):
        leaf = Counter(row[q] for row in rows)
        above = Counter(look(row, node)[q] for row in rows)
        for name, members in shown:
            bits += sum(math.log2(above[name[q]] / leaf[row[q]]) for row in members)
        bits += sum(math.log2(len(rows) / leaf[row[q]]) for row in suppressed)
    return bits


METRICS = {"discernibility": _discernibility, "loss": _loss, "entropy": _entropy}


def best_by_trying(rows, models, metric, limit, population=None):
    """Return the least metric over all nodes that suppress at most the limit; None without any."""
    values = []
    for node in nodes():
        suppressed, value = measured(rows, node, models, metric, population)
        if suppressed <= int(limit * len(rows) + NEAR):
            values.append(value)
    return min(values, default=None)
