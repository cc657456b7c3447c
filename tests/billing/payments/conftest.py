"""A market square with a bank: invoices that are issued, transfers, statements, payouts."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from billing.invoices.conftest import BUYER, CLUB, OPERATOR, SELLER, Square
from torvet.billing import AccountKind, escrow, trial_balance
from torvet.billing.invoices import store as invoice_store
from torvet.billing.payments import read_file
from torvet.billing.payouts import kept_file, pay_out
from torvet.demo.bank import Bank
from torvet.kit.money import Currency, Money
from torvet.parties import Scope, local_session, make_operator, sign_up
from torvet.parties.model import ANONYMOUS
from torvet.server import application

HOUSE_IBAN = OPERATOR.iban
SELLER_IBAN = "DK5000400440116243"
LATER = datetime(2026, 7, 20, 9, 0, tzinfo=UTC)


def kr(ore):
    return Money(ore, Currency.DKK)


def eur(cent):
    return Money(cent, Currency.EUR)


def caller_for(party, *scopes, account="ac_1"):
    return replace(
        ANONYMOUS,
        account=account,
        party=party,
        scopes=frozenset({Scope.READ, Scope.TRADE, Scope.PUBLISH, Scope.MANAGE, *scopes}),
        via="session",
        operator=Scope.OPERATE in scopes,
    )


THE_OPERATOR = caller_for(None, Scope.OPERATE, account="ac_operator")


@dataclass
class Market:
    """Who sells, who buys, and what came of it at the bank."""

    parts: object
    square: Square
    bank: Bank

    def sold(self, *amounts, buyer=None, seller=None, dataset="ds_vejr"):
        """Sell for so many øre without VAT to one buyer; return the invoices, one a seller's."""
        seller = seller or self.square.party(SELLER)
        buyer = buyer or self.square.party(BUYER)
        self.parts.clock.set(datetime(2026, 6, 10, tzinfo=UTC))
        for amount in amounts:
            contract = self.square.agreed(
                f"{amount / 100:.2f} DKK per row", seller, buyer, dataset=dataset
            )
            self.square.use(contract, rows=1)
        issued = self.square.month_over()
        (invoice,) = (i for i in issued.invoices if self.invoice(i).party_to == buyer)
        self.parts.clock.set(LATER)
        return self.invoice(invoice)

    def prepaid(self, party, subject):
        """Open what is paid in before use; money with its reference is held."""
        with self.parts.db.begin() as tx:
            return escrow.open_hold(
                tx,
                party=party,
                currency=Currency.DKK,
                purpose=escrow.Purpose.PREPAID,
                subject=subject,
                at=self.parts.clock.now(),
            )

    def invoice(self, id_):
        return self.square.issued(id_)

    def read(self, document=None):
        """Let the bank write a statement, and read it."""
        written = document or self.bank.statement(self.parts.clock.now().date())
        return read_file(self.parts, THE_OPERATOR, written)

    def paid(self, invoice, amount=None):
        """Pay an invoice by transfer, and read the statement."""
        self.bank.comes_in(amount or invoice.owed, invoice.reference)
        return self.read()

    def pay_out(self):
        run = pay_out(self.parts, THE_OPERATOR)
        return run, None if run.file is None else self.document(run.file)

    def document(self, file):
        with self.parts.db.begin() as tx:
            return kept_file(tx, THE_OPERATOR, file).document

    def balance(self, kind, party=""):
        """Debits less credits, in øre."""
        with self.parts.db.begin() as tx:
            return sum(
                one.balance.minor
                for one in trial_balance(tx)
                if (one.account.kind, one.account.party) == (AccountKind(kind), party)
            )

    def every_open(self):
        with self.parts.db.begin() as tx:
            return invoice_store.every_open(tx, "380")


@pytest.fixture(scope="module")
def bank():
    """One bank for a module, as there is one database."""
    return Bank(iban=HOUSE_IBAN)


@pytest.fixture
def market(parts, bank):
    square = Square(parts)
    square.details(OPERATOR)
    parts.clock.set(LATER)
    return Market(parts, square, bank)


@pytest.fixture(scope="module")
def people(parts):
    """Two citizens and the operator: their parties, and clients that are signed in."""
    parts.clock.set(LATER)
    found = {}
    for name in ("citizen", "stranger", "operator"):
        email = f"{name}@example.org"
        made = sign_up(parts, email=email, name=name, password="a long sentence of mine")
        found[name] = made.account.citizen_party
    make_operator(parts, "operator@example.org")
    clients = {}
    for name, party in found.items():
        secret = local_session(parts, f"{name}@example.org")
        headers = {"Authorization": f"Bearer {secret}"}
        clients[name] = (party, TestClient(application(parts), headers=headers))
    return clients


@pytest.fixture
def operator(people, market):
    return people["operator"][1]


@pytest.fixture
def citizen(people, market):
    return people["citizen"][1]


@pytest.fixture
def stranger(people, market):
    return people["stranger"][1]


__all__ = ["BUYER", "CLUB", "SELLER", "Market"]
