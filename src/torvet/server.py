"""The application, put together from its slices: it knows all and decides nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from starlette.routing import BaseRoute

from torvet.catalogue import delivery_pages, privacy_api
from torvet.catalogue.ckan import api as ckan_api
from torvet.catalogue.dcat import api as dcat_api
from torvet.catalogue.search import api as search_api

from .activity import api as activity_api
from .activity import pages as activity_pages
from .audit import api as audit_api
from .audit import pages as audit_pages
from .billing import api as billing_api
from .billing import books_pages, credits_api, invoice_pages, quote_api, quote_pages
from .billing.charges import api as charges_api
from .billing.charges import pages as charges_pages
from .billing.escrow import api as escrow_api
from .billing.escrow import pages as escrow_pages
from .billing.invoices import api as invoices_api
from .billing.payments import api as payments_api
from .billing.payments import pages as payments_pages
from .billing.payouts import api as payouts_api
from .billing.payouts import pages as payouts_pages
from .billing.profiles import api as profiles_api
from .billing.profiles import pages as profiles_pages
from .billing.rulebook import api as rulebook_api
from .billing.shares import api as shares_api
from .billing.shares import pages as shares_pages
from .catalogue import api as catalogue_api
from .catalogue import pages as catalogue_pages
from .contracts import api as contracts_api
from .contracts import capping_api, contract_pages, duties_api, offer_pages
from .contracts import pages as contracts_pages
from .contracts.negotiation import api as negotiation_api
from .contracts.negotiation import pages as negotiation_pages
from .delivery import answers_api, files_api, rows_api, sharing_api
from .delivery import api as delivery_api
from .demand import answer_pages as demand_answer_pages
from .demand import api as demand_api
from .demand import pages as demand_pages
from .ingest import api as ingest_api
from .kit.garbage import look_seldom
from .metering import api as metering_api
from .parties import api as parties_api
from .parties import pages as parties_pages
from .parties.signin import papers_of
from .ports.parts import Parts
from .reuse import api as reuse_api
from .reuse import pages as reuse_pages
from .reuse import review_pages, reviews_api
from .trust import api as trust_api
from .trust import dispute_pages, disputes_api, maintenance_pages
from .trust import pages as trust_pages
from .web import readers
from .web.frame import new_app

ROUTERS = (
    # Before the pages: `/datasets/{slug}.ttl` is more exact than `/datasets/{slug}`.
    dcat_api.router,
    ckan_api.router,
    search_api.router,
    catalogue_api.router,
    privacy_api.router,
    contracts_api.router,
    duties_api.router,
    capping_api.router,
    negotiation_api.router,
    delivery_api.router,
    rows_api.router,
    answers_api.router,
    files_api.router,
    sharing_api.router,
    metering_api.router,
    billing_api.router,
    payments_api.router,
    payouts_api.router,
    shares_api.router,
    quote_api.router,
    charges_api.router,
    escrow_api.router,
    invoices_api.router,
    credits_api.router,
    profiles_api.router,
    rulebook_api.router,
    trust_api.router,
    disputes_api.router,
    demand_api.router,
    reuse_api.router,
    reviews_api.router,
    ingest_api.router,
    parties_api.router,
    audit_api.router,
    activity_api.router,
    catalogue_pages.router,
    delivery_pages.router,
    contracts_pages.router,
    contract_pages.router,
    offer_pages.router,
    charges_pages.router,
    quote_pages.router,
    demand_pages.router,
    demand_answer_pages.router,
    reuse_pages.router,
    review_pages.router,
    invoice_pages.router,
    books_pages.router,
    profiles_pages.router,
    rulebook_api.pages,
    negotiation_pages.router,
    activity_pages.router,
    trust_pages.router,
    dispute_pages.router,
    maintenance_pages.router,
    payments_pages.router,
    payouts_pages.router,
    escrow_pages.router,
    shares_pages.router,
    parties_pages.router,
    audit_pages.router,
)


def _routes() -> list[BaseRoute]:
    """Return the routes of every room as they are, for all applications of a process.

    FastAPI makes each route of a router that is included once more, when it is first asked.
    """
    return [route for router in ROUTERS for route in router.routes]


def application(parts: Parts) -> FastAPI:
    """Return the whole exchange as one ASGI application."""
    app = new_app(parts)
    readers.install(app, papers_of)
    app.router.routes.extend(_routes())
    # Small reads come by the hundred a second.
    app.router.routes[:0] = [rows_api.AT_ONCE, files_api.AT_ONCE]
    return app


@contextmanager
def settled() -> Iterator[None]:
    """Leave what was made so far to itself until the block ends: all that will stay is there.

    What the imports and the routes made is most of what lives, and stays. Hardly any of it is
    garbage, so it is set aside without being looked through once more.
    """
    gc.freeze()
    look_seldom()
    try:
        yield
    finally:
        gc.unfreeze()  # what is never looked at is never taken apart, which DuckDB complains of
