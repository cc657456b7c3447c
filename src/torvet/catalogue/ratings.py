"""What the readers of datasets think of them, in numbers: written with each review, read by lists.

Reviews are made in a slice above this one; what they say together stands here, where datasets are
searched and described.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from .model import Rating
from .tables import dataset_ratings as ratings


def rate(tx: Connection, dataset: str, rating: Rating) -> None:
    """Write what reviews of a dataset say together; nothing stands there without reviews."""
    if not rating.reviews:
        tx.execute(delete(ratings).where(ratings.c.dataset == dataset))
        return
    new = insert(ratings).values(dataset=dataset, reviews=rating.reviews, stars=dict(rating.stars))
    changed = {"reviews": new.excluded.reviews, "stars": new.excluded.stars}
    tx.execute(new.on_conflict_do_update(index_elements=["dataset"], set_=changed))


def ratings_of(tx: Connection, datasets: Sequence[str]) -> dict[str, Rating]:
    """Return the ratings of those of `datasets` that were reviewed."""
    if not datasets:
        return {}
    wanted = select(ratings).where(ratings.c.dataset.in_(list(datasets)))
    return {row.dataset: Rating(reviews=row.reviews, stars=row.stars) for row in tx.execute(wanted)}
