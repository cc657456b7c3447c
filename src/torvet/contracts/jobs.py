"""What happens to contracts by itself: those whose validity is over come to an end."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from . import holds, service, store
from .errors import ContractMoved

EXPIRE_EVERY_S = 60
RELEASE_EVERY_S = 600
EXPIRE_AT_ONCE_MAX = 500


@every("contracts.expire", seconds=EXPIRE_EVERY_S)
def expire(parts: Parts) -> None:
    """End contracts whose validity is over. Reads are refused from that instant on anyway."""
    with parts.db.begin() as tx:
        overdue = store.overdue(tx, parts.clock.now(), EXPIRE_AT_ONCE_MAX)
    for contract in overdue:
        try:
            service.close_overdue(parts, contract)
        except ContractMoved:
            # A party decided in the same moment; the next round sees what is left to do.
            continue


@every("contracts.release-holds", seconds=RELEASE_EVERY_S)
def release_holds(parts: Parts) -> None:
    """Give back what reads of killed processes had set aside of spending caps."""
    with parts.db.begin() as tx:
        holds.release_old(tx, parts.clock.now())
