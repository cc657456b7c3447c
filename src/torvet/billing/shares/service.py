"""Agreeing to share a dataset's income, dividing it, and telling everyone what they got."""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from torvet import catalogue, contracts, parties
from torvet.audit import Fact, record_all
from torvet.billing import service as books
from torvet.billing.model import AccountKind, Posting, credit, debit
from torvet.billing.rules import merged
from torvet.catalogue import Dataset
from torvet.jobs import defer
from torvet.kit.canonical import canonical
from torvet.kit.money import Currency, Money
from torvet.parties import Caller, Role
from torvet.ports.parts import Parts

from . import rules, store
from .errors import SharesMoved, SharesNotFound, SharesUnfit
from .model import Agreement, Division, Earned, How, Part, Terms

AGREED, DIVIDED = "shares-agreed", "income-shared"
EXCHANGE = "exchange"
DIVIDED_AT_A_TIME = 100
"""A sampled division takes up to a second: whoever waits for the lock is not to wait for long."""
JOB = "shares.divide"
STATEMENT_MAX = 1_000
DIVISIONS_SHOWN = 20
FAULTS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributorStatement:
    """What a party earned, of what, and under which agreements; the newest first."""

    agreements: tuple[Agreement, ...]
    earned: tuple[Earned, ...]
    sums: tuple[tuple[str, Money], ...]


def agree(
    parts: Parts, caller: Caller, slug: str, terms: Terms, *, seen: int | None = None
) -> Agreement:
    """Share a dataset's income from now on as `terms` say; nothing that was sold is touched.

    `seen` is the version that the provider read. Members are parties of the exchange, each of
    which is told by the log. Raises SharesUnfit, SharesMoved.
    """
    now = parts.clock.now()
    with parts.db.begin() as tx:
        dataset = disposable(tx, caller, slug)
        store.hold_dataset(tx, dataset.id)
        _check(tx, dataset, terms)
        before = store.newest(tx, dataset.id)
        number = before.version if before else 0
        if seen is not None and seen != number:
            raise SharesMoved(number)
        agreement = Agreement(
            dataset=dataset.id,
            version=number + 1,
            provider=dataset.provider,
            terms=terms,
            made_at=now,
            made_by=caller.actor,
        )
        store.add(tx, agreement)
        record_all(tx, _facts_of(parts.keys.secret, agreement, before))
    return agreement


def disposable(tx: Connection, caller: Caller, slug: str) -> Dataset:
    """Return a dataset whose income the caller disposes of, as an owner of its provider.

    Raises DatasetNotFound, NotProvider, NotAllowed: before anything else is looked up, so that
    nobody learns from a refusal which parties there are.
    """
    dataset = catalogue.visible_dataset(tx, slug, caller)
    if dataset.provider != caller.party:
        raise contracts.NotProvider(dataset.slug)
    # It disposes of the party's money.
    parties.check(caller, Role.OWNER)
    return dataset


def _check(tx: Connection, dataset: Dataset, terms: Terms) -> None:
    faults = list(rules.faults_of(terms))
    wanted = [member.party for member in terms.members]
    known = parties.parties_by_id(tx, wanted)
    unknown = [one for one in wanted if one not in known]
    if unknown:
        faults.append(f"there is no party {', '.join(unknown[:5])}")
    if dataset.provider in wanted:
        faults.append("the provider has what is not shared, and is no member")
    if faults:
        raise SharesUnfit(tuple(faults))


def _facts_of(secret: bytes, agreement: Agreement, before: Agreement | None) -> list[Fact]:
    """Tell all members, also those who are none any more: each in a fact of its own."""
    members = {member.party for member in agreement.terms.members}
    if before is not None:
        members |= {member.party for member in before.terms.members}
    return _told_apart(
        Fact(
            name=AGREED,
            at=agreement.made_at,
            actor=agreement.made_by,
            subject=agreement.dataset,
            parties=(),
            body={
                "dataset": agreement.dataset,
                "version": agreement.version,
                "portion": agreement.terms.portion,
                "way": agreement.terms.way.value,
                "members": len(agreement.terms.members),
                "terms_hmac_sha256": keyed(secret, agreement),
            },
        ),
        {agreement.provider, *members},
    )


