"""What pledges and answers are worth together: pure, so that the laws can be tested."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from torvet.kit.money import Money
from torvet.parties.model import PartyId

from .model import (
    LIVE,
    Answer,
    Pledge,
    PledgeStage,
    Request,
    Stage,
    Vote,
    Wanted,
)

DEADLINE_MIN = timedelta(hours=1)
HORIZON_MAX = timedelta(days=3 * 366)
PLEDGE_MIN_MINOR = 100
COLUMNS_MAX = 500
CIRCLE_MAX = 500


def moment_of(request: Request, now: datetime) -> datetime:
    """Return the moment at which a deed on `request` happens: never before the last one."""
    return max(now, request.touched_at)


def faults_of(wanted: Wanted, now: datetime) -> tuple[str, ...]:
    """Return everything that keeps `wanted` from being asked for; nothing where it can be."""
    found = []
    if wanted.deadline < now + DEADLINE_MIN:
        found.append("its deadline is less than an hour away")
    if wanted.deliver_by <= wanted.deadline:
        found.append("delivery is wanted by its deadline, and pledges are only settled then")
    if wanted.deliver_by > now + HORIZON_MAX:
        found.append("it looks more than three years ahead")
    start, end = wanted.period_start, wanted.period_end
    if start is not None and end is not None and end < start:
        found.append("its period ends before it begins")
    if len(wanted.columns) > COLUMNS_MAX or len(set(wanted.columns)) < len(wanted.columns):
        found.append(f"it names columns twice, or more than {COLUMNS_MAX}")
    if wanted.circle is not None and not 0 < len(wanted.circle) <= CIRCLE_MAX:
        found.append(f"its circle names {len(wanted.circle)} parties, and 1 to {CIRCLE_MAX} fit")
    found.extend(_faults_of_money(wanted))
    return tuple(found)


def _faults_of_money(wanted: Wanted) -> list[str]:
    goal, budget = wanted.goal, wanted.budget
    if goal is None:
        return [] if budget is None else ["it has a budget and no goal: say what to reach"]
    if goal.minor < PLEDGE_MIN_MINOR:
        return [f"a goal of {goal} is no money"]
    if budget is None:
        return []
    if budget.currency is not goal.currency:
        return [f"its budget is in {budget.currency} and its goal in {goal.currency}"]
    return ["its budget is below its goal: nobody could be paid what was reached"] * (budget < goal)


def is_over(request: Request, now: datetime) -> bool:
    """Say whether nobody may join, pledge or take back any more."""
    return request.stage not in {Stage.OPEN, Stage.BOUND} or now >= request.wanted.deadline


def is_reached(request: Request) -> bool:
    """Say whether the pledges that stand reach the goal."""
    goal = request.wanted.goal
    return goal is not None and request.pledged >= goal


def due_stage(request: Request, promised_by: datetime | None, now: datetime) -> Stage | None:
    """Return the stage to which time alone moves `request` at `now`, or None where it stays.

    `promised_by` is the day that the accepted answer promised, None where none is accepted.
    """
    if request.stage is Stage.OPEN and now >= request.wanted.deadline:
        return Stage.LAPSED
    if request.stage is Stage.BOUND and now >= request.wanted.deliver_by:
        return Stage.FAILED
    if request.stage is Stage.PROMISED and promised_by is not None and now >= promised_by:
        return Stage.FAILED
    return None


def due_at(request: Request, promised_by: datetime | None) -> datetime | None:
    """Return the next instant at which time alone moves `request`."""
    match request.stage:
        case Stage.OPEN:
            return request.wanted.deadline
        case Stage.BOUND:
            return request.wanted.deliver_by
        case Stage.PROMISED:
            return promised_by
        case _:
            return None


def closed_pledge(stage: Stage) -> PledgeStage | None:
    """Return what every pledge that stands becomes when its request comes to `stage`."""
    match stage:
        case Stage.BOUND | Stage.PROMISED:
            return PledgeStage.BOUND
        case Stage.FULFILLED:
            return PledgeStage.PAID
        case Stage.LAPSED | Stage.WITHDRAWN | Stage.FAILED:
            return PledgeStage.FREED
        case Stage.OPEN:
            return None


def turned(pledges: Sequence[Pledge], stage: PledgeStage, at: datetime) -> tuple[Pledge, ...]:
    """Return the pledges that stand as `stage`: all of them, or there is none."""
    closed = None if stage is PledgeStage.BOUND else at
    return tuple(replace(one, stage=stage, closed_at=closed) for one in pledges if one.stands)


def shares_of(price: Money, pledges: Sequence[Pledge]) -> tuple[Money, ...]:
    """Divide `price` among pledges in proportion to what each pledged, to the last minor unit.

    By largest remainder: the shares are together the price, and none is above its pledge as
    long as the price is not above their sum.
    """
    return price.share([one.amount.minor for one in pledges])


def most_of(request: Request) -> Money:
    """Return the most that an answer may cost: what is pledged, and never more than the budget."""
    budget = request.wanted.budget
    return request.pledged if budget is None else min(budget, request.pledged)


def carried(votes: Mapping[PartyId, Vote], owner: PartyId, pledges: Sequence[Pledge]) -> bool:
    """Say whether an answer is accepted: by those who pay for it.

    Each pledge weighs what it is worth. Who says nothing goes with the owner, once the owner has
    spoken. More than half of the money has to say yes; without any money the owner decides.
    """
    standing = [one for one in pledges if one.stands]
    if not standing:
        return votes.get(owner) is Vote.YES
    silent = votes.get(owner)
    yes = sum(one.amount.minor for one in standing if votes.get(one.party, silent) is Vote.YES)
    return 2 * yes > sum(one.amount.minor for one in standing)


def objections_to(answer: Answer, request: Request, now: datetime) -> tuple[str, ...]:
    """Return why `answer` cannot be accepted now; nothing where it can be."""
    found = []
    if request.wanted.goal is not None and request.stage is not Stage.BOUND:
        found.append("the pledges do not bind yet")
    if request.stage not in LIVE or request.stage is Stage.PROMISED:
        found.append(f"the request is {request.stage.words().en}")
    if answer.deliver_by <= now:
        found.append("the day that it promised is over")
    if answer.price > (most := most_of(request)):
        found.append(f"it costs {answer.price}, and {most} may be paid")
    return tuple(found)


def faults_of_answer(
    request: Request, price: Money, deliver_by: datetime, now: datetime
) -> tuple[str, ...]:
    """Return what keeps a provider's answer from being given, whatever is pledged by now."""
    found = []
    wanted = request.wanted
    if price.currency is not wanted.currency:
        found.append(f"it costs {price.currency}, and {wanted.currency} is pledged")
    elif price.minor < 0:
        found.append("it has a price below zero")
    elif wanted.goal is None and price:
        found.append("nothing is pledged to this request, so an answer is free")
    elif wanted.budget is not None and price > wanted.budget:
        found.append(f"it costs {price}, and the budget is {wanted.budget}")
    if deliver_by <= now:
        found.append("it promises a day that is over")
    if deliver_by > wanted.deliver_by:
        found.append("it promises a day after the last one on which delivery is wanted")
    return tuple(found)
