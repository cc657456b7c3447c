"""What the readers of datasets think of them, in numbers: written with each review, read by lists.

Reviews are made in a slice above this one; what they say together stands here, where datasets are
searched and described.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from .tables import dataset_ratings as ratings

STARS_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """How many reviews there are, and their stars by criterion, added up."""

    reviews: int
    stars: Mapping[str, int]

    @property
    def mean_tenths(self) -> int:
        """Tenths of a star, over all criteria and reviews; never shown without the count."""
        given = self.reviews * len(self.stars)
        if not given:
            return 0
        exact = Fraction(10 * sum(self.stars.values()), given)
        return int(exact + Fraction(1, 2))

    @property
    def mean(self) -> str:
        """The mean as it is shown: `4.3`."""
        return f"{self.mean_tenths // 10}.{self.mean_tenths % 10}"

    def mean_of(self, criterion: str) -> str:
        """The mean of one criterion: `3.7`."""
        own = Rating(reviews=self.reviews, stars={criterion: self.stars[criterion]})
        return own.mean


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
