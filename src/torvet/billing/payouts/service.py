"""Paying out: what is due, once; a file for the bank; and what the bank says of it.

A payout takes its amount from the party's account in the transaction that orders it. So what is
due again tomorrow is what came in since, whatever was retried or killed: money that is on its way
is not there to be paid a second time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from torvet import parties
from torvet.audit import Fact, record
from torvet.billing import service as books
from torvet.billing.bank.model import Payout as Transfer
from torvet.billing.bank.model import PayoutAccount, PayoutFile
from torvet.billing.bank.pain import PAYOUTS_MAX, to_pain
from torvet.billing.invoices import settle
from torvet.billing.model import HOUSE, AccountKind, Posting, TransactionId, credit, debit
from torvet.billing.periods import day_of
from torvet.billing.profiles.model import Profile
from torvet.billing.profiles.service import profiles_of
from torvet.billing.shares.service import divide
from torvet.kit.ids import new_id
from torvet.kit.money import Currency, Money
from torvet.parties import Caller, Role, Scope
from torvet.ports.moment import one_moment
from torvet.ports.parts import Parts

from . import rules, store
from .errors import NoOwnAccount, PayoutNotFound, PayoutSettled
from .model import (
    LIVE,
    Due,
    FileId,
    FileSum,
    KeptFile,
    Payout,
    PayoutId,
    PayoutLine,
    Run,
    Stage,
    WaitingSale,
)

PAID_OUT = frozenset({AccountKind.PAYABLE, AccountKind.CONTRIBUTOR})
PAYOUTS_PAGE = 500
WAITING_MAX = 500
FILES_SHOWN = 50
FAULTS_MAX = 100
EXCHANGE = "exchange"
REASON_MAX = 200


def due(tx: Connection, least: int, *, party: str | None = None) -> list[Due]:
    """Return what every party has to get, or one, with the reason where it gets nothing now.

    `least` is the smallest payout in minor units.
    """
    held = store.held_by_sales(tx, party)
    found = []
    for one in books.trial_balance(tx) if party is None else books.accounts_of(tx, party):
        account = one.account
        if account.kind not in PAID_OUT or not one.balance:
            continue
        nothing = Money.zero(account.currency)
        key = (account.kind, account.party, account.currency)
        due_ = Due(
            party=account.party,
            account=account.kind,
            balance=-one.balance,
            held=held.get(key, nothing),
        )
        found.append(due_)
    stuck = [one for one in _stuck(tx, store.ordered_of(tx, party, PAYOUTS_PAGE)) if one.why]
    return [*_with_reasons(tx, found, least), *stuck]


def _stuck(tx: Connection, waiting: Sequence[Payout]) -> list[Due]:
    """Return what is ordered, and why it cannot go out: no account is named, or a refused one."""
    found = [
        Due(
            party=each.party,
            account=each.account,
            balance=each.amount,
            held=Money.zero(each.amount.currency),
        )
        for each in waiting
    ]
    return _with_reasons(tx, found, 0)


def why_it_waits(tx: Connection, payout: Payout) -> str:
    """Return why an ordered payout cannot go out with the next file; empty where it can."""
    return _stuck(tx, [payout])[0].why


def _with_reasons(tx: Connection, found: Sequence[Due], least: int) -> list[Due]:
    """Return `found` with the reasons, asked for in two questions however many there are."""
    named = {one.party for one in found}
    profiles, refused = profiles_of(tx, named), store.refused_accounts(tx, named)
    told = []
    for one in found:
        profile = profiles.get(one.party)
        to = rules.account_of(profile) if profile else None
        smallest = Money(least, one.balance.currency)
        why = rules.why_not(one, to, least=smallest, refused=refused.get(one.party))
        told.append(replace(one, why=why))
    return told


def pay_out(parts: Parts, caller: Caller, *, pay_on: date | None = None) -> Run:
    """Order all that is due, write the payment file and leave it for the bank: for the operator.

    Who can be paid is paid once: run again, there is nothing left to pay. Raises NoOwnAccount.
    """
    parties.check(caller, Scope.OPERATE)
    divide(parts)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        store.one_run(tx)
        # What is settled from here on waits for the next run, so that lines and sums agree.
        with one_moment(parts.db) as seen:
            dues = due(seen, parts.settings.payout_minor_min)
            lines = store.lines_due(seen)
        for one in dues:
            if not one.why:
                _order_due(tx, one, lines, at=now, by=caller.actor)
        _order_what_escrow_gave_back(tx, at=now, by=caller.actor)
        kept, filed = _file(
            tx, at=now, by=caller.actor, pay_on=max(pay_on or date.min, day_of(now))
        )
    send_files(parts)
    waiting = tuple(one for one in dues if one.why)
    return Run(file=kept, payouts=tuple(filed), waiting=waiting)


def _order_due(
    tx: Connection,
    one: Due,
    lines: Mapping[tuple[AccountKind, str, Currency], Sequence[PayoutLine]],
    *,
    at: datetime,
    by: str,
) -> None:
    payout = order(
        tx,
        source=new_id("pr"),
        party=one.party,
        account=one.account,
        amount=one.payable,
        words=_words(one),
        at=at,
        by=by,
    )
    own = lines.get((one.account, one.party, one.payable.currency), ())
    store.add_lines(tx, payout.id, rules.whole(own, payout.amount))


def _words(one: Due) -> str:
    return "Income of your data" if one.account is AccountKind.PAYABLE else "Your share of income"


def order(
    tx: Connection,
    *,
    source: str,
    party: str,
    account: AccountKind,
    amount: Money,
    words: str,
    at: datetime,
    by: str,
    transaction: TransactionId | None = None,
) -> Payout:
    """Take `amount` from the party's `account` and let the next payment file carry it.

    Once for each `source`; of two the second is the first. With `transaction` the money was taken
    by that one already. `tx` stands or falls as a whole.
    """
    done = store.by_source(tx, source)
    if done is not None:
        return done
    if transaction is None:
        lines = (debit(account, party, amount), credit(AccountKind.BANK, HOUSE, amount))
        posting = Posting(key=f"payout:{source}", kind="payout", words=words, lines=lines)
        transaction = books.post(tx, posting, at=at, by=by).transaction
    id_ = PayoutId(new_id("po"))
    payout = Payout(
        id=id_,
        source=source,
        # No underscore in an EndToEndId: banks take letters and digits.
        transfer=id_.replace("_", "").upper(),
        party=party,
        account=account,
        amount=amount,
        words=words,
        stage=Stage.ORDERED,
        transaction=transaction,
        made_at=at,
        made_by=by,
    )
    made = store.add(tx, payout)
    record(tx, _fact("payout-ordered", made, at, by))
    return made


def _order_what_escrow_gave_back(tx: Connection, *, at: datetime, by: str) -> None:
    for row in store.given_back_unordered(tx):
        order(
            tx,
            source=f"escrow:{row.transaction}",
            party=row.party,
            account=AccountKind.ESCROW,
            amount=Money(int(row.amount), Currency(row.currency)),
            words=row.words,
            at=at,
            by=by,
            transaction=TransactionId(row.transaction),
        )


def pay_back(
    tx: Connection, *, invoice: str, party: str, amount: Money, key: str, at: datetime, by: str
) -> Payout:
    """Pay back by transfer what was paid too much of `invoice`, an id: Dr receivable, Cr bank.

    Once for each `key`, which has no colon.
    """
    payout = order(
        tx,
        source=f"{key}:{invoice}",
        party=party,
        account=AccountKind.RECEIVABLE,
        amount=amount,
        words="What you paid too much",
        at=at,
        by=by,
    )
    settle(tx, invoice, -amount, payout.transaction, at=at)
    return payout


def _file(
    tx: Connection, *, at: datetime, by: str, pay_on: date
) -> tuple[FileId | None, list[Payout]]:
    """Put all that is ordered and has an account into one payment file, kept byte by byte."""
    waiting = store.ordered(tx, PAYOUTS_MAX)
    profiles = profiles_of(tx, {HOUSE, *(each.party for each in waiting)})
    targets = list(_targets(tx, waiting, profiles))
    if not targets:
        return None, []
    payer = rules.account_of(profiles[HOUSE]) if HOUSE in profiles else None
    if payer is None:
        raise NoOwnAccount
    id_ = FileId(new_id("pf"))
    transfers = tuple(
        Transfer(id=each.transfer, to=to, amount=each.amount, reference=each.words)
        for each, to in targets
    )
    document = to_pain(
        PayoutFile(
            id=id_.replace("_", "").upper(),
            made_at=at,
            pay_on=pay_on,
            payer=payer,
            payouts=transfers,
        )
    )
    store.add_file(tx, KeptFile(id=id_, made_at=at, made_by=by, pay_on=pay_on, document=document))
    filed = [
        store.change(tx, each, replace(each, stage=Stage.FILED, file=id_, to=to))
        for each, to in targets
    ]
    for each in filed:
        record(tx, _fact("payout-filed", each, at, by))
    return id_, filed


def _targets(
    tx: Connection, waiting: list[Payout], profiles: dict[str, Profile]
) -> Iterator[tuple[Payout, PayoutAccount]]:
    refused = store.refused_accounts(tx, {each.party for each in waiting})
    for each in waiting:
        to = rules.account_of(profiles[each.party]) if each.party in profiles else None
        if to is not None and to.iban != refused.get(each.party):
            yield each, to


def send_files(parts: Parts) -> None:
    """Leave every file that the bank has not told of for it; one that was left before stays."""
    if not parts.bank.connected:
        return
    with parts.db.begin() as tx:
        kept = [store.file(tx, id_) for id_ in store.unsent(tx)]
    for each in kept:
        parts.bank.send(f"{each.id}.xml", each.document)


def went_out(tx: Connection, payout: Payout, line: str, *, at: datetime) -> str:
    """Note that a statement's `line` tells of the transfer; return the transaction it was."""
    held = store.get(tx, payout.id, locked=True)
    if held.line_out is not None or held.stage in {Stage.ORDERED, Stage.CANCELLED}:
        raise PayoutSettled(held.id, held.stage.value)
    if held.stage is Stage.RETURNED:
        # The file that tells of the return was read before the one of the transfer.
        store.change(tx, held, replace(held, line_out=line))
        return held.transaction
    paid = store.change(tx, held, replace(held, stage=Stage.PAID, line_out=line))
    record(tx, _fact("payout-paid", paid, at, EXCHANGE))
    return held.transaction


