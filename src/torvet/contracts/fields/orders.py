"""What a buyer adds to an acceptance, as fields: `contracts/order_fields.html` shows them."""

from torvet.contracts.errors import OrderInvalid
from torvet.contracts.model import Offer
from torvet.contracts.orders import Order
from torvet.contracts.prices.model import currencies
from torvet.kit.entered import Entered
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Currency, Money

_SHOWN_MAX = 60


def order_entered(entered: Entered, offer: Offer) -> Order:
    """Read an order; raise OrderInvalid where its cap is no amount. The rest is judged later."""
    return Order(
        purchase_order=entered.line("purchase_order"),
        ean=entered.line("ean").replace(" ", ""),
        cap=_cap(entered.line("cap"), offer),
        prepaid=entered.has("prepaid"),
    )


def _cap(said: str, offer: Offer) -> Money | None:
    if not said:
        return None
    known = currencies(tuple(case.tariff for case in offer.price.cases))
    try:
        return Money.typed(said, next(iter(known), Currency.DKK))
    except ExchangeError as wrong:
        shown = said[:_SHOWN_MAX]
        fault = f"{shown!r} is no spending cap: write it like 2000 DKK"
        raise OrderInvalid(offer.id, (fault,)) from wrong
