"""Service levels over HTTP: how they were kept, planned work, questions and answers."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from torvet.parties.signin import SignedIn, TheCaller
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import measuring, planning, support
from .forms import (
    MaintenanceForm,
    MaintenanceSheet,
    MaintenancesSheet,
    QuestionForm,
    QuestionSheet,
    QuestionsSheet,
    ReportSheet,
    ReportsSheet,
    WordsForm,
)

router = APIRouter(prefix="/api", tags=["trust"])

SlugPath = Annotated[str, Path(min_length=1, max_length=120, pattern=r"^[a-zA-Z0-9_-]+$")]
IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
MonthQuery = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Like 2026-06; else this month so far."),
]


@router.get("/contracts/{contract_id}/service", responses=problems_of(401, 404, 422))
def service_report(
    contract_id: IdPath, caller: SignedIn, parts: TheParts, month: MonthQuery = None
) -> ReportSheet:
    """Tell how a contract's promises were kept in a month, measured by the exchange itself."""
    return ReportSheet.of(measuring.report(parts, caller, contract_id, month))


@router.get("/contracts/{contract_id}/service/months", responses=problems_of(401, 404, 422))
def service_reports(contract_id: IdPath, caller: SignedIn, parts: TheParts) -> ReportsSheet:
    """List how a contract's promises were kept in the months that are over."""
    with parts.db.begin() as tx:
        found = measuring.reports_of(tx, caller, contract_id)
    return ReportsSheet(items=[ReportSheet.of(one) for one in found])


@router.get("/datasets/{slug}/maintenance", responses=problems_of(401, 404, 422))
def maintenance(slug: SlugPath, caller: TheCaller, parts: TheParts) -> MaintenancesSheet:
    """List work on a dataset that its provider announced."""
    found = planning.planned_for(parts, caller, slug)
    return MaintenancesSheet(items=[MaintenanceSheet.of(one) for one in found])


@router.post(
    "/datasets/{slug}/maintenance", status_code=201, responses=problems_of(400, 401, 403, 404, 422)
)
def announce_maintenance(
    slug: SlugPath, form: MaintenanceForm, caller: SignedIn, parts: TheParts
) -> MaintenanceSheet:
    """Announce work on your dataset before it begins. The log proves when you did."""
    made = planning.announce(
        parts, caller, slug, begins_at=form.begins_at, ends_at=form.ends_at, words=form.words
    )
    return MaintenanceSheet.of(made)


@router.delete(
    "/datasets/{slug}/maintenance/{maintenance_id}", responses=problems_of(401, 403, 404, 422)
)
def call_off_maintenance(
    slug: SlugPath, maintenance_id: IdPath, caller: SignedIn, parts: TheParts
) -> MaintenanceSheet:
    """Take announced work back."""
    return MaintenanceSheet.of(planning.call_off(parts, caller, slug, maintenance_id))


@router.get("/contracts/{contract_id}/questions", responses=problems_of(401, 403, 404, 422))
def list_questions(contract_id: IdPath, caller: SignedIn, parts: TheParts) -> QuestionsSheet:
    """List the questions under a contract."""
    with parts.db.begin() as tx:
        found = support.questions_of(tx, caller, contract_id)
    return QuestionsSheet(items=[QuestionSheet.of(one) for one in found])


@router.post(
    "/contracts/{contract_id}/questions",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 422, 429),
)
def ask_question(
    contract_id: IdPath, form: QuestionForm, caller: SignedIn, parts: TheParts
) -> QuestionSheet:
    """Ask the provider something, as the consumer. Where support is promised, its clock runs."""
    made = support.ask(parts, caller, contract_id, title=form.title, words=form.words)
    return QuestionSheet.of(made)


@router.get(
    "/contracts/{contract_id}/questions/{question_id}", responses=problems_of(401, 403, 404, 422)
)
def show_question(
    contract_id: IdPath, question_id: IdPath, caller: SignedIn, parts: TheParts
) -> QuestionSheet:
    """Show a question and what was said."""
    with parts.db.begin() as tx:
        return QuestionSheet.of(support.question(tx, caller, contract_id, question_id))


@router.post(
    "/contracts/{contract_id}/questions/{question_id}/messages",
    responses=problems_of(400, 401, 403, 404, 409, 422, 429),
)
def answer_question(
    contract_id: IdPath, question_id: IdPath, form: WordsForm, caller: SignedIn, parts: TheParts
) -> QuestionSheet:
    """Write into a question. The provider's first words are the answer."""
    return QuestionSheet.of(support.write(parts, caller, contract_id, question_id, form.words))


@router.post(
    "/contracts/{contract_id}/questions/{question_id}/closing",
    responses=problems_of(401, 403, 404, 422),
)
def close_question(
    contract_id: IdPath, question_id: IdPath, caller: SignedIn, parts: TheParts
) -> QuestionSheet:
    """Close a question, as the consumer."""
    return QuestionSheet.of(support.close(parts, caller, contract_id, question_id))
