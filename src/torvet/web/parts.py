"""The parts that a route works with."""

from typing import Annotated, cast

from fastapi import Depends, Request

from torvet.ports.parts import Parts


def parts_of(request: Request) -> Parts:
    """Return the parts that the application was made with."""
    return cast("Parts", request.app.state.parts)


TheParts = Annotated[Parts, Depends(parts_of)]
