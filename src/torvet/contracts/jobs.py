"""What happens to contracts by itself: those whose validity is over come to an end."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from . import service, store
from .errors import ContractMoved

EXPIRE_EVERY_S = 60
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