def keyed(secret: bytes, agreement: Agreement) -> str:
    """Return what stands in the log for an agreement's terms: HMAC-SHA256 (RFC 2104).

    The key is the dataset's own, derived from `secret`: a member who guesses who the others are,
    and their weights, has nothing to try the guess on.
    """
    own = hmac.digest(secret, b"share terms\0" + agreement.dataset.encode(), "sha256")
    written = {"version": agreement.version, "terms": store.terms_json(agreement.terms)}
    return hmac.digest(own, canonical(written), "sha256").hex()


def _told_apart(fact: Fact, told: set[str]) -> list[Fact]:
    """Return `fact` for each that is told: who a fact names reads whom else it names."""
    return [replace(fact, parties=(party,)) for party in sorted(told)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How a dataset's income is shared, as far as the caller may know; the newest first."""

    dataset: Dataset
    provides: bool
    agreements: tuple[Agreement, ...]
    in_force: Agreement | None
    """Where anything is shared by now, and the caller has a part in that."""
    ended_at: datetime | None
    """Since when that is no more so."""
    divisions: tuple[tuple[Division, datetime], ...]
    """To its provider: what came of the last sales, and when."""


def sharing(tx: Connection, caller: Caller, slug: str) -> Sharing:
    """Return how a dataset's income is shared, to its provider and to each member.

    Raises SharesNotFound for everybody else.
    """
    parties.check(caller, Role.READER)
    dataset = _dataset(tx, slug)
    provides = dataset.provider == caller.party
    every = store.versions(tx, dataset.id)
    seen = every if provides else agreements(tx, caller, slug)
    last = seen[0] if seen and seen[0].terms.members else None
    stands = last is not None and last.version == every[0].version
    after = [one.made_at for one in every if last is None or one.version > last.version]
    return Sharing(
        dataset=dataset,
        provides=provides,
        agreements=tuple(seen),
        in_force=last if stands else None,
        ended_at=min(after, default=None),
        divisions=tuple(store.divisions_of(tx, dataset.id, DIVISIONS_SHOWN)) if provides else (),
    )


def shared_by(tx: Connection, caller: Caller) -> list[tuple[Dataset, Agreement | None]]:
    """Return the datasets of the caller's party, and how the income of each is shared now."""
    parties.check(caller, Role.READER)
    assert caller.party is not None, "a reader reads for a party"
    found = catalogue.datasets_of(tx, caller.party)
    newest = store.newest_of(tx, [one.id for one in found])
    return [(one, newest.get(one.id)) for one in found]


def ids_of(tx: Connection, slugs: Iterable[str]) -> dict[str, str]:
    """Return the ids of parties by their short names; raise SharesUnfit where there is none."""
    found: dict[str, str] = {}
    unknown = []
    for slug in sorted(slugs):
        try:
            found[slug] = parties.party_by_slug(tx, slug).id
        except parties.PartyNotFound:
            unknown.append(slug)
    if unknown:
        raise SharesUnfit((f"there is no party {', '.join(unknown[:5])}",))
    return found


def agreements(tx: Connection, caller: Caller, slug: str) -> list[Agreement]:
    """Return the versions of a dataset's agreement, the newest first.

    The provider sees all of them, a member those in which it shares, without the others' names.
    Raises SharesNotFound for everybody else.
    """
    parties.check(caller, Role.READER)
    found = store.versions(tx, _dataset(tx, slug).id)
    own = [one for one in found if one.provider == caller.party]
    if own:
        return own
    shared = [
        _without_others(one, caller.party or "")
        for one in found
        if any(member.party == caller.party for member in one.terms.members)
    ]
    if not shared:
        raise SharesNotFound(slug)
    return shared


def _dataset(tx: Connection, slug: str) -> Dataset:
    try:
        return catalogue.dataset(tx, slug)
    except (catalogue.DatasetNotFound, catalogue.DatasetWithdrawn) as unknown:
        raise SharesNotFound(slug) from unknown


def _without_others(agreement: Agreement, party: str) -> Agreement:
    """Return the agreement as a member sees it: how many others there are, and not who."""
    mine = tuple(member for member in agreement.terms.members if member.party == party)
    return replace(agreement, terms=replace(agreement.terms, members=mine, worths=()))


def divide_soon(tx: Connection) -> None:
    """Let a worker divide what `tx` settles, as soon as it commits.

    What is to be divided stands in no queue: it follows from invoices, payments and divisions. So
    whatever becomes of the job, the next one finds the same.
    """
    defer(tx, JOB, lock=JOB)


def divide(parts: Parts) -> int:
    """Divide what settled sales brought in, some of them a transaction; return how many.

    Killed anywhere, it has divided some of them, each once, and the next run does the rest.
    """
    done = 0
    while True:
        with parts.db.begin() as tx:
            some = _divide_some(tx, at=parts.clock.now(), limit=DIVIDED_AT_A_TIME)
        done += some
        if some < DIVIDED_AT_A_TIME:
            return done


def _divide_some(tx: Connection, *, at: datetime, limit: int) -> int:
    """Divide the oldest documents, and take back what was credited; return how many.

    Each document and contract once, whatever is retried: by its key. Nobody else divides until
    `tx` ends.
    """
    store.hold_dataset(tx, "")
    rows = store.undivided(tx, limit)
    for row in rows:
        _divide(tx, row, at=at)
    return len(rows)


def _divide(tx: Connection, row: Row[Any], *, at: datetime) -> None:
    agreement = store.newest(tx, row.dataset, row.sold_at)
    assert agreement is not None, "only sales under an agreement are divided"
    income = Money(row.share, Currency(row.currency))
    source = f"{row.invoice}:{row.contract}"
    earlier = store.divided(tx, row.sale, row.contract)
    if row.invoice == row.sale:
        shown = contracts.contract(tx, row.contract).projection
        found, how = rules.parts_of(agreement.terms, income, shown.shows, source=source)
    else:
        found, how = _taken_back(agreement, earlier, income), How(way=agreement.terms.way)
    division = Division(
        source=source,
        sale=row.sale,
        contract=row.contract,
        dataset=row.dataset,
        version=agreement.version,
        provider=row.provider,
        income=income,
        shared=Money.total([part.amount for part in found], income.currency),
        parts=found,
        how=how,
    )
    store.add_division(tx, division, transaction=_post(tx, division, at=at), at=at)


def _taken_back(
    agreement: Agreement, earlier: Sequence[Division], income: Money
) -> tuple[Part, ...]:
    if not earlier:
        return ()
    first, *since = earlier
    left = Money.total(
        [one.income for one in (*earlier, replace(first, income=income))], income.currency
    )
    return rules.taken_back(
        first.parts, [one.parts for one in since], rules.portion_of(agreement.terms, left)
    )


def _post(tx: Connection, division: Division, *, at: datetime) -> str | None:
    """Move the parts from the provider's account to the members'; tell them how it was reckoned."""
    if not division.shared:
        return None
    lines = merged(
        [
            debit(AccountKind.PAYABLE, division.provider, division.shared),
            *(credit(AccountKind.CONTRIBUTOR, p.party, p.amount) for p in division.parts),
        ]
    )
    posting = Posting(
        key=f"shares:{division.source}",
        kind="income-shared",
        words=f"Shares in {division.dataset}, agreement version {division.version}",
        lines=lines,
    )
    posted = books.post(tx, posting, at=at, by=EXCHANGE)
    how = division.how
    drawn = {} if how.seed is None else {"seed": str(how.seed), "pairs": how.pairs or 0}
    told = Fact(
        name=DIVIDED,
        at=at,
        actor=EXCHANGE,
        subject=division.dataset,
        parties=(),
        body={
            "source": division.source,
            "dataset": division.dataset,
            "version": division.version,
            "way": how.way.value,
            "transaction": posted.transaction,
            **drawn,
            **({} if how.error is None else {"error": how.error}),
        },
    )
    record_all(tx, _told_apart(told, {division.provider, *(p.party for p in division.parts)}))
    return posted.transaction


def statement(tx: Connection, caller: Caller) -> ContributorStatement:
    """Return what the caller's party earned by its shares."""
    parties.check(caller, Role.READER)
    assert caller.party is not None, "a reader reads for a party"
    return ContributorStatement(
        agreements=tuple(
            _without_others(one, caller.party)
            for one in store.shared_with(tx, caller.party, STATEMENT_MAX)
        ),
        earned=tuple(store.earned(tx, caller.party, STATEMENT_MAX)),
        sums=tuple(store.sums(tx, caller.party)),
    )


def faults_of_shares(tx: Connection) -> Iterator[str]:
    """Say which divisions are not what their parts make."""
    for one in store.crooked(tx, FAULTS_MAX):
        yield f"division {one} is not what its parts make"
