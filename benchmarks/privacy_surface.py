"""The surface of Adult: 6,480 transformations × 7 values of k, against brute force.

    python -m benchmarks.privacy_surface [--rounds N] [--checked N] [--json FILE]

Brute force is a GROUP BY in DuckDB over the recoded rows of one transformation: it is made for
`--checked` transformations drawn at random (6480 for all of them) and has to agree in every number.
"""

import argparse
import random
import statistics
import time

import duckdb
from benchmarks._told import asks_for_json, tell

from torvet.privacy import KAnonymity, anonymise

from ._adult import COLUMNS, adult, hierarchies

KS = (2, 3, 5, 10, 20, 50, 100)
ROUNDS = 7
CHECKED = 200
SECONDS_MAX = 0.6


def prepared():
    """Return a connection with a table of every level of every column, as `column_level`."""
    table, levels = adult(), hierarchies()
    db = duckdb.connect()
    db.register("adult", table)
    db.execute("CREATE TABLE held AS SELECT * FROM adult")
    for name, hierarchy in levels.items():
        rows = [
            (leaf, *hierarchy.steps(leaf), *below(hierarchy, leaf)) for leaf in hierarchy.leaves
        ]
        width = hierarchy.levels
        columns = ", ".join(
            [f"l{at} VARCHAR" for at in range(width)] + [f"s{at} DOUBLE" for at in range(width)]
        )
        db.execute(f'CREATE TABLE "of_{name}" ({columns})')
        marks = ", ".join("?" * (2 * width))
        db.executemany(f'INSERT INTO "of_{name}" VALUES ({marks})', rows)
    return db, levels


def below(hierarchy, leaf):
    """Return the share of leaves below what `leaf` becomes on each level."""
    leaves = hierarchy.leaves
    return [
        sum(hierarchy.value(other, level) == hierarchy.value(leaf, level) for other in leaves)
        / len(leaves)
        for level in range(hierarchy.levels)
    ]


def tried(db, levels, point):
    """Return suppressed, discernibility and loss of one point by grouping the rows."""
    joins = " ".join(
        f'JOIN "of_{name}" AS "h_{name}" ON "h_{name}".l0 = CAST(held."{name}" AS VARCHAR)'
        for name in COLUMNS
    )
    keys = ", ".join(f'"h_{name}".l{point[name]}' for name in COLUMNS)
    shares = ", ".join(f'sum("h_{name}".s{point[name]})' for name in COLUMNS)
    classes = db.execute(f"SELECT count(*), {shares} FROM held {joins} GROUP BY {keys}").fetchall()
    rows = sum(each[0] for each in classes)
    found = {}
    for k in KS:
        kept = [each for each in classes if each[0] >= k]
        suppressed = rows - sum(each[0] for each in kept)
        loss = 0.0
        for place, name in enumerate(COLUMNS, 1):
            leaves = len(levels[name].leaves)
            lost = sum(each[place] for each in kept) + suppressed - rows / leaves
            loss += max(lost / (rows - rows / leaves), 0.0) / len(COLUMNS)
        found[k] = (suppressed, sum(each[0] ** 2 for each in kept) + suppressed * rows, loss)
    return found


def agrees(points, checked):
    """Say whether points drawn at random are what brute force finds."""
    db, levels = prepared()
    nodes = len(points) // len(KS)
    for node in random.Random(5).sample(range(nodes), min(checked, nodes)):
        held = points[node * len(KS) : (node + 1) * len(KS)]
        brute = tried(db, levels, held[0])
        for point in held:
            suppressed, squares, loss = brute[point["k"]]
            if (point["suppressed"], point["discernibility"]) != (suppressed, squares):
                return False
            if abs(point["loss"] - loss) > 1e-9:
                return False
    return True


def main() -> None:
    words = asks_for_json(argparse.ArgumentParser(description=__doc__))
    words.add_argument("--rounds", type=int, default=ROUNDS)
    words.add_argument("--checked", type=int, default=CHECKED)
    wish = words.parse_args()
    result = anonymise(adult(), quasi_identifiers=hierarchies(), models=[KAnonymity(5)])
    result.surface(KS)
    times = []
    for _ in range(wish.rounds):
        start = time.perf_counter()
        surface = result.surface(KS)
        times.append(time.perf_counter() - start)
    seconds = statistics.median(times)
    equal = agrees(surface.to_pylist(), wish.checked)
    found = {
        "claim": f"6,480 transformations × 7 values of k ≤ {SECONDS_MAX} s, equal to brute force",
        "points": surface.num_rows,
        "seconds": round(seconds, 3),
        "checked_by_brute_force": wish.checked,
        "equal": equal,
        "holds": equal and seconds <= SECONDS_MAX,
    }
    tell(found, wish.json)


if __name__ == "__main__":
    main()
