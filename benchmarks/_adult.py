"""The Adult data and tables like it, for the benchmarks of recoding."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from torvet.privacy import Hierarchy

FOLDER = Path(__file__).parents[1] / "examples/adult"
COLUMNS = (
    "sex",
    "age",
    "race",
    "marital-status",
    "education",
    "native-country",
    "workclass",
    "occupation",
)
MIXED = 0.12
"""Share of values that are drawn anew from their column: rows are like Adult's, and many differ."""
ROW_GROUP_ROWS = 1 << 20


def adult() -> pa.Table:
    """Return the 30,162 records."""
    return pv.read_csv(FOLDER / "adult.csv.gz", parse_options=pv.ParseOptions(delimiter=";"))


def hierarchies() -> dict[str, Hierarchy]:
    """Return the eight hierarchies of ARX's Adult: 6,480 transformations."""
    return {name: Hierarchy.from_csv(FOLDER / f"adult_hierarchy_{name}.csv") for name in COLUMNS}


def batches(rows: int, seed: int = 7):
    """Give `rows` rows like Adult's, in tables of a row group each."""
    source = adult().select([*COLUMNS, "salary-class"])
    columns = [column.combine_chunks().dictionary_encode() for column in source.columns]
    codes = [column.indices.to_numpy() for column in columns]
    names = [column.dictionary.cast(pa.string()) for column in columns]
    draw = np.random.default_rng(seed)
    for start in range(0, rows, ROW_GROUP_ROWS):
        size = min(ROW_GROUP_ROWS, rows - start)
        drawn = draw.integers(0, source.num_rows, size)
        made = []
        for each in codes:
            mixed = draw.random(size, dtype=np.float32) < MIXED
            place = np.where(mixed, draw.integers(0, source.num_rows, size), drawn)
            made.append(each[place].astype(np.int32))
        arrays = [
            pa.DictionaryArray.from_arrays(pa.array(each), name)
            for each, name in zip(made, names, strict=True)
        ]
        yield pa.table(arrays, names=source.column_names)


def write(path: Path, rows: int) -> None:
    """Write rows like Adult's to a Parquet file, row group by row group."""
    writer = None
    for table in batches(rows):
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()
