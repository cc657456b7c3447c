"""What other programs read of the books is what the books say."""

import csv
import io
import re
from datetime import timedelta

from torvet.billing import Posting, export, post, trial_balance
from torvet.billing.service import whole_books

from .conftest import a_charge, eur

OPEN = re.compile(
    r"\d{4}-\d\d-\d\d open ((?:[A-Z][A-Za-z0-9-]*)(?::[A-Z0-9][A-Za-z0-9-]*)+) (DKK|EUR)"
)
HEAD = re.compile(r'(\d{4}-\d\d-\d\d) \* "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"')
LEG = re.compile(r"  ([A-Z][\w:-]+)  (-?\d+\.\d\d) (DKK|EUR)")
META = re.compile(r'  [a-z]\w*: "(?:[^"\\]|\\.)*"')
BALANCE = re.compile(r"(\d{4}-\d\d-\d\d) balance ([A-Z][\w:-]+)  (-?\d+\.\d\d) (DKK|EUR)")


def some_books(parts):
    charge = a_charge(10_003)
    odd = Posting(key="odd", kind="charge", words='Says "so" \\ æøå', lines=charge.lines)
    with parts.db.begin() as tx:
        for posting in (charge, odd, a_charge(77, make=eur)):
            post(tx, posting, at=parts.clock.now(), by="x")
        parts.clock.advance(timedelta(days=1))
        return trial_balance(tx), list(whole_books(tx))


def minor(text):
    return int(text.replace(".", ""))


def test_beancount_can_be_read_and_balances(parts):
    sums, books = some_books(parts)
    opened, totals, legs, days = set(), {}, [], []

    lines = "".join(export.to_beancount(sums, books, until=parts.clock.now())).splitlines()

    for line in [*lines, ""]:
        if found := OPEN.fullmatch(line):
            opened.add(found[1])
        elif found := LEG.fullmatch(line):
            assert found[1] in opened
            totals[found[1]] = totals.get(found[1], 0) + minor(found[2])
            legs.append((found[3], minor(found[2])))
        elif found := HEAD.fullmatch(line):
            days.append(found[1])
        elif found := BALANCE.fullmatch(line):
            assert found[1] > days[-1]
            assert totals.pop(found[2]) == minor(found[3])
        else:
            assert not line or META.fullmatch(line) or line.startswith('option "'), line
            assert line or all(sum(m for c, m in legs if c == of) == 0 for of in ("DKK", "EUR"))
    assert totals == {}
    assert len(days) == len(books)


def test_csv_has_a_line_for_every_entry(parts):
    _, books = some_books(parts)

    rows = list(csv.DictReader(io.StringIO("".join(export.to_csv(books)))))

    assert len(rows) == sum(len(one.posting.lines) for one in books)
    for currency in ("DKK", "EUR"):
        own = [row for row in rows if row["currency"] == currency]
        assert sum(minor(row["debit"] or "0") for row in own) == sum(
            minor(row["credit"] or "0") for row in own
        )
    assert any(row["words"] == 'Says "so" \\ æøå' for row in rows)


def test_no_cell_of_the_export_runs_in_a_spreadsheet(parts):
    lines = a_charge(12_500).lines
    words = "=HYPERLINK(0)"
    with parts.db.begin() as tx:
        posting = Posting(key="@formula", kind="charge", words=words, lines=lines)
        post(tx, posting, at=parts.clock.now(), by="+45")
        books = list(whole_books(tx))

    rows = list(csv.DictReader(io.StringIO("".join(export.to_csv(books)))))

    (found, *_) = [row for row in rows if row["words"].endswith(words)]
    assert (found["words"], found["key"], found["posted_by"]) == (f"'{words}", "'@formula", "'+45")
    assert not [cell for row in rows for cell in row.values() if cell.startswith(tuple("=+@-"))]
