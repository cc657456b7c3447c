"""Policies and questions for tests, and tables prepared by them."""

import itertools

import pyarrow as pa
import pyarrow.parquet as pq

from torvet.privacy.answers.prepare import prepared
from torvet.privacy.answers.spec import AnswerSpec

BUDGETS = {"micro_rho_per_consumer": 10**7, "micro_rho_per_dataset": 10**8}
SOURCE = pa.schema(
    [
        ("meter", pa.string()),
        ("day", pa.int64()),
        ("hour", pa.int64()),
        ("zone", pa.string()),
        ("wh", pa.float64()),
    ]
)
_numbers = itertools.count()


def policy(**changes):
    said = {
        "unit": "meter",
        "slot": ["day", "hour"],
        "keys": {"zone": ["a", "b"], "hour": {"first": 0, "last": 1}},
        "bounds": {"wh": [-3, 10]},
        "slots_per_unit": 4,
        **BUDGETS,
    }
    return AnswerSpec.from_json({k: v for k, v in (said | changes).items() if v is not None})


def made(engine, folder, spec, rows):
    """Prepare the table of `spec` from `rows` of SOURCE; return its files."""
    number = next(_numbers)
    table = pa.Table.from_pylist([dict(zip(SOURCE.names, r, strict=True)) for r in rows], SOURCE)
    pq.write_table(table, folder / f"source-{number}.parquet")
    source = [str(folder / f"source-{number}.parquet")]
    files = prepared(engine, source, spec, str(folder), prefix=f"p{number}-")
    return [str(folder / file.path) for file in files if file.rows]
