"""Pages of shares: how a dataset's income is shared, and what a party earned by its shares."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from torvet import catalogue, parties
from torvet.catalogue import Dataset
from torvet.contracts import Panel, beside_dataset
from torvet.kit.entered import whole_number
from torvet.kit.errors import ExchangeError
from torvet.kit.money import Money
from torvet.parties import Caller, Role
from torvet.parties.signin import SignedIn
from torvet.ports.parts import Parts
from torvet.web.entered import TheFields
from torvet.web.pages import render
from torvet.web.parts import TheParts
from torvet.web.problems import STATUS

from . import entering, rules, service, store
from .entering import Typed
from .errors import SharesMoved, SharesUnfit
from .model import PORTION_WHOLE, Agreement, Division, Earned, Way

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SEE_OTHER = 303
WAYS = {
    Way.EQUAL: "everyone gets the same",
    Way.CONTRIBUTION: "in proportion to what each contributes",
    Way.COLUMNS: "by what the columns of each add to what is sold (Shapley value)",
    Way.TABLE: "by what each adds to the worth of coalitions (Shapley value)",
}


@beside_dataset
def panel(tx: Connection, caller: Caller, dataset: Dataset) -> Panel | None:
    """Tell a dataset's provider on its page how the income is shared, and where to change it."""
    if caller.party is None or caller.party != dataset.provider:
        return None
    held = store.newest(tx, dataset.id)
    it = {"dataset": dataset, "in_force": _in_force(held), "ways": WAYS, "percent": _percent}
    return Panel(template="billing/shares_panel.html", it=it)


@router.get("/billing/shares")
def shares_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """List the datasets of the reader's party, and who shares in the income of each."""
    with parts.db.begin() as tx:
        found = service.shared_by(tx, caller)
    listed = [(dataset, _in_force(agreement)) for dataset, agreement in found]
    return render(request, "billing/shares.html", found=listed, ways=WAYS, percent=_percent)


@router.get("/datasets/{slug}/shares")
def sharing_page(slug: str, request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Show how a dataset's income is shared, and let its provider's owner change that."""
    return _page(request, caller, parts, slug)


@router.post("/datasets/{slug}/shares")
def agree_on_page(
    slug: str, request: Request, caller: SignedIn, parts: TheParts, fields: TheFields
) -> Response:
    """Share the income from now on, or show the form again with everything that is wrong."""
    typed = entering.typed_by(fields)
    try:
        terms = entering.read(typed)
        with parts.db.begin() as tx:
            service.disposable(tx, caller, slug)
            # Before anybody is looked up: a form may name as many as it likes.
            if faults := rules.faults_of(terms):
                raise SharesUnfit(faults)
            ids = service.ids_of(tx, entering.names_in(terms))
        named = entering.renamed(terms, ids)
        service.agree(parts, caller, slug, named, seen=whole_number(typed.seen))
    except (SharesUnfit, SharesMoved) as error:
        return _page(request, caller, parts, slug, typed=typed, error=error)
    return RedirectResponse(f"/datasets/{slug}/shares", SEE_OTHER)


@router.get("/billing/earnings")
def earnings_page(request: Request, caller: SignedIn, parts: TheParts) -> Response:
    """Tell what the reader's party earned by its shares, and how it was reckoned."""
    with parts.db.begin() as tx:
        found = service.statement(tx, caller)
        wanted = {one.dataset for one in found.agreements} | {d for d, _ in found.sums}
        titles = catalogue.datasets_by_id(tx, sorted(wanted))
        providers = {one.provider for one in found.agreements}
        names = parties.parties_by_id(tx, sorted(providers))
    return render(
        request,
        "billing/earnings.html",
        found=found,
        titles=titles,
        names=names,
        ways=WAYS,
        error_of=_error_of,
        percent=_percent,
    )


def _page(
    request: Request,
    caller: Caller,
    parts: Parts,
    slug: str,
    *,
    typed: Typed | None = None,
    error: ExchangeError | None = None,
) -> Response:
    with parts.db.begin() as tx:
        found = service.sharing(tx, caller, slug)
        named = {one.party for each in found.agreements for one in each.terms.members}
        known = parties.parties_by_id(tx, sorted(named))
    newest = found.agreements[0] if found.agreements else None
    slugs = {str(id_): party.slug for id_, party in known.items()}
    return render(
        request,
        "billing/sharing.html",
        http_status=STATUS[error.kind] if error else 200,
        dataset=found.dataset,
        provides=found.provides,
        may_change=found.provides and caller.may(Role.OWNER),
        in_force=found.in_force,
        ended_at=found.ended_at,
        before=[one for one in found.agreements if one != found.in_force],
        divisions=found.divisions,
        names=known,
        typed=typed or _typed(newest, slugs) if found.provides else Typed(),
        error=error,
        ways=WAYS,
        sampled=found.in_force is not None and rules.may_be_sampled(found.in_force.terms),
        error_of=_error_of,
        percent=_percent,
        whole=PORTION_WHOLE,
    )


def _typed(newest: Agreement | None, slugs: dict[str, str]) -> Typed:
    """Return the form as the agreement in force would fill it in."""
    if newest is None:
        return Typed(seen="0")
    return entering.written(entering.renamed(newest.terms, slugs), version=newest.version)


def _in_force(agreement: Agreement | None) -> Agreement | None:
    """Return the agreement where it shares anything: one without members ends the sharing."""
    return agreement if agreement is not None and agreement.terms.members else None


def _percent(portion: int) -> str:
    return entering.percent_of(portion)


def _error_of(one: Division | Earned) -> Money | None:
    """Return what a sampled part of the whole income may be wrong by, None where it is exact."""
    return None if one.how.error is None else Money(one.how.error, one.income.currency)
