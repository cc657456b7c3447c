"""Requests, joins and pledges as rows. Each function takes the transaction that it runs in."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    any_,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from torvet.contracts.orders import NO_ORDER, Order
from torvet.kit.money import Currency, Money
from torvet.parties.model import PartyId

from . import written
from .errors import RequestNotFound
from .model import (
    LIVE,
    STANDING,
    AnswerId,
    Join,
    Pledge,
    PledgeId,
    PledgeKind,
    PledgeStage,
    Request,
    RequestId,
    Sort,
    Stage,
    ThemeDemand,
)
from .tables import wanted_answers as answers
from .tables import wanted_joins as joins
from .tables import wanted_pledges as pledges
from .tables import wanted_requests as requests

WORDS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which requests are listed. `stages` empty is all of them."""

    words: str = ""
    theme: str = ""
    stages: frozenset[Stage] = LIVE
    mine: bool = False
    sort: Sort = Sort.MONEY
    offset: int = 0
    limit: int = 50


def add_request(tx: Connection, request: Request, due_at: datetime | None) -> None:
    tx.execute(insert(requests).values(id=request.id, **_values(request, due_at)))


def request(tx: Connection, request_id: str, *, locked: bool = False) -> Request:
    """Return the request; with `locked` nobody else does anything to it. Raise RequestNotFound."""
    wanted = select(requests).where(requests.c.id == request_id)
    row = tx.execute(wanted.with_for_update() if locked else wanted).mappings().one_or_none()
    if row is None:
        raise RequestNotFound(request_id)
    return _request(row)


def replace_request(tx: Connection, changed: Request, due_at: datetime | None) -> None:
    """Write `changed`, whose row the transaction holds."""
    kept = requests.c.id == changed.id
    tx.execute(update(requests).where(kept).values(**_values(changed, due_at)))


def due(tx: Connection, at: datetime, limit: int) -> Sequence[str]:
    """Return the requests that time alone moves at `at`, the longest due first."""
    wanted = select(requests.c.id).where(requests.c.due_at <= at).order_by(requests.c.due_at)
    return tx.scalars(wanted.limit(limit)).all()


def search(tx: Connection, party: str | None, wish: Search) -> tuple[list[Request], int]:
    """Return a page of the requests that `party` may see, and how many there are."""
    wanted = _narrowed(select(requests), party, wish)
    total = tx.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    order = {
        Sort.MONEY: (requests.c.pledged_minor.desc(), requests.c.joined.desc()),
        Sort.NUMBER: (requests.c.joined.desc(), requests.c.pledged_minor.desc()),
        Sort.NEWEST: (),
        Sort.DEADLINE: (requests.c.deadline,),
    }[wish.sort]
    page = wanted.order_by(*order, requests.c.id.desc()).offset(wish.offset).limit(wish.limit)
    return [_request(row) for row in tx.execute(page).mappings()], total


def _narrowed(
    wanted: Select[tuple[object, ...]], party: str | None, wish: Search
) -> Select[tuple[object, ...]]:
    wanted = wanted.where(_seen_by(party))
    if wish.stages:
        wanted = wanted.where(requests.c.stage.in_([stage.value for stage in wish.stages]))
    if wish.theme:
        wanted = wanted.where(requests.c.theme == wish.theme)
    if wish.mine:
        joined = select(joins.c.request).where(joins.c.party == party)
        answered = select(answers.c.request).where(answers.c.provider == party)
        own = (requests.c.owner == party, requests.c.id.in_(joined), requests.c.id.in_(answered))
        wanted = wanted.where(or_(*own))
    for word in wish.words.casefold().split()[:WORDS_MAX]:
        wanted = wanted.where(requests.c.words.contains(word, autoescape=True))
    return wanted


def _seen_by(party: str | None) -> ColumnElement[bool]:
    everybody = requests.c.circle.is_(None)
    if party is None:
        return everybody
    return or_(everybody, requests.c.owner == party, any_(requests.c.circle) == party)


