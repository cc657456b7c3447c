"""Counting what the texts of a table are like, with the engine in process."""

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from torvet.ports.sql import literal

from .inference import Evidence
from .readings import NULL_WORDS, READINGS

COLUMNS_AT_ONCE = 40
FIRST_ROWS = 200


def gather(
    run: duckdb.DuckDBPyConnection,
    relation: str,
    cells: Sequence[str],
    asked: Sequence[Sequence[str]],
    null_texts: Sequence[str],
) -> list[Evidence]:
    """Return the evidence of every cell of `relation`, for the readings `asked` of each."""
    found: list[Evidence] = []
    for first in range(0, len(cells), COLUMNS_AT_ONCE):
        some = slice(first, first + COLUMNS_AT_ONCE)
        found += _gather(run, relation, cells[some], asked[some], null_texts)
    return found


def possible(
    run: duckdb.DuckDBPyConnection,
    relation: str,
    cells: Sequence[str],
    asked: Sequence[Sequence[str]],
    null_texts: Sequence[str],
) -> list[tuple[str, ...]]:
    """Return for each cell the readings that read all of the first rows' values.

    Preparing a reading costs more than using it a thousand times, and most fall at the first
    row: here all cells share one of each.
    """
    numbers = list(range(len(cells)))
    texts = f"SELECT unnest({numbers}) AS n, unnest([{', '.join(cells)}]) AS c"
    words = _words(null_texts)
    names = sorted({name for readings in asked for name in readings})
    counts = "".join(
        f", count_if({_read(name, 't')}) AS fits{number}" for number, name in enumerate(names)
    )
    found = run.execute(
        f"SELECT n, count(t){counts} FROM (SELECT n, nullif(trim(c), '') AS t"
        f" FROM ({texts} FROM (SELECT * FROM {relation} LIMIT {FIRST_ROWS})))"
        f" WHERE t NOT IN ({words}) GROUP BY n"
    ).fetchall()
    fits = {
        n: {names[at] for at, fit in enumerate(fitting) if fit == values}
        for n, values, *fitting in found
    }
    return [
        tuple(name for name in readings if number not in fits or name in fits[number])
        for number, readings in enumerate(asked)
    ]


def _words(null_texts: Sequence[str]) -> str:
    return ", ".join(map(literal, (*NULL_WORDS, *null_texts)))


def _gather(
    run: duckdb.DuckDBPyConnection,
    relation: str,
    cells: Sequence[str],
    asked: Sequence[Sequence[str]],
    null_texts: Sequence[str],
) -> list[Evidence]:
    words = _words(null_texts)
    inner, counts = [], []
    for number, (cell, readings) in enumerate(zip(cells, asked, strict=True)):
        text, word = f"t{number}", f"w{number}"
        inner += [f"nullif(trim({cell}), '') AS {text}", f"{text} IN ({words}) AS {word}"]
        inner.append(f"{cell} <> {text} AS p{number}")
        counts += [f"count({text})", f"count_if({word})", f"count_if(p{number})", *_poles(text)]
        counts += [f"count_if(NOT {word} AND {_read(name, text)})" for name in readings]
    row = run.execute(
        f"SELECT {', '.join(counts)} FROM (SELECT {', '.join(inner)} FROM {relation})"
    ).fetchone()
    assert row is not None
    left = iter(row)
    return [_evidence(left, readings) for readings in asked]


def _poles(text: str) -> tuple[str, str]:
    value = READINGS["boolean"].value_sql(text)
    fits = READINGS["boolean"].fits_sql(text)
    return (
        f"count(DISTINCT CASE WHEN {fits} THEN {value} END)",
        f"count_if(lower({text}) IN ('true', 'false'))",
    )


def _read(name: str, text: str) -> str:
    reading = READINGS[name]
    value = reading.value_sql(text)
    return f"CASE WHEN {reading.fits_sql(text)} THEN {value} IS NOT NULL ELSE FALSE END"


def _evidence(left: Iterator[Any], readings: Sequence[str]) -> Evidence:
    texts, words, padded, poles, plain = (int(next(left) or 0) for _ in range(5))
    return Evidence(
        texts=texts,
        words=words,
        padded=padded,
        both_poles=poles == 2,  # noqa: PLR2004 - a true one and a false one
        plain_poles=plain == texts - words > 0,
        fits={name: int(next(left) or 0) for name in readings},
    )
