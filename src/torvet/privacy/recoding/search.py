"""The compiled search: depth first through the lattice, moving group counts and never rows.

Depth d has set the levels of the first d quasi-identifiers. What it holds are the groups under
this prefix, `(class of the prefix, suffix)`, sorted by class, each pair once. Two things end a
branch (El Emam et al. 2009; LeFevre et al. 2005, Incognito): a prefix that suppresses too much
with all else at the root, since no finer node suppresses less; and a lower bound of the metric
above the best node found. Both hold for every model: classes that are too small are suppressed
whatever else is asked of them, and no model makes a row lose less.

Classes that are too small are dropped on the way down, for all below them is too small as well.
"""

import numpy as np
from numpy.typing import NDArray

from torvet.privacy.compiled import compiled

from .cuts import Judges, keeps
from .ground import Best, Ground, Rules, Surface
from .lattice import Lattice

NEAR = 1e-9
STAY, DEEPER = 0, 1

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


@compiled
def dive(  # noqa: PLR0917 - compiled functions take their arguments by place
    lattice: Lattice,
    rules: Rules,
    judges: Judges,
    secrets: Codes,
    ground: Ground,
    first: Ints,
    best: Best,
    surface: Surface,
) -> None:
    """Search the nodes whose first level is among `first`; write what is found to `best`.

    With `surface.ks` nothing is searched: every node is measured for every k.
    """
    _enter_root(lattice, ground)
    chosen = 0
    depth = 0
    while depth >= 0:
        if depth == 0:
            if chosen == first.size:
                break
            ground.level[0] = first[chosen]
            chosen += 1
        else:
            ground.level[depth] += 1
            if ground.level[depth] == lattice.levels[depth]:
                depth -= 1
                continue
        if surface.ks.size > 0:
            turn = _every(lattice, rules, ground, depth, surface)
        else:
            turn = _step(lattice, rules, judges, secrets, ground, depth, best)
        depth += turn
        if turn == DEEPER:
            ground.level[depth] = -1


@compiled
def _step(  # noqa: PLR0917 - as above
    lattice: Lattice,
    rules: Rules,
    judges: Judges,
    secrets: Codes,
    ground: Ground,
    depth: int,
    best: Best,
) -> int:
    """Try one level at `depth`; say where to go on."""
    bound = best.bound[0] + NEAR * abs(best.bound[0])
    if _least(lattice, rules, ground, depth) > bound:
        return STAY
    found = _project(lattice, rules, ground, depth)
    suppressed = _drop(rules, lattice, ground, depth, found)
    if suppressed > rules.limit or _least_now(lattice, rules, ground, depth + 1) > bound:
        return STAY
    last = depth == lattice.levels.size - 1
    if last and not rules.judged:
        _weigh(lattice, rules, ground, found, suppressed, best)
        return STAY
    _descend(lattice, ground, depth, found)
    if last:
        _judge(lattice, rules, judges, secrets, ground, best)
        return STAY
    if rules.squares and _squares(rules, ground, depth + 1) > bound:
        return STAY
    _gather(lattice, ground, depth + 1)
    return DEEPER


@compiled
def _every(lattice: Lattice, rules: Rules, ground: Ground, depth: int, surface: Surface) -> int:
    """Go everywhere, and measure each node; what is too small for every k is dropped on the way."""
    found = _project(lattice, rules, ground, depth)
    suppressed = _drop(rules, lattice, ground, depth, found)
    if depth == lattice.levels.size - 1:
        _measure(lattice, ground, found, suppressed, surface)
        return STAY
    _descend(lattice, ground, depth, found)
    _gather(lattice, ground, depth + 1)
    return DEEPER


@compiled
def _node(lattice: Lattice, ground: Ground) -> int:
    node = 0
    for depth in range(lattice.levels.size):
        node += int(ground.level[depth] * lattice.strides[depth])
    return node


@compiled
def _enter_root(lattice: Lattice, ground: Ground) -> None:
    """Depth 0 holds every group as it is, in one class."""
    groups = lattice.counts.size
    ground.classes[0] = 1
    ground.suppressed[0] = 0
    ground.lost[0] = 0.0
    ground.weight[0, 0] = 0.0
    ground.segments[0, 0] = 0
    ground.segments[0, 1] = groups
    for group in range(groups):
        ground.suffix[0, group] = group
        ground.rows[0, group] = lattice.counts[group]
        if lattice.population.size:
            ground.people[0, group] = lattice.population[group]
    _gather(lattice, ground, 0)


@compiled
def _gather(lattice: Lattice, ground: Ground, depth: int) -> None:
    """Sum the groups of each class by the leaf of the quasi-identifier in hand: the runs."""
    start = lattice.depths[depth]
    people = lattice.population.size > 0
    run = 0
    for each in range(ground.classes[depth]):
        ground.runs[depth, each] = run
        ground.tick[0] += 1
        tick = ground.tick[0]
        for row in range(ground.segments[depth, each], ground.segments[depth, each + 1]):
            leaf = lattice.leads[start + ground.suffix[depth, row]]
            if ground.stamp[leaf] != tick:
                ground.stamp[leaf] = tick
                ground.mark[leaf] = run
                ground.lead[depth, run] = leaf
                ground.run_count[depth, run] = 0
                if people:
                    ground.run_people[depth, run] = 0
                run += 1
            at = ground.mark[leaf]
            ground.run_of[depth, row] = at
            ground.run_count[depth, at] += ground.rows[depth, row]
            if people:
                ground.run_people[depth, at] += ground.people[depth, row]
    ground.runs[depth, ground.classes[depth]] = run


