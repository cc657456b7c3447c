"""One small language for conditions on rows: contracts, REST reads and sharing hints speak it.

Text, JSON and SQL are three forms of the same values; only values that passed `from_text` or
`from_json` and then `check` against a table's columns are ever run.
"""

from .as_json import from_json, to_json
from .as_text import from_text, to_text
from .errors import FilterInvalid
from .fit import check
from .hints import from_json_predicate, from_predicate_hint
from .limits import NAME_MAX, TEXT_MAX
from .model import And, Compare, Filter, In, IsNull, Not, Op, Or, Value, columns
from .sql import to_sql
from .words import words

__all__ = [
    "NAME_MAX",
    "TEXT_MAX",
    "And",
    "Compare",
    "Filter",
    "FilterInvalid",
    "In",
    "IsNull",
    "Not",
    "Op",
    "Or",
    "Value",
    "check",
    "columns",
    "from_json",
    "from_json_predicate",
    "from_predicate_hint",
    "from_text",
    "to_json",
    "to_sql",
    "to_text",
    "words",
]
