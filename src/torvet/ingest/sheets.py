"""XLSX: the cells of one sheet become rows of text."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from .bench import Bench, CellWriter, Staged
from .containers import check_workbook
from .dialect import column_names
from .errors import FileUnreadable, NoRows, OptionsInvalid, TooManyColumns
from .limits import PREAMBLE_LINES_MAX
from .readings import INFERRED, NUMERIC

_WORDS = tuple(name for name in INFERRED if name not in {*NUMERIC, "boolean"})
_MIDNIGHT = time()
_WHOLE_MAX = 10**15

Cell = Any


def stage_sheet(bench: Bench, path: Path) -> Staged:
    """Return the rows of the asked sheet, or of the first that holds any.

    A number in a cell stays one, a date too; a text that looks like a number stays text.
    """
    check_workbook(path, file_name=bench.file_name, ratio_max=bench.settings.expansion_ratio_max)
    rows = _rows(bench, path)
    first = _first_row(rows)
    width = max((_filled(row) for row in rows[first:]), default=0)
    if not width:
        raise NoRows(bench.file_name, 0)
    if width > bench.settings.columns_max:
        raise TooManyColumns(bench.file_name, width, bench.settings.columns_max)
    if first:
        said = " / ".join(str(cell) for row in rows[:first] for cell in row if cell != "")
        bench.note(f"{first} rows before the table were left out: {said[:200]}")
    return _staged(bench, [_padded(row, width) for row in rows[first:]], width)


def _staged(bench: Bench, rows: list[list[Cell]], width: int) -> Staged:
    header = bench.options.header
    with_header = _is_header(rows[0]) if header is None else header
    raw = [str(cell) for cell in rows[0]] if with_header else [""] * width
    names, notes = column_names(raw)
    bench.note(*(notes if with_header else ["No header: the columns are numbered."]))
    body = rows[1:] if with_header else rows
    columns = [_texts([row[number] for row in body]) for number in range(width)]
    with CellWriter(bench, names) as writer:
        for number, cells in enumerate(zip(*(texts for texts, _ in columns), strict=True), start=1):
            if any(cell is not None for cell in cells):
                writer.row(number, cells)
        if not body:
            raise NoRows(bench.file_name, 0)
        return writer.finish([readings for _, readings in columns])


def _rows(bench: Bench, path: Path) -> list[list[Cell]]:
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            names = list(workbook.sheet_names)
            wanted = bench.options.sheet
            if wanted is not None and wanted not in names:
                raise OptionsInvalid("sheet", f"the workbook has {', '.join(map(repr, names))}")
            for name in names if wanted is None else [wanted]:
                rows: list[list[Cell]] = workbook.get_sheet_by_name(name).to_python(
                    skip_empty_area=False
                )
                if any(_filled(row) for row in rows):
                    bench.note(f"Sheet: {name!r} of {len(names)}.")
                    return rows
    except PasswordError:
        raise FileUnreadable(bench.file_name, "it is locked with a password") from None
    except (CalamineError, OSError, ValueError) as error:
        raise FileUnreadable(bench.file_name, f"the workbook is damaged ({error})") from error
    raise NoRows(bench.file_name, 0)


def _first_row(rows: Sequence[Sequence[Cell]]) -> int:
    """Return where the table begins: the first row about as full as the fullest near the top."""
    some = rows[: PREAMBLE_LINES_MAX + 1]
    fullest = max((_cells(row) for row in some), default=0)
    return next((n for n, row in enumerate(some) if _cells(row) * 2 > fullest), 0)


def _cells(row: Sequence[Cell]) -> int:
    return sum(cell != "" for cell in row)


def _filled(row: Sequence[Cell]) -> int:
    return max((number for number, cell in enumerate(row, start=1) if cell != ""), default=0)


def _padded(row: list[Cell], width: int) -> list[Cell]:
    return row[:width] + [""] * (width - len(row))


def _is_header(row: Sequence[Cell]) -> bool:
    return any(isinstance(cell, str) and cell for cell in row) and not any(
        isinstance(cell, bool | datetime | timedelta) for cell in row
    )


def _texts(cells: Sequence[Cell]) -> tuple[list[str | None], Sequence[str]]:
    """Return the cells of one column as texts, and what they may be read as."""
    with_clock = any(isinstance(c, datetime) and c.time() != _MIDNIGHT for c in cells)
    texts = [_text(cell, with_clock=with_clock) for cell in cells]
    kinds = {_kind(cell) for cell in cells if cell != ""}
    if kinds == {"number"}:
        return texts, NUMERIC[:2]
    if kinds == {"boolean"}:
        return texts, ("boolean",)
    return texts, _WORDS if kinds <= {"text", "moment"} else ()


def _kind(cell: Cell) -> str:
    match cell:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case date() | time() | timedelta():
            return "moment"
        case _:
            return "text"


def _text(cell: Cell, *, with_clock: bool) -> str | None:
    match cell:
        case bool():
            text = "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < _WHOLE_MAX:
            text = str(int(cell))
        case datetime():
            text = cell.isoformat(sep=" ") if with_clock else cell.date().isoformat()
        case date():
            text = f"{cell.isoformat()} 00:00:00" if with_clock else cell.isoformat()
        case timedelta():
            text = _clock(cell)
        case _:
            text = str(cell).replace("\0", "")
    return text or None


def _clock(cell: timedelta) -> str:
    """Write a time of day, or a longer span as hours:minutes:seconds."""
    seconds = round(cell.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
