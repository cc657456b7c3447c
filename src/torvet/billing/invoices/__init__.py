"""Invoices: from charges to documents that are numbered, posted, sent, paid and taken back."""

from . import jobs as _jobs  # importing it makes issuing known to the worker
from .crediting import credit, credited_under, left_of
from .errors import InvoiceNotFound, InvoiceRefused, NotCredited, NumberOutOfOrder
from .inspection import invoice_faults
from .issued import InvoiceId, Issued, IssuedInvoice, Paid, Sale, Standing, Status, Waiting
from .issuing import issue_contract, issue_month, issue_now, what_waits
from .model import Invoice, Kind
from .service import (
    credit_notes_of,
    document,
    invoice,
    invoices_of,
    open_invoices,
    payments_of,
    sales_of,
    sales_on,
    settle,
    settled_sales,
    xml_of,
)

__all__ = [
    "Invoice",
    "InvoiceId",
    "InvoiceNotFound",
    "InvoiceRefused",
    "Issued",
    "IssuedInvoice",
    "Kind",
    "NotCredited",
    "NumberOutOfOrder",
    "Paid",
    "Sale",
    "Standing",
    "Status",
    "Waiting",
    "credit",
    "credit_notes_of",
    "credited_under",
    "document",
    "invoice",
    "invoice_faults",
    "invoices_of",
    "issue_contract",
    "issue_month",
    "issue_now",
    "left_of",
    "open_invoices",
    "payments_of",
    "sales_of",
    "sales_on",
    "settle",
    "settled_sales",
    "what_waits",
    "xml_of",
]
del _jobs