@compiled
def _project(lattice: Lattice, rules: Rules, ground: Ground, depth: int) -> int:
    """Form the classes of the prefix with all else at the root; return how many there are."""
    level = ground.level[depth]
    above = lattice.starts[depth, level]
    share = lattice.firsts[depth, level]
    people = lattice.population.size > 0
    found = 0
    for each in range(ground.classes[depth]):
        ground.tick[0] += 1
        tick = ground.tick[0]
        weight = ground.weight[depth, each]
        for run in range(ground.runs[depth, each], ground.runs[depth, each + 1]):
            code = lattice.maps[above + ground.lead[depth, run]]
            if ground.stamp[code] != tick:
                ground.stamp[code] = tick
                ground.mark[code] = found
                ground.prefix_count[found] = 0
                if people:
                    ground.prefix_people[found] = 0
                if not rules.squares:
                    ground.prefix_weight[found] = weight + lattice.shares[share + code]
                found += 1
            at = ground.mark[code]
            ground.new[run] = at
            ground.prefix_count[at] += ground.run_count[depth, run]
            if people:
                ground.prefix_people[at] += ground.run_people[depth, run]
    return found


@compiled
def _drop(rules: Rules, lattice: Lattice, ground: Ground, depth: int, found: int) -> int:
    """Leave out classes that are too small; return all rows suppressed so far."""
    people = lattice.population.size > 0
    suppressed = int(ground.suppressed[depth])
    lost = 0.0
    kept = 0
    for each in range(found):
        count = ground.prefix_count[each]
        small = count > 0 and count < rules.k
        if people and count > 0 and ground.prefix_people[each] < rules.k_population:
            small = True
        if small:
            suppressed += count
            ground.kept[each] = -1
        else:
            if not rules.squares:
                lost += count * ground.prefix_weight[each]
            ground.kept[each] = kept
            kept += 1
    ground.suppressed[depth + 1] = suppressed
    ground.lost[depth + 1] = lost
    ground.classes[depth + 1] = kept
    return suppressed


@compiled
def _least(lattice: Lattice, rules: Rules, ground: Ground, depth: int) -> float:
    """Bound what every node under the prefix in hand loses, before its classes are formed.

    Rows lose at least what they lose at this level and with all else as it is. Of rows that are
    suppressed already it is only known that each lost at most `tops` of that, and now loses all.
    """
    gone = ground.suppressed[depth]
    if rules.squares:
        return float(gone * rules.most)
    level = ground.level[depth]
    ahead = lattice.marginals[depth, level] + lattice.ahead[depth + 1]
    ahead -= gone * (lattice.tops[depth, level] + lattice.rest[depth + 1])
    return float(ground.lost[depth] + max(ahead, 0.0) + gone * rules.most)


@compiled
def _least_now(lattice: Lattice, rules: Rules, ground: Ground, depth: int) -> float:
    """Bound the same once the first `depth` levels have their classes."""
    gone = ground.suppressed[depth]
    if rules.squares:
        return float(gone * rules.most)
    ahead = lattice.ahead[depth] - gone * lattice.rest[depth]
    return float(ground.lost[depth] + max(ahead, 0.0) + gone * rules.most)


@compiled
def _squares(rules: Rules, ground: Ground, depth: int) -> float:
    """Bound discernibility from below: classes are at least as large as the groups in them."""
    least = float(ground.suppressed[depth]) * rules.most
    for row in range(ground.segments[depth, ground.classes[depth]]):
        least += float(ground.rows[depth, row]) * ground.rows[depth, row]
    return least


@compiled
def _descend(lattice: Lattice, ground: Ground, depth: int, found: int) -> None:
    """Sort the groups into the classes of the prefix, and join those with equal suffixes."""
    below = depth + 1
    people = lattice.population.size > 0
    ends = ground.segments[below]
    ends[: ground.classes[below] + 1] = 0
    rows = ground.segments[depth, ground.classes[depth]]
    for row in range(rows):
        into = ground.kept[ground.new[ground.run_of[depth, row]]]
        if into >= 0:
            ends[into + 1] += 1
    for each in range(ground.classes[below]):
        ends[each + 1] += ends[each]
    start = lattice.depths[depth]
    for row in range(rows):
        into = ground.kept[ground.new[ground.run_of[depth, row]]]
        if into >= 0:
            at = ends[into]
            ends[into] += 1
            ground.spare_suffix[at] = lattice.follows[start + ground.suffix[depth, row]]
            ground.spare_count[at] = ground.rows[depth, row]
            if people:
                ground.spare_people[at] = ground.people[depth, row]
    for each in range(found):
        if ground.kept[each] >= 0:
            ground.weight[below, ground.kept[each]] = ground.prefix_weight[each]
    _join(ground, below, people)