def came_back(tx: Connection, payout: Payout, line: str, *, why: str, at: datetime) -> str:
    """Put a returned transfer back, so that it is owed again; return the transaction of that."""
    held = store.get(tx, payout.id, locked=True)
    if held.stage not in {Stage.FILED, Stage.PAID}:
        raise PayoutSettled(held.id, held.stage.value)
    put_back = _put_back(tx, held, at=at, by=EXCHANGE)
    back = replace(held, stage=Stage.RETURNED, put_back=put_back, line_back=line, why=why)
    store.change(tx, held, back)
    record(tx, _fact("payout-returned", back, at, EXCHANGE))
    return put_back


def cancel(parts: Parts, caller: Caller, payout_id: str, reason: str) -> Payout:
    """Take back a payout that the bank will not make: for the operator, who knows that.

    The money is owed again. Should the bank make the transfer after all, its line waits for a
    person. Raises PayoutSettled where a statement told of it already.
    """
    parties.check(caller, Scope.OPERATE)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        held = store.get(tx, payout_id, locked=True)
        if held.stage not in LIVE:
            raise PayoutSettled(held.id, held.stage.value)
        put_back = _put_back(tx, held, at=now, by=caller.actor)
        after = replace(
            held, stage=Stage.CANCELLED, put_back=put_back, why=reason.strip()[:REASON_MAX]
        )
        store.change(tx, held, after)
        record(tx, _fact("payout-cancelled", after, now, caller.actor))
    return after


