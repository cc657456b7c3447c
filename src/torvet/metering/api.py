"""Usage over HTTP: the same figures for consumer and provider of a contract."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field

from torvet.audit import waiting
from torvet.parties import Caller, Scope
from torvet.parties.signin import acting
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from .model import Channel, Count, Grain, Usage
from .service import FOLLOWER, USAGE_ROWS_MAX, total_of, usage_of

PERIOD = timedelta(days=30)
ID_LENGTH_MAX = 100

router = APIRouter(prefix="/api", tags=["usage"])
Reader = Annotated[Caller, Depends(acting(Scope.READ))]


class CountForm(BaseModel):
    """What was delivered."""

    rows: int = Field(description="Rows delivered.")
    bytes: int = Field(description="Bytes of the answers, as sent.")
    requests: int = Field(description="Requests answered.")


class UsageForm(CountForm):
    """The use of one contract by one channel in one hour or day."""

    contract: str
    dataset: str
    channel: Channel = Field(description="REST rows, Delta Sharing, files of a share, or answers.")
    begin: datetime = Field(description="Begin of the hour or day, in UTC.")


class UsageReport(BaseModel):
    """Usage in a period, oldest first, with its total."""

    items: list[UsageForm]
    total: CountForm = Field(description="All of the period, also where `complete` is false.")
    complete: bool = Field(description="False where `limit` cut the items off.")
    start: datetime = Field(description="The period's begin.")
    end: datetime = Field(description="The period's end; use at this instant is not in it.")
    waiting: int = Field(description="Sealed facts that the meter has not looked at yet.")


@router.get("/usage", responses=problems_of(401, 403, 404, 422))
def usage(  # noqa: PLR0917 - FastAPI calls it, by name
    parts: TheParts,
    caller: Reader,
    contract: Annotated[str | None, Query(max_length=ID_LENGTH_MAX)] = None,
    start: Annotated[
        AwareDatetime | None, Query(alias="from", description="Else 30 days before `to`.")
    ] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="Else now.")] = None,
    by: Annotated[Grain, Query(description="Hours or days, in UTC.")] = Grain.HOUR,
    limit: Annotated[int, Query(ge=1, le=USAGE_ROWS_MAX)] = 1_000,
) -> UsageReport:
    """Tell what was used under your party's contracts, as consumer or as provider."""
    end = end or parts.clock.now()
    start = start or _before(end)
    mine = frozenset({caller.party}) if caller.party else frozenset[str]()
    with parts.db.begin() as tx:
        found = usage_of(tx, mine, start=start, end=end, contract=contract, grain=by, limit=limit)
        total = total_of(tx, mine, start=start, end=end, contract=contract)
        left = waiting(tx, FOLLOWER)
    return UsageReport(
        items=[_usage_form(one) for one in found],
        total=_count_form(total),
        complete=len(found) < limit,
        start=start,
        end=end,
        waiting=left,
    )


def _before(end: datetime) -> datetime:
    try:
        return end - PERIOD
    except OverflowError:
        return end  # refused as a period without time in it


def _usage_form(one: Usage) -> UsageForm:
    return UsageForm(
        contract=one.contract,
        dataset=one.dataset,
        channel=one.channel,
        begin=one.begin,
        rows=one.count.rows,
        bytes=one.count.bytes,
        requests=one.count.requests,
    )


def _count_form(count: Count) -> CountForm:
    return CountForm(rows=count.rows, bytes=count.bytes, requests=count.requests)
