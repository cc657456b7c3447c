"""Every cell judged by every rule, and leading contributions sought only where they decide.

Count, sum and largest contribution come with the first pass. The sum of the n largest is at most
n times the largest, and at most the sum: a cell that keeps the rule with that bound keeps it with
the true figure. A second pass finds the n largest for those cells alone for which this bound says
no and no other rule has objected yet.
"""

from collections.abc import Sequence

import duckdb

from torvet.privacy.relation import one

from .panel import Settled
from .rules import Rule, Terms

BOUNDED = Terms(
    units="units",
    total="total::HUGEINT",
    largest="largest::HUGEINT",
    leading=lambda n: f"least({n} * largest::HUGEINT, total)",
)
EXACT = Terms(
    units="units",
    total="total::HUGEINT",
    largest="largest::HUGEINT",
    leading=lambda n: f"coalesce(list_sum(leaders[1:{n}]), 0)::HUGEINT",
)


def judge(
    run: duckdb.DuckDBPyConnection, settled: Settled, rules: Sequence[Rule]
) -> dict[str, int]:
    """Make the view `judged` (`sums` and `withheld`); return the objections of each rule.

    A cell that another rule has withheld already is not looked at a second time: what is counted
    for the rules about several contributions are the cells that no simpler rule withholds.
    """
    simple = [rule for rule in rules if rule.leaders <= 1]
    hard = [rule for rule in rules if rule.leaders > 1]
    plain = any_of(["units = 0", "NOT whole", *(rule.objection(BOUNDED) for rule in simple)])
    unsure = f"NOT ({plain}) AND ({any_of([rule.objection(BOUNDED) for rule in hard])})"
    counts = [_count(rule.objection(BOUNDED)) for rule in simple]
    found = one(run, f"SELECT {', '.join([_count(unsure), *counts])} FROM sums")
    open_cells, *objections = found
    if open_cells:
        _look_again(run, settled, unsure, max(rule.leaders for rule in hard))
        dire = any_of([rule.objection(EXACT) for rule in hard])
        run.execute(
            f"CREATE TEMP VIEW judged AS SELECT *, ({plain}) OR (leaders IS NOT NULL AND"
            f" ({dire})) AS withheld FROM sums LEFT JOIN largest_of"
            f" USING ({', '.join(settled.panel.keys_and_window)})"
        )
        counts = [_count(rule.objection(EXACT)) for rule in hard]
        found = one(
            run,
            f"SELECT {', '.join(counts)} FROM sums JOIN largest_of"
            f" USING ({', '.join(settled.panel.keys_and_window)})",
        )
        objections += found
    else:
        run.execute(f"CREATE TEMP VIEW judged AS SELECT *, ({plain}) AS withheld FROM sums")
        objections += [0] * len(hard)
    return {
        rule.name: most
        for rule, most in sorted(
            zip([*simple, *hard], objections, strict=True), key=lambda each: each[1]
        )
    }


def _look_again(
    run: duckdb.DuckDBPyConnection, settled: Settled, unsure: str, leaders: int
) -> None:
    """Make `largest_of`: the largest contributions of each cell about which a question is open."""
    names = settled.panel.keys_and_window
    same = " AND ".join(f"c.{name} = o.{name}" for name in names)
    run.execute(f"CREATE TEMP TABLE open_cells AS SELECT * FROM sums WHERE {unsure}")
    run.execute(
        f"CREATE TEMP TABLE largest_of AS SELECT {', '.join(names)}, max(v, {leaders})::BIGINT[] AS"
        f" leaders FROM {settled.contributions} c"
        f" WHERE EXISTS (SELECT 1 FROM open_cells o WHERE {same}) GROUP BY ALL"
    )


def any_of(conditions: Sequence[str]) -> str:
    """Return SQL that is true where one of the conditions is."""
    return " OR ".join(f"({each})" for each in conditions) or "false"


def _count(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"