def _put_back(tx: Connection, payout: Payout, *, at: datetime, by: str) -> str:
    """Undo what took the money. What escrow gave back is owed, and no longer held for anything."""
    key = f"payout-back:{payout.id}"
    words = "A transfer that did not arrive"
    if payout.account is AccountKind.ESCROW:
        lines = (
            debit(AccountKind.BANK, HOUSE, payout.amount),
            credit(AccountKind.PAYABLE, payout.party, payout.amount),
        )
        posting = Posting(key=key, kind="payout-back", words=words, lines=lines)
        return books.post(tx, posting, at=at, by=by).transaction
    taken = TransactionId(payout.transaction)
    done = books.reverse(tx, taken, key=key, words=words, at=at, by=by).transaction
    if payout.account is AccountKind.RECEIVABLE:
        settle(tx, payout.source.partition(":")[2], payout.amount, done, at=at)
    return done


def payouts_of(tx: Connection, caller: Caller, *, every: bool = False) -> list[Payout]:
    """Return the newest payouts to the caller's party, or all to the operator."""
    parties.check(caller, Scope.OPERATE if every else Role.READER)
    return store.of_party(tx, None if every else caller.party, PAYOUTS_PAGE)


def payout_of(tx: Connection, caller: Caller, payout_id: str) -> tuple[Payout, list[PayoutLine]]:
    """Return a payout and what it is for, to its party and to the operator (PayoutNotFound)."""
    found = store.get(tx, payout_id)
    if not caller.operator:
        parties.check(caller, Role.READER)
        if found.party != caller.party:
            raise PayoutNotFound(payout_id)
    return found, store.lines_of(tx, found)


