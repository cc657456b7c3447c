"""What happens to payouts by itself: files that were written are left for the bank."""

from torvet.jobs import every
from torvet.ports.parts import Parts

from . import service

SEND_EVERY_S = 60


@every("payouts.send-files", seconds=SEND_EVERY_S)
def send_files(parts: Parts) -> None:
    """Leave payment files for the bank that were written and not left for it yet."""
    service.send_files(parts)