def by_theme(tx: Connection, party: str | None) -> list[ThemeDemand]:
    """Return what is wanted and not delivered yet, by theme, of what `party` may see."""
    live = and_(_seen_by(party), requests.c.stage.in_([stage.value for stage in LIVE]))
    sums = (
        select(
            requests.c.theme,
            requests.c.currency,
            func.count().label("requests"),
            func.sum(requests.c.pledged_minor).label("pledged"),
            func.coalesce(func.sum(requests.c.goal_minor), 0).label("goals"),
        )
        .where(live)
        .group_by(requests.c.theme, requests.c.currency)
        .order_by(requests.c.theme, requests.c.currency)
    )
    parties = tx.execute(
        select(requests.c.theme, func.count(func.distinct(joins.c.party)).label("parties"))
        .join_from(requests, joins, joins.c.request == requests.c.id)
        .where(live)
        .group_by(requests.c.theme)
    )
    many: dict[str, int] = {row.theme: row.parties for row in parties}
    found: dict[str, ThemeDemand] = {}
    for row in tx.execute(sums):
        before = found.get(row.theme)
        currency = Currency(row.currency)
        found[row.theme] = ThemeDemand(
            theme=row.theme,
            requests=row.requests + (before.requests if before else 0),
            parties=many.get(row.theme, 0),
            pledged=_with(before.pledged if before else (), Money(int(row.pledged), currency)),
            goals=_with(before.goals if before else (), Money(int(row.goals), currency)),
        )
    return sorted(found.values(), key=lambda one: (-one.parties, one.theme))


def _with(sums: tuple[Money, ...], more: Money) -> tuple[Money, ...]:
    return (*sums, more) if more else sums


def add_join(tx: Connection, request_id: str, join: Join) -> bool:
    """Write who joined; say whether it is new. What it is used for is written anew."""
    new = insert(joins).values(
        request=request_id,
        party=join.party,
        use=join.use,
        purpose=join.purpose,
        joined_at=join.joined_at,
    )
    kept = new.on_conflict_do_update(
        index_elements=["request", "party"],
        set_={"use": new.excluded.use, "purpose": new.excluded.purpose},
    ).returning(text("xmax = 0"))
    return bool(tx.scalar(kept))


def joined_by(tx: Connection, wanted: Collection[str], party: str) -> frozenset[str]:
    """Return those of the requests that `party` joined."""
    mine = select(joins.c.request).where(joins.c.request.in_(wanted), joins.c.party == party)
    return frozenset(tx.scalars(mine))


def join_of(tx: Connection, request_id: str, party: str) -> Join | None:
    """Return what a party joined for, None where it did not."""
    mine = select(joins).where(joins.c.request == request_id, joins.c.party == party)
    row = tx.execute(mine).one_or_none()
    if row is None:
        return None
    return Join(party=PartyId(row.party), use=row.use, purpose=row.purpose, joined_at=row.joined_at)


def remove_join(tx: Connection, request_id: str, party: str) -> bool:
    """Forget that `party` joined; say whether it had."""
    gone = delete(joins).where(joins.c.request == request_id, joins.c.party == party)
    return tx.execute(gone).rowcount == 1


def joins_of(tx: Connection, request_id: str, limit: int) -> list[Join]:
    """Return who joined, the first first."""
    wanted = select(joins).where(joins.c.request == request_id)
    page = wanted.order_by(joins.c.joined_at, joins.c.party).limit(limit)
    return [
        Join(party=PartyId(row.party), use=row.use, purpose=row.purpose, joined_at=row.joined_at)
        for row in tx.execute(page)
    ]


def add_pledge(tx: Connection, pledge: Pledge) -> bool:
    """Write a pledge; return False where its party has one on this request that is alive."""
    new = insert(pledges).values(id=pledge.id, **_pledge_values(pledge))
    kept = new.on_conflict_do_nothing(
        index_elements=["request", "party"],
        index_where=text("stage in ('waiting', 'made', 'bound')"),
    )
    return tx.scalar(kept.returning(pledges.c.id)) is not None


def replace_pledges(tx: Connection, changed: Iterable[Pledge]) -> None:
    """Write pledges, whose request's row the transaction holds."""
    for pledge in changed:
        kept = pledges.c.id == pledge.id
        tx.execute(update(pledges).where(kept).values(**_pledge_values(pledge)))


def pledges_of(
    tx: Connection, request_id: str, stages: Iterable[PledgeStage] = STANDING
) -> list[Pledge]:
    """Return the pledges to a request that are at one of `stages`, the first first."""
    held = [stage.value for stage in stages]
    wanted = select(pledges).where(pledges.c.request == request_id, pledges.c.stage.in_(held))
    return [_pledge(row) for row in tx.execute(wanted.order_by(pledges.c.id)).mappings()]


