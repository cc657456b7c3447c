"""Documents before they have a number, and what they are written from. Values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from torvet.billing.bank.references import creditor_reference
from torvet.billing.profiles.model import Profile
from torvet.billing.rulebook import Rules
from torvet.contracts import Contract
from torvet.kit.money import Money
from torvet.parties.model import PartyKind

from .issued import Waiting
from .lines import Charged
from .model import Invoice, Period, Totals

UNNUMBERED = "-"
"""The number and the reference of a draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All that documents are written from beside the charges; `titles` are datasets', by id."""

    day: date
    rules: Rules
    profiles: Mapping[str, Profile]
    kinds: Mapping[str, PartyKind]
    contracts: Mapping[str, Contract]
    titles: Mapping[str, Mapping[str, str]]

    def title(self, dataset: str, language: str) -> str:
        """Return a dataset's title in `language`, in another where it has none, else its id."""
        said = self.titles.get(dataset, {})
        return said.get(language) or next(iter(said.values()), dataset)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSale:
    """What one invoice says of one contract: `net` is `fee` and `share`."""

    contract: Contract
    net: Money
    fee: Money
    share: Money
    period: Period
    charged: tuple[Charged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A checked document without its number: from whom, to whom, and what it comes to."""

    seller: str
    buyer: str
    language: str
    document: Invoice
    totals: Totals
    sales: tuple[DraftSale, ...]

    def numbered(self, number: str) -> Invoice:
        """Return the document under its number, of which the reference of payment is made."""
        means = replace(self.document.means, reference=creditor_reference(number))
        return replace(self.document, number=number, means=means)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """What can be issued, and what waits; `share_vat` is the VAT on each contract's share."""

    invoices: tuple[Draft, ...]
    self_bills: tuple[Draft, ...]
    share_vat: Mapping[str, Money]
    waiting: tuple[Waiting, ...]
