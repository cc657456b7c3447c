"""Counting what the texts of a table are like, with the engine in process."""

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from torvet.ports.sql import literal

from .inference import Evidence
from .readings import NULL_WORDS, READINGS

COLUMNS_AT_ONCE = 40


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


def _gather(
    run: duckdb.DuckDBPyConnection,
    relation: str,
    cells: Sequence[str],
    asked: Sequence[Sequence[str]],
    null_texts: Sequence[str],
) -> list[Evidence]:
    words = ", ".join(map(literal, (*NULL_WORDS, *null_texts)))
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
