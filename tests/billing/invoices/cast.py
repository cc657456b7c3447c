"""A city, a start-up, a utility and a buyer abroad, and what they invoice each other."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from torvet.billing.invoices.drafting import Counted, line_of
from torvet.billing.invoices.model import (
    Address,
    DanishAccount,
    Iban,
    Invoice,
    InvoiceParty,
    Kind,
    Period,
    Unit,
)
from torvet.billing.invoices.vat import treatment_of
from torvet.billing.rulebook import rules_on
from torvet.kit.money import Currency, Money, UnitPrice

JUNE = Period(first=date(2026, 6, 1), last=date(2026, 6, 30))
ISSUED = date(2026, 7, 1)
VAT = rules_on(ISSUED).vat

UTILITY = InvoiceParty(
    name="Nordlys Energi A/S",
    address=Address(street="Havnegade 12", city="Aarhus C", post_code="8000", country="DK"),
    cvr="13585628",
    vat_number="DK13585628",
    email="faktura@nordlys.example",
)
STARTUP = InvoiceParty(
    name="Grønby Analyse ApS",
    address=Address(street="Åboulevard 3, 2.", city="København N", post_code="2200", country="DK"),
    cvr="29216936",
    vat_number="DK29216936",
)
CITY = InvoiceParty(
    name="Aarhus Kommune",
    address=Address(street="Rådhuspladsen 2", city="Aarhus C", post_code="8000", country="DK"),
    cvr="55133018",
    vat_number="DK55133018",
    ean="5798005770220",
)
SWEDISH = InvoiceParty(
    name="Öresund Data AB",
    address=Address(street="Stortorget 7", city="Malmö", post_code="211 22", country="SE"),
    vat_number="SE556677889901",
)
CLUB = InvoiceParty(
    name="Bygholm Vejrlaug",
    address=Address(street="Søvej 1", city="Horsens", post_code="8700", country="DK"),
    cvr="10150817",
    email="laug@bygholm.example",
)
ACCOUNT = DanishAccount(registration="0040", account="0440116243", reference="F-000042")
IBAN = Iban(iban="DK5000400440116243", bic="NDEADKKK", reference="F-000042")

ROWS = Counted(
    quantity=Decimal(1_250_000), unit=Unit.PIECE, unit_price=UnitPrice(125, 6, Currency.DKK)
)


def kr(ore):
    return Money(ore, Currency.DKK)


def eur(cent):
    return Money(cent, Currency.EUR)


def lines_for(seller, buyer, *amounts):
    vat = treatment_of(seller, buyer, VAT)
    return tuple(
        line_of(f"Målinger, del {number}", amount, vat, period=JUNE)
        for number, amount in enumerate(amounts, 1)
    )


TWO = (kr(49_900), kr(15_625))


def invoice(seller=UTILITY, buyer=STARTUP, amounts=TWO, **changes):
    made = Invoice(
        number="F-000042",
        kind=Kind.INVOICE,
        issued_on=ISSUED,
        due_on=date(2026, 7, 31),
        currency=Currency.DKK,
        seller=seller,
        buyer=buyer,
        lines=lines_for(seller, buyer, *amounts),
        means=ACCOUNT,
        contract="k-7f3a",
        buyer_reference="Afdeling 4",
        period=JUNE,
    )
    return replace(made, **changes)
