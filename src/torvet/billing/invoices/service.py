"""What is asked of issued documents, and what their payment does. Each in the given transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.billing.bank.model import OpenInvoice
from torvet.kit.money import CurrencyMix, Money
from torvet.parties import Caller, Role, Scope

from . import store
from .errors import InvoiceNotFound
from .issued import InvoiceId, IssuedInvoice, Paid, Run, Sale, Standing
from .model import Invoice, Kind
from .ubl_reader import from_ubl

INVOICES_MAX = 500


def invoice(tx: Connection, caller: Caller | None, id_or_number: str) -> IssuedInvoice:
    """Return a document to its seller, its buyer and the operator, or to whoever asks within.

    Raises InvoiceNotFound, also where it is another party's.
    """
    found = store.by_id(tx, id_or_number)
    if caller is not None and not caller.operator:
        parties.check(caller, Role.READER)
        if found is not None and caller.party not in {found.party_from, found.party_to}:
            found = None
    if found is None:
        raise InvoiceNotFound(id_or_number)
    return found


def invoices_of(
    tx: Connection,
    caller: Caller,
    *,
    every: bool = False,
    kinds: Sequence[Kind] = (),
    standing: Standing | None = None,
    after: str | None = None,
    limit: int = INVOICES_MAX,
) -> list[IssuedInvoice]:
    """Return the documents of the caller's party, or `every` one to the operator, newest first."""
    parties.check(caller, Scope.OPERATE if every else Role.READER)
    party = None if every else caller.party
    most = min(limit, INVOICES_MAX)
    return store.page_of(tx, party=party, kinds=kinds, standing=standing, after=after, limit=most)


def document(tx: Connection, id_: InvoiceId) -> Invoice:
    """Return what a document says, read from what was sent."""
    return from_ubl(store.document_of(tx, id_))


def xml_of(tx: Connection, id_: InvoiceId) -> bytes:
    """Return a document as it was sent, to the byte."""
    return store.document_of(tx, id_)


def payments_of(tx: Connection, it: IssuedInvoice) -> list[Paid]:
    """Return what came in for a document and went back, the oldest first."""
    return store.payments_of(tx, it.id, it.net.currency)


def runs_over(tx: Connection, most: int) -> list[Run]:
    """Return the latest months whose run is over, the newest first."""
    return store.runs_of(tx, most)


def credit_notes_of(tx: Connection, id_: InvoiceId) -> list[IssuedInvoice]:
    """Return what took something of a document back, the oldest first."""
    return store.credit_notes_of(tx, id_)


def sales_told(tx: Connection, caller: Caller, it: IssuedInvoice) -> list[Sale]:
    """Return what a document says of contracts, to who may know the fee: provider and operator."""
    if caller.operator:
        return sales_on(tx, it.id) if it.kind.self_billed else store.sales_of(tx, invoice=it.id)
    return sales_on(tx, it.id) if it.kind.self_billed else []


def sales_of(tx: Connection, invoice: InvoiceId) -> list[Sale]:
    """Return what an invoice and its credit notes say of each contract, the invoice first."""
    found = store.sales_of(tx, sale=invoice)
    return sorted(found, key=lambda one: (one.invoice != one.sale, one.invoice, one.contract))


def sales_on(tx: Connection, self_bill: InvoiceId) -> list[Sale]:
    """Return the sales that a self-billed document is for."""
    return store.sales_of(tx, self_bill=self_bill)


def open_invoices(tx: Connection) -> list[OpenInvoice]:
    """Return every invoice to a buyer of which something is owed, the oldest first."""
    return [
        OpenInvoice(number=one.number, reference=one.reference, owed=one.owed)
        for one in store.every_open(tx, Kind.INVOICE)
    ]


def settle(
    tx: Connection, invoice: str, amount: Money, transaction: str, *, at: datetime
) -> IssuedInvoice:
    """Write that the books' `transaction` paid `amount` of a document; once for each transaction.

    Of an invoice it is what came in, of a self-billed one what went out; below zero it came back.
    More than is owed may be paid: `owed` is below zero then. Raises InvoiceNotFound, CurrencyMix.
    """
    found = store.by_id(tx, invoice)
    if found is None:
        raise InvoiceNotFound(invoice)
    if amount.currency is not found.net.currency:
        raise CurrencyMix(amount.currency.value, found.net.currency.value)
    store.hold(tx, found.id)
    store.settle(tx, found.id, amount, transaction, at)
    settled = store.by_id(tx, found.id)
    assert settled is not None, "documents are never taken away"
    return settled


def settled_sales(tx: Connection, provider: str | None = None) -> list[Sale]:
    """Return what is left of each sale whose invoice is paid, so that its provider can be.

    Credit notes are taken off; sales of which nothing is left are not among them.
    """
    return store.settled_sales(tx, provider)
