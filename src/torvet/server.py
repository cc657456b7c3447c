"""The application, put together from its slices: it knows all and decides nothing."""

from fastapi import FastAPI

from .catalogue import api as catalogue_api
from .delivery import api as delivery_api
from .parties import api as parties_api
from .parties import pages as parties_pages
from .ports.parts import Parts
from .web.frame import new_app

ROUTERS = (
    catalogue_api.router,
    delivery_api.router,
    parties_api.router,
    parties_pages.router,
)


def application(parts: Parts) -> FastAPI:
    """Return the whole exchange as one ASGI application."""
    app = new_app(parts)
    for router in ROUTERS:
        app.include_router(router)
    return app
