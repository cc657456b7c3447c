"""What a bank says and is told, as values. No I/O."""

from dataclasses import dataclass
from datetime import date, datetime

from torvet.kit.money import Currency, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement: `amount` is above zero where money came in.

    `key` tells it from every other line of the account, in whichever file it comes again.
    `references` are those that the payer gave in a field of their own, `text` what was written
    freely. `debtor` is who paid, where the bank says so. `returned` is a transfer that went out
    before and did not arrive.
    """

    key: str
    booked_on: date
    amount: Money
    references: tuple[str, ...]
    text: str
    debtor: str | None
    debtor_account: str | None
    returned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What moved on one account; `pending` lines are not booked yet and not among `lines`.

    `opening` and `closing` are the booked balances, where the bank tells both; then the lines are
    what lies between them.
    """

    id: str
    account: str
    currency: Currency
    lines: tuple[StatementLine, ...]
    pending: int
    opening: Money | None = None
    closing: Money | None = None
    closes_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvoice:
    """What is still owed of an invoice, and the reference it is paid with."""

    number: str
    reference: str
    owed: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The line pays `invoice`: `over` is what it pays too much, below zero what is missing."""

    invoice: OpenInvoice
    over: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """The line names several invoices: somebody says which."""

    invoices: tuple[OpenInvoice, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """The line names no open invoice; those in `alike` are owed the same amount."""

    alike: tuple[OpenInvoice, ...]
    why: str


Match = Matched | Unclear | Unmatched


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAccount:
    """An account to pay from or to, and whose it is; `country` by ISO 3166-1."""

    name: str
    country: str
    iban: str
    bic: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """One transfer. `id` comes back on the statement (EndToEndId) and is used once."""

    id: str
    to: PayoutAccount
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFile:
    """Transfers from one account on one day. `id` is the message's own, used once."""

    id: str
    made_at: datetime
    pay_on: date
    payer: PayoutAccount
    payouts: tuple[Payout, ...]