def pledge_of(tx: Connection, request_id: str, party: str) -> Pledge | None:
    """Return the newest pledge of `party` to a request, whatever became of it."""
    wanted = select(pledges).where(pledges.c.request == request_id, pledges.c.party == party)
    row = tx.execute(wanted.order_by(pledges.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _pledge(row)


def pledges_by(tx: Connection, party: str, limit: int) -> list[Pledge]:
    """Return what `party` pledged, whatever became of it, the newest first."""
    wanted = select(pledges).where(pledges.c.party == party).order_by(pledges.c.id.desc())
    return [_pledge(row) for row in tx.execute(wanted.limit(limit)).mappings()]


def unsettled(tx: Connection, after: str, limit: int) -> list[Pledge]:
    """Return prepaid pledges whose money has not yet gone where it belongs, by id."""
    wanted = select(pledges).where(
        pledges.c.hold.is_not(None), pledges.c.settled.is_(False), pledges.c.id > after
    )
    return [
        _pledge(row) for row in tx.execute(wanted.order_by(pledges.c.id).limit(limit)).mappings()
    ]


def _values(request: Request, due_at: datetime | None) -> dict[str, object]:
    wanted = request.wanted
    return {
        "owner": request.owner,
        "wanted": written.to_json(wanted),
        "words": written.words_of(wanted),
        "theme": wanted.theme,
        "place": wanted.place,
        "circle": None if wanted.circle is None else list(wanted.circle),
        "stage": request.stage.value,
        "joined": request.joined,
        "currency": wanted.currency.value,
        "goal_minor": None if wanted.goal is None else wanted.goal.minor,
        "pledged_minor": request.pledged.minor,
        "deadline": wanted.deadline,
        "due_at": due_at,
        "made_at": request.made_at,
        "made_by": request.made_by,
        "touched_at": request.touched_at,
        "bound_at": request.bound_at,
        "closed_at": request.closed_at,
        "answer": request.answer,
        "dataset": request.dataset,
        "reason": request.reason,
        "version": request.version,
    }


def _request(row: RowMapping) -> Request:
    wanted = written.from_json(row["wanted"])
    return Request(
        id=RequestId(row["id"]),
        owner=PartyId(row["owner"]),
        wanted=wanted,
        stage=Stage(row["stage"]),
        joined=row["joined"],
        pledged=Money(row["pledged_minor"], wanted.currency),
        made_at=row["made_at"],
        made_by=row["made_by"],
        touched_at=row["touched_at"],
        bound_at=row["bound_at"],
        closed_at=row["closed_at"],
        answer=None if row["answer"] is None else AnswerId(row["answer"]),
        dataset=row["dataset"],
        reason=row["reason"],
        version=row["version"],
    )


def _pledge_values(pledge: Pledge) -> dict[str, object]:
    return {
        "request": pledge.request,
        "party": pledge.party,
        "minor": pledge.amount.minor,
        "currency": pledge.amount.currency.value,
        "kind": pledge.kind.value,
        "purpose": pledge.purpose,
        "purchase_order": pledge.order.purchase_order,
        "ean": pledge.order.ean,
        "stage": pledge.stage.value,
        "share_minor": None if pledge.share is None else pledge.share.minor,
        "contract": pledge.contract,
        "hold": pledge.hold,
        "settled": pledge.settled,
        "made_at": pledge.made_at,
        "made_by": pledge.made_by,
        "closed_at": pledge.closed_at,
    }


def _pledge(row: RowMapping) -> Pledge:
    currency = Currency(row["currency"])
    plain = not row["purchase_order"] and not row["ean"]
    order = Order(purchase_order=row["purchase_order"], ean=row["ean"])
    return Pledge(
        id=PledgeId(row["id"]),
        request=RequestId(row["request"]),
        party=PartyId(row["party"]),
        amount=Money(row["minor"], currency),
        kind=PledgeKind(row["kind"]),
        purpose=row["purpose"],
        order=NO_ORDER if plain else order,
        stage=PledgeStage(row["stage"]),
        share=None if row["share_minor"] is None else Money(row["share_minor"], currency),
        contract=row["contract"],
        hold=row["hold"],
        settled=row["settled"],
        made_at=row["made_at"],
        made_by=row["made_by"],
        closed_at=row["closed_at"],
    )
