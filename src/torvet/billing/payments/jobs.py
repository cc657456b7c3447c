"""What happens to payments by itself: statements are fetched, the card provider is asked again."""

import structlog

from torvet.jobs import every
from torvet.kit.errors import ExchangeError, Kind
from torvet.ports.parts import Parts

from . import cards, service

FETCH_EVERY_S = 60
CATCH_UP_EVERY_S = 60

_log = structlog.get_logger()


@every("payments.fetch-statements", seconds=FETCH_EVERY_S)
def fetch_statements(parts: Parts) -> None:
    """Read the statements that the bank left. One that cannot be read is put aside."""
    for name, document in parts.bank.arrived():
        try:
            done = service.read_file(parts, None, document)
        except ExchangeError as fault:
            if fault.kind is not Kind.INVALID:
                raise
            _log.warning("bank statement put aside", file=name, fault=str(fault))
            parts.bank.taken(name, readable=False)
        else:
            _log.info("bank statement read", file=name, booked=done.booked, waiting=done.waiting)
            parts.bank.taken(name, readable=True)


@every("payments.catch-up-with-cards", seconds=CATCH_UP_EVERY_S)
def catch_up_with_cards(parts: Parts) -> None:
    """Ask the card provider again for what was lost on the way."""
    cards.catch_up(parts)
