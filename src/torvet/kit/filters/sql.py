"""A filter as SQL that DuckDB and Spark both understand."""

from torvet.kit.sql import identifier, literal

from .model import And, Compare, Filter, In, IsNull, Not, Or


def to_sql(condition: Filter) -> str:
    """Write `condition` as a boolean SQL expression that names its columns and nothing else."""
    match condition:
        case Compare(column, op, value):
            return f"{identifier(column)} {op.value} {literal(value)}"
        case In(column, values):
            return f"{identifier(column)} IN ({', '.join(literal(v) for v in values)})"
        case IsNull(column):
            return f"{identifier(column)} IS NULL"
        case And(parts):
            return "(" + " AND ".join(to_sql(part) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(to_sql(part) for part in parts) + ")"
        case Not(part):
            return f"(NOT {to_sql(part)})"
