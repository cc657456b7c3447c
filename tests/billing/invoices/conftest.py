"""Sellers and buyers with their billing details, and what was charged between them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from billing.agreed import agreed, usage
from torvet.audit import record, seal
from torvet.billing.charges import charge_due
from torvet.billing.invoices import issuing, store
from torvet.billing.invoices.issuing import issue_month
from torvet.billing.invoices.model import Kind
from torvet.billing.invoices.ubl_reader import from_ubl
from torvet.billing.model import HOUSE
from torvet.billing.periods import Month
from torvet.billing.profiles import Profile
from torvet.billing.profiles import store as profile_store
from torvet.contracts import NO_ORDER
from torvet.contracts import store as contracts_store
from torvet.metering import catch_up
from torvet.parties import Party, PartyKind
from torvet.parties.store import add_party

JUNE = Month(2026, 6)
IN_JULY = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
_numbers = count(1)

OPERATOR = Profile(
    party=HOUSE,
    name="Torvet A/S",
    street="Rådhuspladsen 1",
    post_code="8000",
    city="Aarhus C",
    cvr="25313763",
    vat_registered=True,
    vat_number="DK25313763",
    email="faktura@torvet.example",
    iban="DK5000400440116243",
    bic="NDEADKKK",
    registration="0040",
    account="0440116243",
)
SELLER = Profile(
    party="",
    name="Nordlys Energi A/S",
    street="Havnegade 12",
    post_code="8000",
    city="Aarhus C",
    cvr="13585628",
    vat_registered=True,
    vat_number="DK13585628",
    iban="DK5000400440116243",
)
CLUB = replace(
    SELLER,
    name="Bygholm Vejrlaug",
    cvr="10150817",
    vat_registered=False,
    vat_number="",
    iban="",
)
BUYER = replace(
    SELLER,
    name="Grønby Analyse ApS",
    street="Åboulevard 3, 2.",
    post_code="2200",
    city="København N",
    cvr="29216936",
    vat_number="DK29216936",
    iban="",
)
CITY = replace(
    BUYER, name="Aarhus Kommune", cvr="55133018", vat_number="DK55133018", ean="5798005770220"
)
SWEDISH = Profile(
    party="",
    name="Öresund Data AB",
    street="Stortorget 7",
    post_code="211 22",
    city="Malmö",
    country="SE",
    vat_registered=True,
    vat_number="SE556677889901",
    language="en",
)
CITIZEN = Profile(party="", name="Åse Bæk", street="Søvej 1", post_code="8700", city="Horsens")


@dataclass
class Square:
    """A market square: parties with billing details, contracts, and what is used under them."""

    parts: object

    def party(self, profile=None, kind=PartyKind.PRIVATE, region="DK"):
        """Make a party; with a profile it has given its billing details."""
        number = next(_numbers)
        party = Party(
            id=self.parts.new_id("pt"),
            slug=f"party-{number}",
            name=f"Party {number}" if profile is None else profile.name,
            kind=kind,
            cvr=None,
            region=region,
            registered_at=self.parts.clock.now(),
        )
        with self.parts.db.begin() as tx:
            assert add_party(tx, party)
        if profile is not None:
            self.details(replace(profile, party=party.id))
        return party.id

    def details(self, profile):
        """Give billing details, whatever they were before."""
        with self.parts.db.begin() as tx:
            before = profile_store.of_parties(tx, [profile.party]).get(profile.party)
            version = 1 if before is None else before.version + 1
            profile_store.put(
                tx, replace(profile, version=version), at=self.parts.clock.now(), by="x"
            )

    def agreed(self, price, provider, consumer, *, order=NO_ORDER, dataset="ds_vejr"):
        """Make an agreed contract with a price such as `1 DKK per row`."""
        return agreed(self.parts, price, provider, consumer, dataset=dataset, order=order)

    def use(self, contract, *, rows=1, at=None):
        """Record a use as delivery does."""
        at = at or self.parts.clock.now()
        with self.parts.db.begin() as tx:
            record(tx, usage(contract, "ds_vejr", at=at, rows=rows))

    def charge(self):
        """Meter and charge what was used."""
        seal(self.parts)
        catch_up(self.parts)
        return charge_due(self.parts)

    def month_over(self):
        """Let June pass, charge it, and issue its documents."""
        self.parts.clock.set(IN_JULY)
        self.charge()
        return issue_month(self.parts, JUNE)

    def issued_now(self, consumer):
        """Issue what a party was charged so far; return its invoices."""
        until = self.parts.clock.now() + timedelta(hours=1)
        with self.parts.db.begin() as tx:
            done = issuing._issue(tx, self.parts, until=until, by="x", consumers=[consumer])
        return done.invoices

    def seller_of(self, contract):
        with self.parts.db.begin() as tx:
            return contracts_store.contract(tx, contract).provider

    def issued(self, id_):
        with self.parts.db.begin() as tx:
            return store.by_id(tx, id_)

    def bought(self, party):
        """What a party has to pay, or had."""
        with self.parts.db.begin() as tx:
            return store.page_of(tx, party=party, kinds=[Kind.INVOICE], limit=100)

    def document(self, id_):
        """The document as it was sent, read back."""
        with self.parts.db.begin() as tx:
            return from_ubl(store.document_of(tx, id_))

    def sales(self, **of):
        with self.parts.db.begin() as tx:
            return store.sales_of(tx, **of)


@pytest.fixture
def square(parts):
    """A square whose operator has given its billing details, and on which nothing waits."""
    found = Square(parts)
    found.details(OPERATOR)
    return found
