"""A printed invoice can be read, and has the electronic one inside."""

import io
import time

import pytest
from pypdf import PdfReader

from torvet.billing.invoices.drafting import credit_note
from torvet.billing.invoices.pdf import ENCLOSED_NAME, to_pdf

from .cast import CITY, ISSUED, UTILITY, invoice, kr, lines_for
from .official import held

TO_THE_CITY = invoice(buyer=CITY, purchase_order="PO-2026-118", note="Tak for 2. kvartal")
SAID = {
    "da": ("Faktura F-000042", "Rådhuspladsen 2", "819,06", "Moms 25 %", "At betale", "0440116243"),
    "en": ("Invoice F-000042", "5798005770220", "819.06", "VAT 25 %", "To pay", "PO-2026-118"),
}


def read(made, language):
    return PdfReader(io.BytesIO(to_pdf(made, language=language)))


def words_of(paper):
    return " ".join(" ".join(page.extract_text().split()) for page in paper.pages)


@pytest.mark.parametrize("language", SAID)
def test_people_read_what_it_comes_to_and_how_it_is_paid(language):
    words = words_of(read(TO_THE_CITY, language))

    assert [said for said in SAID[language] if said not in words] == []


def test_the_electronic_invoice_is_inside_as_it_was_sent():
    paper = read(TO_THE_CITY, "da")

    assert paper.attachments[ENCLOSED_NAME] == [held(TO_THE_CITY)]


def test_it_says_that_it_is_made_to_be_kept():
    metadata = read(TO_THE_CITY, "da").xmp_metadata

    assert b"<pdfaid:part>3</pdfaid:part>" in metadata.stream.get_data()


def test_the_same_invoice_is_the_same_paper_whenever_it_is_written():
    first = to_pdf(TO_THE_CITY, language="en")
    second = int(time.time())
    while int(time.time()) == second:
        time.sleep(0.01)

    assert to_pdf(TO_THE_CITY, language="en") == first


def test_a_credit_note_names_what_it_takes_back():
    back = credit_note(TO_THE_CITY, number="K-000001", issued_on=ISSUED)

    assert "Vedrører faktura F-000042" in words_of(read(back, "da"))


def test_many_lines_go_on_over_pages():
    made = invoice(lines=lines_for(UTILITY, CITY, *[kr(100)] * 60))

    assert len(read(made, "en").pages) > 1


def test_a_sign_that_cannot_be_drawn_is_replaced_and_stays_in_the_electronic_one():
    made = invoice(note="Kőrösi 中")
    paper = read(made, "da")

    assert "Korösi ?" in words_of(paper)
    assert "Kőrösi 中".encode() in paper.attachments[ENCLOSED_NAME][0]
