"""Reports: what a contract's promises came to, from what is kept and what the log tells."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from torvet import catalogue, contracts
from torvet.audit import record, sealed_about
from torvet.billing.periods import Month, month_of
from torvet.contracts import Contract, Level, Measure, Stage
from torvet.parties import Caller
from torvet.ports.parts import Parts

from . import facts, rules, store
from .errors import MonthUnfit, NothingPromised
from .model import Credit, Finding, KeptReport, Report, Waited

EVIDENCE_MAX = 200
REPORTS_MAX = 120
SETTLED_AFTER = timedelta(minutes=15)
"""After a month's end: by then all that happened in it is sealed and was heard of."""
OF_CONTRACT = (
    "service-failed",
    "read-failed",
    "question-asked",
    "question-answered",
)
OF_DATASET = ("release-published", "maintenance-announced", "maintenance-called-off")


def report(parts: Parts, caller: Caller, contract_id: str, month: str | None) -> KeptReport:
    """Return what the promises of a contract came to in `month`, or have come to so far in this.

    Raises ContractNotFound, NothingPromised, MonthUnfit.
    """
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract = promising(tx, caller, contract_id)
        wanted = month_of(now) if month is None else month_from(month)
        kept = store.kept(tx, contract_id, str(wanted))
        if kept is not None:
            return kept
        made = measured(tx, contract, wanted, now)
        if made is None:
            raise MonthUnfit(str(wanted))
        return _not_kept(contract, made)


def so_far(tx: Connection, contract: Contract, now: datetime) -> Report | None:
    """Return what a contract has come to in this month, None where it is not in force any more."""
    return measured(tx, contract, month_of(now), now)


def reports_of(tx: Connection, caller: Caller, contract_id: str) -> list[KeptReport]:
    """Return the reports on the months of a contract that are over, the newest first."""
    contract = promising(tx, caller, contract_id)
    return store.kept_of(tx, contract.id, REPORTS_MAX)


def promising(tx: Connection, caller: Caller, contract_id: str) -> Contract:
    """Return a contract of the caller's that promises something; else raise NothingPromised."""
    contract = contracts.contract(tx, contract_id, caller)
    if not contract.levels:
        raise NothingPromised(contract_id)
    return contract


def month_from(text: str) -> Month:
    """Read `2026-06`; raise MonthUnfit."""
    year, _, number = text.partition("-")
    try:
        return Month(int(year), int(number))
    except ValueError as wrong:
        raise MonthUnfit(text[:20]) from wrong


def measured(tx: Connection, contract: Contract, month: Month, now: datetime) -> Report | None:
    """Return what `contract` came to in `month` until `now`; None where it was not in force."""
    if contract.agreed_at is None:
        return None
    ends = [month.end, now, *([contract.ended_at] if contract.ended_at else [])]
    start, end = max(month.start, contract.agreed_at), min(ends)
    if end <= start:
        return None
    findings = tuple(_finding(tx, contract, level, start, end) for level in contract.levels.levels)
    return Report(
        contract=contract.id,
        month=str(month),
        start=start,
        end=end,
        made_at=now,
        findings=findings,
        percent=contract.levels.gives_back(rules.measured_by(findings)),
        evidence=_evidence(tx, contract, start, end),
    )


def close_month(parts: Parts, contract_id: str, month: Month) -> bool:
    """Keep the report on a month that is over, with its fact, once; say whether this call did.

    Work that is done again by another process, or after a crash, finds it there.
    """
    now = parts.clock.now()
    if now < month.end + SETTLED_AFTER:
        return False
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id)
        made = measured(tx, contract, month, now)
        if made is None:
            return False
        if not store.keep(tx, _not_kept(contract, made)):
            return False
        record(tx, facts.measured(contract, made, store.report_json(made)))
    return True


def _not_kept(contract: Contract, made: Report) -> KeptReport:
    return KeptReport(
        report=made,
        provider=contract.provider,
        consumer=contract.consumer,
        credit=Credit.WAITING if made.percent else Credit.NONE,
    )


def _finding(
    tx: Connection, contract: Contract, level: Level, start: datetime, end: datetime
) -> Finding:
    match level.measure:
        case Measure.AVAILABILITY:
            return _availability(tx, contract, level, start, end)
        case Measure.FRESHNESS:
            return _freshness(tx, contract, level, start, end)
        case Measure.QUALITY:
            return _quality(tx, contract, level, start, end)
        case Measure.SUPPORT:
            return _support(tx, contract, level, start, end)


def _availability(
    tx: Connection, contract: Contract, level: Level, start: datetime, end: datetime
) -> Finding:
    seen = store.hours(tx, contract.id, rules.hour_of(start), end)
    planned = store.planned(tx, contract.dataset, start, end)
    left_out = rules.planned_slots(planned, level, start, end)
    found = rules.availability(seen, start, end, left_out)
    figures = {
        "slots": found.slots,
        "planned": found.planned,
        "failed": found.failed,
        "by_provider": found.by_provider,
        "not_measured": found.unseen,
    }
    return rules.finding(level, rules.share_available(found), figures)


def _freshness(
    tx: Connection, contract: Contract, level: Level, start: datetime, end: datetime
) -> Finding:
    published = [one.published_at for one in catalogue.releases(tx, contract.dataset)]
    worst = rules.oldest(published, start, end)
    within = sum(start <= at < end for at in published)
    minutes = 0 if worst is None else int(worst.total_seconds()) // 60
    figures = {"releases": within, "oldest_minutes": minutes}
    return rules.finding(level, None if worst is None else rules.hours_begun(worst), figures)


def _quality(
    tx: Connection, contract: Contract, level: Level, start: datetime, end: datetime
) -> Finding:
    found = catalogue.releases(tx, contract.dataset)
    scored = [(one.published_at, one.quality) for one in found]
    within = sum(start <= at < end for at, _ in scored)
    return rules.finding(level, rules.worst_score(scored, start, end), {"releases": within})


def _support(
    tx: Connection, contract: Contract, level: Level, start: datetime, end: datetime
) -> Finding:
    asked = [
        Waited(asked_at=one.asked_at, answered_at=one.answered_at)
        for one in store.waiting_in(tx, contract.id, start, end)
    ]
    wait, number = rules.longest_wait(asked, start, end)
    minutes = 0 if wait is None else int(wait.total_seconds()) // 60
    figures = {"questions": number, "longest_working_minutes": minutes}
    return rules.finding(level, None if wait is None else rules.hours_begun(wait), figures)


def _evidence(
    tx: Connection, contract: Contract, start: datetime, end: datetime
) -> tuple[int, ...]:
    """Return the places in the log of what the figures rest on, the newest of them."""
    about = ((contract.id, OF_CONTRACT), (contract.dataset, OF_DATASET))
    places = sorted(
        one.position
        for subject, names in about
        for one in sealed_about(tx, [subject], names, start=start, end=end, limit=EVIDENCE_MAX)
    )
    return tuple(places[-EVIDENCE_MAX:])


def months_to_close(tx: Connection, contract: Contract, now: datetime) -> Sequence[Month]:
    """Return the months of a contract that are over and have no report yet, the oldest first."""
    if contract.agreed_at is None or contract.stage in {Stage.REQUESTED, Stage.REFUSED}:
        return ()
    last = store.last_month(tx, contract.id)
    month = month_of(contract.agreed_at) if last is None else month_from(last).plus(1)
    until = min(now, contract.ended_at) if contract.ended_at else now
    found = []
    while month.end + SETTLED_AFTER <= now and month.start < until:
        found.append(month)
        month = month.plus(1)
    return found
