"""Which invoice a bank line pays: by the reference it names, never by a guess. Pure."""

import re
from collections.abc import Iterable

from torvet.kit.money import Money

from .model import Match, Matched, OpenInvoice, StatementLine, Unclear, Unmatched


class Register:
    """Open invoices by what names them and by what is owed, for one line after the other."""

    def __init__(self, open_invoices: Iterable[OpenInvoice]) -> None:
        self._by_word: dict[str, list[OpenInvoice]] = {}
        self._by_owed: dict[Money, list[OpenInvoice]] = {}
        for each in open_invoices:
            for word in {_bare(each.reference), _bare(each.number)} - {""}:
                self._by_word.setdefault(word, []).append(each)
            self._by_owed.setdefault(each.owed, []).append(each)

    def match(self, line: StatementLine) -> Match:
        """Tell which invoice the `line` pays.

        An invoice is named where its payment reference or its number stands in a reference of the
        line, or as a word of its own in the text: spaces, hyphens and case do not count. One that
        is named is matched, with what is paid too much or too little. Where several are named, or
        none, or the currency is another, that is said with the reason, and somebody decides.
        """
        if line.amount.minor <= 0:
            return Unmatched(alike=(), why="money went out, or none moved")
        named = self._named(line)
        if not named:
            alike = tuple(self._by_owed.get(line.amount, ()))
            return Unmatched(alike=alike, why="it names no open invoice")
        if len(named) > 1:
            return Unclear(invoices=named, why=f"it names {len(named)} open invoices")
        invoice = named[0]
        if invoice.owed.currency is not line.amount.currency:
            why = (
                f"it is in {line.amount.currency}, and {invoice.number} in {invoice.owed.currency}"
            )
            return Unclear(invoices=named, why=why)
        return Matched(invoice=invoice, over=line.amount - invoice.owed)

    def forget(self, number: str) -> None:
        """Take the invoice of this number out: it is paid by now."""
        gone = [each for each in self._by_word.get(_bare(number), ()) if each.number == number]
        for each in gone:
            for word in {_bare(each.reference), _bare(each.number)} - {""}:
                self._by_word[word].remove(each)
            self._by_owed[each.owed].remove(each)

    def _named(self, line: StatementLine) -> tuple[OpenInvoice, ...]:
        found = (each for word in words_of(line) for each in self._by_word.get(word, ()))
        return tuple(sorted(set(found), key=lambda each: each.number))


def match(line: StatementLine, open_invoices: Iterable[OpenInvoice]) -> Match:
    """Tell which of `open_invoices` the `line` pays, as `Register.match` does."""
    return Register(open_invoices).match(line)


def words_of(line: StatementLine) -> frozenset[str]:
    """Return all that the line could mean by a reference, in the form that is compared."""
    split = re.split(r"[\s,;:/()]+", line.text)
    whole = (*line.references, line.text)
    return frozenset(_bare(each) for each in (*whole, *split)) - {""}


def _bare(reference: str) -> str:
    return re.sub(r"[\W_]+", "", reference).casefold()
