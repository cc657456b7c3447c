"""How a buyer comes to its tariff: it names what it saw, and says where the invoice goes."""

from datetime import datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.parties import PartyId

from . import orders, purposes
from .errors import OrderInvalid, TermsNotMet, TermsNotNamed
from .levels import words as level_words
from .model import Approval, Offer
from .orders import Order
from .prices import words as price_words
from .prices.model import Tariff
from .sentences import moment
from .terms import words

_APPROVALS = {
    Approval.AT_ONCE: "Accepting it makes a contract at once.",
    Approval.ON_REQUEST: "Its provider approves who may have it.",
}


def tariff_of(
    tx: Connection,
    consumer: PartyId,
    offer: Offer,
    purpose: str,
    *,
    now: datetime,
    seen: str,
    order: Order,
) -> Tariff:
    """Return what `consumer` will pay for `purpose`.

    Raises TermsNotMet where the offer has no price for them or it does not stand at `now`,
    TermsNotNamed where there is something to pay and `seen` is empty, OrderInvalid.
    """
    buyer = parties.party(tx, consumer)
    tariff = offer.price.tariff_for(purpose, buyer.kind)
    if tariff is None:
        meant = purposes.label(purpose).en
        why = f"it has no price for {meant} by a party that is {buyer.kind.value}"
        raise TermsNotMet(offer.id, (why,))
    if not offer.price.stands(now):
        raise TermsNotMet(offer.id, (_not_standing(offer, now),))
    if not tariff.is_free and not seen:
        said = tuple(line.en for line in price_words.of_tariff(tariff))
        raise TermsNotNamed(offer.id, offer.digest, said)
    faults = orders.faults_of(order, buyer, tariff)
    if faults:
        raise OrderInvalid(offer.id, faults)
    return tariff


def _not_standing(offer: Offer, now: datetime) -> str:
    start, end = offer.price.valid_from, offer.price.valid_until
    if start is not None and now < start:
        return f"its price holds from {moment(start).en}"
    assert end is not None, "a price that does not stand has a bound"
    return f"its price could be accepted until {moment(end).en}"


def differences(seen: Offer | None, now: Offer) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the sentences that stood in `seen` alone, and those that stand in `now` alone."""
    if seen is None:
        return (), ()
    before, after = _sentences(seen), _sentences(now)
    gone = tuple(line for line in before if line not in after)
    return gone, tuple(line for line in after if line not in before)


def _sentences(offer: Offer) -> tuple[str, ...]:
    return (
        f"It is called “{offer.title}”.",
        *(line.en for line in words(offer.clauses)),
        *(line.en for line in price_words.of_price(offer.price)),
        *(line.en for line in level_words.of_levels(offer.levels, offer.price)),
        _APPROVALS[offer.approval],
    )
