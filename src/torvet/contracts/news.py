"""Which contracts with a price were made, agreed or ended since billing took note of them."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from .model import Contract
from .prices.model import NOTHING
from .tables import contract_news


def note(tx: Connection, contract: Contract) -> None:
    """Remember that `contract` moved, where it costs anything."""
    if contract.tariff != NOTHING:
        tx.execute(insert(contract_news).values(contract=contract.id).on_conflict_do_nothing())


def take_news(tx: Connection, limit: int) -> Sequence[str]:
    """Return contracts that moved, at most `limit`, and forget it; `tx` has to remember them.

    What another process takes at this moment is left to it.
    """
    some = select(contract_news.c.contract).order_by(contract_news.c.contract).limit(limit)
    chosen = some.with_for_update(skip_locked=True).cte("chosen")
    gone = delete(contract_news).where(contract_news.c.contract == chosen.c.contract)
    return tx.scalars(gone.returning(contract_news.c.contract)).all()
