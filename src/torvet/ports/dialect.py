"""The SQL that both engines share, and its bridge from DuckDB's words to Spark's.

sqlglot passes what it does not know through in silence, so a statement is accepted only if
every node of its syntax is on the list here. What is on it has a test in `tests/ports` that
runs on both engines and compares the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from torvet.kit.errors import ExchangeError, Kind

# Types of text, number, truth, day and moment that both engines hold alike.
TYPES = frozenset(
    {"BOOLEAN", "INT", "BIGINT", "DOUBLE", "DECIMAL", "TEXT", "DATE"}
    | {"TIMESTAMPNTZ", "TIMESTAMPTZ"}
)

NODES = frozenset(
    # the shape of a query
    {"Select", "From", "Table", "TableAlias", "Alias", "Subquery", "With", "CTE", "Join"}
    | {"Where", "Group", "Having", "Order", "Ordered", "Limit", "Offset", "Distinct", "Union"}
    | {"Star", "Column", "Identifier", "Paren", "Literal", "Null", "Boolean", "Neg"}
    # comparing and deciding
    | {"And", "Or", "Not", "EQ", "NEQ", "GT", "GTE", "LT", "LTE", "NullSafeEQ", "NullSafeNEQ"}
    | {"Is", "In", "Between", "Like", "Case", "If", "Coalesce", "Nullif"}
    # counting
    | {"Add", "Sub", "Mul", "Div", "Abs", "Round", "Count", "Sum", "Min", "Max", "Avg", "Filter"}
    | {"ApproxDistinct", "Floor", "Least"}
    # texts, days and moments
    | {"DPipe", "Lower", "Upper", "Length", "Trim", "Substring", "Cast", "TryCast"}
    | {"DataType", "DataTypeParam", "Extract", "TimestampTrunc", "DateDiff", "Var"}
    # rows beside each other
    | {"Window", "WindowSpec", "RowNumber", "Lag", "Lead", "FirstValue", "LastValue"}
    | {"IgnoreNulls"}
)


@dataclass(eq=False)
class NotPortable(ExchangeError):
    """A statement leaves the SQL that both engines share."""

    node: str

    kind = Kind.INVALID
    code = "sql-not-portable"
    advice = "Say it with what `torvet.ports.dialect.NODES` lists."

    def __str__(self) -> str:
        """Say which part of the statement is outside."""
        return f"The statement uses {self.node}, which the engines do not share."


def shared(sql: str) -> exp.Query:
    """Parse `sql`; raise NotPortable where any part of it is not shared by both engines."""
    try:
        statements = sqlglot.parse(sql, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise NotPortable(str(error).split("\n", 1)[0]) from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise NotPortable("something else than one query")
    for node in statements[0].walk():
        if type(node).__name__ not in NODES:
            raise NotPortable(type(node).__name__)
        if isinstance(node, exp.DataType) and node.this.name not in TYPES:
            raise NotPortable(f"the type {node.this.name}")
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
            raise NotPortable("a table that is no name")
    return statements[0]


def to_spark(sql: str, tables: Mapping[str, str]) -> str:
    """Return `sql` in Spark's words, reading `tables` (name in `sql` → name of a Spark view)."""
    query = shared(sql).copy()
    for estimate in query.find_all(exp.ApproxDistinct):
        # Sail estimates no numbers; as texts it does, and there are as many of those.
        text = exp.DataType.build("TEXT")
        estimate.set("this", exp.Cast(this=estimate.this, to=text))
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    for table in list(query.find_all(exp.Table)):
        if table.name in own:
            continue
        if table.name not in tables or table.db:
            raise NotPortable(f"the table {table.name}, which was not handed in")
        view = exp.to_identifier(tables[table.name], quoted=True)
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", view)
    return query.sql(dialect="spark")
