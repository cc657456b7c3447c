"""What a buyer adds to an acceptance or a counter-offer: the options that both commands share."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The buyer's own reference, where its invoices go, and how much it spends."""

    purchase_order: str = ""
    """Your own order number, for the invoice."""
    ean: str = ""
    """EAN (GLN) to which invoices go; Danish public bodies have to give one."""
    cap: str | None = None
    """The most that you will spend on use in a month, such as "2000 DKK"."""
    prepaid: Annotated[bool, Parameter(negative="")] = False
    """You pay before you use it; reading stops when what you paid is used up."""

    def fields(self) -> dict[str, Any]:
        """Return them as the interface takes them."""
        return asdict(self)


NOTHING_ORDERED = Ordered()
