"""An invoice on paper: PDF/A-3 (ISO 19005-3) in Danish or English, with the UBL document inside."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize

from .model import (
    Cleared,
    DanishAccount,
    Iban,
    Invoice,
    InvoiceParty,
    Line,
    Means,
    PaidByCard,
    Period,
    Totals,
)
from .rules import totals_of
from .ubl import to_ubl
from .words import MONTHS, TITLES, UNITS, WORDS

if TYPE_CHECKING:  # it takes a third of a second to load, which only paper is worth
    from fpdf import FPDF
else:
    FPDF = object

ENCLOSED_NAME = "invoice.xml"
_FONT = "Lato"
_SMALL, _PLAIN, _LARGE = 8, 9, 18
_COLUMNS_MM = (74, 24, 28, 14, 30)
_ALIGNMENTS = ("LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT")
_HALF_MM, _LABEL_MM, _SUM_MM = 85, 120, 50
_NAME_MM = 34
_LINE_MM = 4.6
_INK, _SOFT, _RULE, _SHADE = (23, 33, 31), (81, 96, 92), (200, 208, 204), (238, 243, 241)
_NO_BREAK = "\u00a0"

_XMP_DATE = re.compile(rb'(xmp:(?:Modify|Metadata)Date=")[0-9T:+-]{25}')

_TYPEFACES = Path(str(files("font_lato") / "files"))
_REGULAR, _BOLD = _TYPEFACES / "Lato-Regular.ttf", _TYPEFACES / "Lato-Bold.ttf"


@cache
def _signs_of(typeface: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - a server's start does not wait for it

    return frozenset(TTFont(typeface).getBestCmap())


class _Paper(FPDF):
    """A4 with the number and the page at the foot of each page."""

    def __init__(self, foot: str, document: bytes) -> None:
        super().__init__(format="A4", enforce_compliance="PDF/A-3B")
        self.foot = foot
        self.name = hashlib.sha256(document).hexdigest()[:32].upper()
        self.set_margin(20)
        self.set_auto_page_break(auto=True, margin=22)
        self.add_font(_FONT, "", _REGULAR)
        self.add_font(_FONT, "B", _BOLD)
        self.drawable = _signs_of(_REGULAR)

    def normalize_text(self, text: str) -> str:
        """Draw `text` with the signs there are: PDF/A allows no box for one that is missing."""
        return super().normalize_text("".join(map(self._drawn, text)))

    def _drawn(self, sign: str) -> str:
        if sign == "\n" or ord(sign) in self.drawable:
            return sign
        base = normalize("NFKD", sign)[0]
        return base if ord(base) in self.drawable else "?"

    def file_id(self) -> str:
        """Name the file by what is inside, and not by the moment of writing."""
        return f"<{self.name}><{self.name}>"

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(_FONT, "", _SMALL)
        self.cell(0, 5, f"{self.foot} {self.page_no()}", align="R")

    def says(self, text: str, *, bold: bool = False, size: int = _PLAIN) -> None:
        self.set_font(_FONT, "B" if bold else "", size)
        self.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT")


@cache
def _paper() -> type[_Paper]:
    """Return the paper with what draws on it."""
    from fpdf import FPDF  # noqa: PLC0415 - a server's start does not wait for it

    return type("Paper", (_Paper, FPDF), {})


def to_pdf(invoice: Invoice, *, language: str, to_public_body: bool = False) -> bytes:
    """Return `invoice` as a PDF/A-3 in `language` (da, en) with its UBL document inside.

    Raises InvoiceRefused as `to_ubl` does. The same invoice is always the same bytes: the file is
    dated by the invoice. Signs that the typeface does not have are drawn without their accent, or
    as a question mark; the document inside has them.
    """
    document = to_ubl(invoice, to_public_body=to_public_body)
    words, totals = WORDS[language], totals_of(invoice)
    title = f"{TITLES[language][invoice.kind]} {invoice.number}"
    paper = _paper()(f"{title} · {words['page']}", document)
    made_at = datetime.combine(invoice.issued_on, time(), UTC)
    paper.set_title(title)
    paper.set_author(invoice.seller.name)
    paper.set_lang(language)
    paper.set_creation_date(made_at)
    paper.add_page()
    paper.says(title, bold=True, size=_LARGE)
    _parties(paper, invoice, words)
    _facts(paper, invoice, language)
    _lines(paper, invoice, language)
    _sums(paper, invoice, totals, language)
    _payment(paper, invoice, totals, language)
    paper.embed_file(
        bytes=document,
        basename=ENCLOSED_NAME,
        mime_type="text/xml",
        associated_file_relationship="Alternative",
        creation_date=made_at,
        modification_date=made_at,
    )
    return _dated(bytes(paper.output()), made_at)


def _dated(paper: bytes, made_at: datetime) -> bytes:
    """Return the file with its XMP dated by the invoice: fpdf2 puts the moment of writing there.

    Both are as long as each other, so that nothing moves.
    """
    return _XMP_DATE.sub(rb"\g<1>" + made_at.isoformat(timespec="seconds").encode(), paper)


def _parties(paper: _Paper, invoice: Invoice, words: dict[str, str]) -> None:
    paper.ln(4)
    top = paper.get_y()
    bottoms = []
    for place, (label, party) in enumerate(
        ((words["seller"], invoice.seller), (words["buyer"], invoice.buyer))
    ):
        left = paper.l_margin + place * _HALF_MM
        paper.set_xy(left, top)
        paper.set_font(_FONT, "B", _SMALL)
        paper.cell(_HALF_MM, _LINE_MM, label)
        paper.set_xy(left, top + _LINE_MM)
        paper.set_font(_FONT, "", _PLAIN)
        paper.multi_cell(_HALF_MM - 5, _LINE_MM, "\n".join(_named(party, words)), align="L")
        bottoms.append(paper.get_y())
    paper.set_xy(paper.l_margin, max(bottoms) + 4)


def _named(party: InvoiceParty, words: dict[str, str]) -> Iterator[str]:
    yield party.name
    if party.address is not None:
        address = party.address
        yield address.street
        yield f"{address.post_code} {address.city}, {address.country}"
    if party.cvr is not None:
        yield f"{words['cvr']} {party.cvr}"
    if party.vat_number is not None:
        yield f"{words['vat_number']} {party.vat_number}"
    if party.ean is not None:
        yield f"EAN {party.ean}"
    if party.email is not None:
        yield party.email


def _facts(paper: _Paper, invoice: Invoice, language: str) -> None:
    words, preceding = WORDS[language], invoice.preceding
    reference = invoice.buyer_reference
    said_already = {invoice.contract, invoice.buyer.name, invoice.seller.name}
    facts = {
        "issued": day_said(invoice.issued_on, language),
        "due": invoice.due_on and day_said(invoice.due_on, language),
        "period": invoice.period and _between(invoice.period, language),
        "contract": invoice.contract,
        "order": invoice.purchase_order,
        "reference": None if reference in said_already else reference,
        "preceding": preceding
        and f"{preceding.number} ({day_said(preceding.issued_on, language)})",
    }
    for name, fact in facts.items():
        if fact:
            paper.set_font(_FONT, "", _PLAIN)
            paper.set_text_color(*_SOFT)
            paper.cell(_NAME_MM, _LINE_MM, words[name])
            paper.set_text_color(*_INK)
            paper.multi_cell(0, _LINE_MM, fact, new_x="LMARGIN", new_y="NEXT")
    if invoice.note is not None:
        paper.ln(1)
        paper.says(invoice.note)
    paper.ln(4)


def _lines(paper: _Paper, invoice: Invoice, language: str) -> None:
    from fpdf.fonts import FontFace  # noqa: PLC0415 - a server's start does not wait for it

    words = WORDS[language]
    paper.set_font(_FONT, "", _PLAIN)
    paper.set_draw_color(*_RULE)
    with paper.table(
        col_widths=_COLUMNS_MM,
        text_align=_ALIGNMENTS,
        line_height=_LINE_MM,
        borders_layout="HORIZONTAL_LINES",
        headings_style=FontFace(emphasis="BOLD"),
        v_align="TOP",
        padding=(1.2, 1, 1.2, 0),
    ) as table:
        table.row([words[name] for name in ("description", "quantity", "price", "vat", "amount")])
        for line in invoice.lines:
            table.row(list(_cells(line, language)))
    paper.ln(3)


def _cells(line: Line, language: str) -> Iterator[str]:
    about = (line.description, line.period and _between(line.period, language), line.note)
    yield "\n".join(part for part in about if part)
    yield f"{_number(line.quantity, language)}{_NO_BREAK}{UNITS[language][line.unit]}"
    yield line.unit_price.said(language)
    yield f"{_number(line.vat.percent, language)}{_NO_BREAK}%"
    yield line.amount.said(language)


def _sums(paper: _Paper, invoice: Invoice, totals: Totals, language: str) -> None:
    words = WORDS[language]
    _sum(paper, words["net"], totals.lines.said(language))
    for subtotal in totals.by_vat:
        taxable = subtotal.taxable.said(language)
        percent = _number(subtotal.vat.percent, language)
        name = "tax" if subtotal.vat.percent else "untaxed"
        _sum(
            paper,
            words[name].format(percent=percent, taxable=taxable),
            subtotal.tax.said(language),
        )
        if subtotal.vat.reason is not None:
            paper.says(subtotal.vat.reason, size=_SMALL)
    if invoice.vat_in_kroner is not None:
        _sum(paper, words["in_kroner"], invoice.vat_in_kroner.said(language))
    _sum(paper, words["with_tax"], totals.with_tax.said(language))
    if totals.prepaid:
        _sum(paper, words["prepaid"], (-totals.prepaid).said(language))
    last = "given_back" if invoice.kind.gives_back else "payable"
    _sum(paper, words[last], totals.payable.said(language), bold=True)


def _sum(paper: _Paper, label: str, amount: str, *, bold: bool = False) -> None:
    paper.set_font(_FONT, "B" if bold else "", _PLAIN)
    paper.cell(_LABEL_MM, _LINE_MM + 1, label, align="R")
    paper.cell(_SUM_MM, _LINE_MM + 1, amount, align="R", new_x="LMARGIN", new_y="NEXT")


def _payment(paper: _Paper, invoice: Invoice, totals: Totals, language: str) -> None:
    """Say how much is paid by when, where to and with which words, all in one place."""
    words, means = WORDS[language], invoice.means
    paper.ln(6)
    if not invoice.kind.gives_back:
        said = []
        if isinstance(means, DanishAccount | Iban) and totals.payable and invoice.due_on:
            day = day_said(invoice.due_on, language)
            due = "paid_out" if invoice.kind.self_billed else "pay_by"
            said.append(words[due].format(amount=totals.payable.said(language), day=day))
        match means:
            case DanishAccount(registration=registration, account=account):
                said.append(words["account"].format(registration=registration, account=account))
            case Iban(iban=iban, bic=bic):
                said.append(f"IBAN {iban}" + (f", BIC {bic}" if bic else ""))
        how = "out_with" if invoice.kind.self_billed else "pay_with"
        said.append(words[_how(means) or how].format(reference=means.reference))
        paper.set_fill_color(*_SHADE)
        paper.set_font(_FONT, "B", _PLAIN)
        paper.multi_cell(
            0, _LINE_MM + 1, "\n".join(said), fill=True, padding=3, new_x="LMARGIN", new_y="NEXT"
        )
    paper.ln(3)
    paper.says(words["enclosed"], size=_SMALL)


def _how(means: Means) -> str | None:
    match means:
        case PaidByCard():
            return "card"
        case Cleared():
            return "cleared"
        case _:
            return None


def day_said(day: date, language: str) -> str:
    """Return a day for people: `1. juli 2026`, `1 July 2026`."""
    dot = "." if language == "da" else ""
    return f"{day.day}{dot} {MONTHS[language][day.month - 1]} {day.year}"


def _between(period: Period, language: str) -> str:
    first, last = (day_said(day, language) for day in (period.first, period.last))
    return first if first == last else f"{first} – {last}"


def _number(number: Decimal, language: str) -> str:
    written = f"{number:,f}"
    return written.translate(str.maketrans(",.", ".,")) if language == "da" else written
