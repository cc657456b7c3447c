"""The application, put together from its slices: it knows all and decides nothing."""

from fastapi import FastAPI

from .ports.parts import Parts
from .web.frame import new_app


def application(parts: Parts) -> FastAPI:
    """Return the whole exchange as one ASGI application."""
    return new_app(parts)