def paying(tx: Connection, self_bill: str) -> list[tuple[Payout, Money]]:
    """Return the payouts that are for a self-billed document, an id, and for how much of it.

    For whoever may see the document: its provider and the operator.
    """
    return store.paying(tx, self_bill)


def waiting_sales(tx: Connection, caller: Caller) -> list[WaitingSale]:
    """Return the sales of the caller's party whose money stays here for now, and why."""
    parties.check(caller, Role.READER)
    return store.waiting_sales(tx, str(caller.party), WAITING_MAX)


def files(tx: Connection, caller: Caller) -> list[FileSum]:
    """Return the newest payment files to the operator."""
    parties.check(caller, Scope.OPERATE)
    return store.files(tx, FILES_SHOWN)


def faults_of_payouts(tx: Connection) -> Iterator[str]:
    """Say which payouts are not what their lines make."""
    for one in store.crooked(tx, FAULTS_MAX):
        yield f"payout {one} is not what its lines make"


def due_to(tx: Connection, caller: Caller, least: int, *, every: bool = False) -> list[Due]:
    """Return what is due to the caller's party, or to all parties for the operator."""
    parties.check(caller, Scope.OPERATE if every else Role.READER)
    return due(tx, least, party=None if every else str(caller.party))


def kept_file(tx: Connection, caller: Caller, file: str) -> KeptFile:
    """Return a payment file to the operator."""
    parties.check(caller, Scope.OPERATE)
    return store.file(tx, file)


def _fact(name: str, payout: Payout, at: datetime, by: str) -> Fact:
    return Fact(
        name=name,
        at=at,
        actor=by,
        subject=payout.id,
        parties=(payout.party,),
        body={
            "payout": payout.id,
            "transfer": payout.transfer,
            "account": payout.account.value,
            "amount": payout.amount.to_json(),
            "stage": payout.stage.value,
            "transaction": payout.transaction,
            **({"file": payout.file} if payout.file else {}),
            **({"put_back": payout.put_back} if payout.put_back else {}),
            **({"why": payout.why} if payout.why else {}),
        },
    )
