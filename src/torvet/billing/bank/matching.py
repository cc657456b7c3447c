"""Which invoice a bank line pays: by the reference it names, never by a guess. Pure."""

import re
from collections.abc import Sequence

from .model import Match, Matched, OpenInvoice, StatementLine, Unclear, Unmatched


def match(line: StatementLine, open_invoices: Sequence[OpenInvoice]) -> Match:
    """Tell which of `open_invoices` the `line` pays.

    An invoice is named where its payment reference or its number stands in a reference of the
    line, or as a word of its own in the text: spaces, hyphens and case do not count. One that is
    named is matched, with what is paid too much or too little. Where several are named, or none,
    or the currency is another, that is said with the reason, and somebody decides.
    """
    owed_alike = tuple(each for each in open_invoices if each.owed == line.amount)
    if line.amount.minor <= 0:
        return Unmatched(alike=(), why="money went out, or none moved")
    words = _words(line)
    named = tuple(each for each in open_invoices if _names(words, each))
    if not named:
        return Unmatched(alike=owed_alike, why="it names no open invoice")
    if len(named) > 1:
        return Unclear(invoices=named, why=f"it names {len(named)} open invoices")
    invoice = named[0]
    if invoice.owed.currency is not line.amount.currency:
        why = f"it is in {line.amount.currency}, and {invoice.number} in {invoice.owed.currency}"
        return Unclear(invoices=named, why=why)
    return Matched(invoice=invoice, over=line.amount - invoice.owed)


def _words(line: StatementLine) -> frozenset[str]:
    """Return all that the line could mean by a reference, in the form that is compared."""
    split = re.split(r"[\s,;:/()]+", line.text)
    whole = (*line.references, line.text)
    return frozenset(_bare(each) for each in (*whole, *split)) - {""}


def _names(words: frozenset[str], invoice: OpenInvoice) -> bool:
    return not words.isdisjoint({_bare(invoice.reference), _bare(invoice.number)} - {""})


def _bare(reference: str) -> str:
    return re.sub(r"[\W_]+", "", reference).casefold()
