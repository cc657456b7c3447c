"""What the reuse slice tells the log. Who wants no name is told of to nobody by name."""

from datetime import datetime

from torvet.audit import Fact

from .model import Gratitude, Review, Shown, Use

EXCHANGE = "exchange"


def of_use(name: str, use: Use, actor: str, at: datetime) -> tuple[Fact, ...]:
    """Tell of a use: to both parties in one fact where the consumer is named.

    Else the consumer has a fact of its own, and the provider is told without contract or actor.
    """
    told: dict[str, object] = {
        "use": use.id,
        "dataset": use.dataset,
        "title": use.title,
        "public": use.public,
        "benefits": [
            {
                "unit": one.unit.value,
                "low": str(one.low),
                "amount": str(one.amount),
                "high": str(one.high),
            }
            for one in use.benefits
        ],
    }
    whole = told | {"contract": use.contract, "purpose": use.purpose, "shown": use.shown.value}
    if use.shown is Shown.NAMED:
        return (_fact(name, use.id, (use.provider, use.consumer), whole, actor, at),)
    return (
        _fact(name, use.id, (use.consumer,), whole, actor, at),
        _fact(name, use.id, (use.provider,), told, EXCHANGE, at),
    )


def of_thanks(one: Gratitude, actor: str, at: datetime) -> tuple[Fact, ...]:
    """Tell of thanks, in the same way."""
    told: dict[str, object] = {"thanks": one.id, "dataset": one.dataset, "words": one.words}
    whole = told | {"contract": one.contract, "shown": one.shown.value}
    if one.shown is Shown.NAMED:
        return (_fact("thanked", one.id, (one.provider, one.consumer), whole, actor, at),)
    return (
        _fact("thanked", one.id, (one.consumer,), whole, actor, at),
        _fact("thanked", one.id, (one.provider,), told, EXCHANGE, at),
    )


def of_review(name: str, review: Review, actor: str, at: datetime) -> Fact:
    """Tell of a review, to its author and to the provider."""
    told: dict[str, object] = {
        "review": review.id,
        "contract": review.contract,
        "dataset": review.dataset,
        "stars": review.stars.by_criterion(),
        "version": review.versions,
        "stage": review.stage.value,
    }
    if review.reason:
        told["reason"] = review.reason
    if review.answer_versions:
        told["answer_version"] = review.answer_versions
    return _fact(name, review.id, (review.provider, review.author), told, actor, at)


def _fact(  # noqa: PLR0917 - a fact has these six
    name: str,
    subject: str,
    parties: tuple[str, ...],
    body: dict[str, object],
    actor: str,
    at: datetime,
) -> Fact:
    told = tuple(dict.fromkeys(parties))
    return Fact(name=name, at=at, actor=actor, subject=subject, parties=told, body=body)