@compiled
def _join(ground: Ground, depth: int, people: bool) -> None:
    """Sum equal suffixes within each class; `segments` holds ends now, and starts afterwards."""
    written = 0
    start = 0
    for each in range(ground.classes[depth]):
        end = ground.segments[depth, each]
        ground.segments[depth, each] = written
        ground.tick[0] += 1
        tick = ground.tick[0]
        for row in range(start, end):
            suffix = ground.spare_suffix[row]
            if ground.stamp[suffix] != tick:
                ground.stamp[suffix] = tick
                ground.mark[suffix] = written
                ground.suffix[depth, written] = suffix
                ground.rows[depth, written] = 0
                if people:
                    ground.people[depth, written] = 0
                written += 1
            at = ground.mark[suffix]
            ground.rows[depth, at] += ground.spare_count[row]
            if people:
                ground.people[depth, at] += ground.spare_people[row]
        start = end
    ground.segments[depth, ground.classes[depth]] = written


@compiled
def _weigh(  # noqa: PLR0917 - as above
    lattice: Lattice, rules: Rules, ground: Ground, found: int, suppressed: int, best: Best
) -> None:
    """Measure a node that only counts rows; the classes to keep are those of `kept`."""
    people = lattice.population.size > 0
    total = 0.0
    for each in range(found):
        count = ground.prefix_count[each]
        if ground.kept[each] < 0:
            continue
        if people and not _present(rules, count, ground.prefix_people[each]):
            suppressed += max(count, 1)
            continue
        if rules.squares:
            total += float(count) * count
        else:
            total += count * ground.prefix_weight[each]
    _take(lattice, rules, ground, best, suppressed, total)


@compiled
def _present(rules: Rules, count: int, people: int) -> bool:
    """Say whether a class's presence is in bounds; an empty one is judged by the lower bound."""
    if count == 0:
        return rules.least_presence <= 0.0
    presence = count / max(people, 1)
    return rules.least_presence - NEAR <= presence <= rules.most_presence + NEAR


@compiled
def _take(  # noqa: PLR0917 - as above
    lattice: Lattice, rules: Rules, ground: Ground, best: Best, suppressed: int, total: float
) -> None:
    """Keep a node that is better than the best, or as good and before it in order."""
    best.evaluated[0] += 1
    if suppressed > rules.limit:
        return
    value = total + suppressed * rules.most
    node = _node(lattice, ground)
    near = NEAR * abs(value)
    if value < best.value[0] - near or (value <= best.value[0] + near and node < best.node[0]):
        best.value[0] = value
        best.node[0] = node
        best.bound[0] = min(best.bound[0], value)


@compiled
def _judge(  # noqa: PLR0917 - as above
    lattice: Lattice,
    rules: Rules,
    judges: Judges,
    secrets: Codes,
    ground: Ground,
    best: Best,
) -> None:
    """Measure a node whose models look at sensitive values: `secrets[combination, column]`."""
    depth = lattice.levels.size
    people = lattice.population.size > 0
    suppressed = int(ground.suppressed[depth])
    total = 0.0
    counts = np.zeros(judges.whole_counts.shape, dtype=np.int64)
    for each in range(ground.classes[depth]):
        counts[:] = 0
        size = 0
        crowd = 0
        for row in range(ground.segments[depth, each], ground.segments[depth, each + 1]):
            count = ground.rows[depth, row]
            size += count
            if people:
                crowd += ground.people[depth, row]
            for column in range(secrets.shape[1]):
                counts[column, secrets[ground.suffix[depth, row], column]] += count
        if people and not _present(rules, size, crowd):
            suppressed += max(size, 1)
        elif size > 0 and not keeps(judges, counts, size):
            suppressed += size
        elif rules.squares:
            total += float(size) * size
        else:
            total += size * ground.weight[depth, each]
    _take(lattice, rules, ground, best, suppressed, total)


@compiled
def _measure(
    lattice: Lattice, ground: Ground, found: int, suppressed: int, surface: Surface
) -> None:
    """Measure a node for every k: a class is kept for each k up to its size."""
    ks = surface.ks
    node = _node(lattice, ground)
    rows = np.zeros(ks.size + 1, dtype=np.int64)
    squares = np.zeros(ks.size + 1)
    shares = np.zeros(ks.size + 1)
    for each in range(found):
        if ground.kept[each] < 0:
            continue
        count = ground.prefix_count[each]
        place = ks.size
        if count < ks[-1]:
            place = 0
            while ks[place] <= count:
                place += 1
        rows[place] += count
        squares[place] += float(count) * count
        shares[place] += count * ground.prefix_weight[each]
    small = suppressed
    for place in range(ks.size):
        small += rows[place]
        surface.suppressed[node, place] = small
    kept_squares, kept_shares = squares[ks.size], shares[ks.size]
    for place in range(ks.size - 1, -1, -1):
        surface.squares[node, place] = kept_squares
        surface.shares[node, place] = kept_shares
        kept_squares += squares[place]
        kept_shares += shares[place]
