"""The catalogue as DCAT-AP over HTTP: streamed, in three formats."""

from collections.abc import Iterator
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response, StreamingResponse

from torvet.catalogue.rules import SLUG_CHARACTERS_MAX
from torvet.parties import Caller
from torvet.parties.signin import TheCaller
from torvet.ports.parts import Parts
from torvet.web.parts import TheParts
from torvet.web.problems import problem, problems_of

from .export import catalogue_batches, dataset_batch
from .formats import MEDIA_TYPES, RdfFormat, accepted, written

router = APIRouter(tags=["catalogue"])

# No dot: it would take the ending for a part of the name.
Slug = Annotated[str, Path(max_length=SLUG_CHARACTERS_MAX, pattern=r"^[^./]+$")]
GRAPH: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A graph in the terms of DCAT-AP 3.0.1.",
        "content": {
            media_type: {"schema": {"type": "object" if form is RdfFormat.JSON_LD else "string"}}
            for form, media_type in MEDIA_TYPES.items()
        },
    }
}


@router.get(
    "/catalog", response_class=Response, responses=GRAPH | problems_of(401, 404, 406, 422, 429, 503)
)
def catalogue(request: Request, caller: TheCaller, parts: TheParts) -> Response:
    """Export all datasets that you may know of, in the format that you accept."""
    accept = request.headers.get("Accept")
    form = accepted(accept)
    return _catalogue(parts, caller, form) if form else _not_acceptable(accept)


@router.get(
    "/catalog.{form}",
    response_class=Response,
    responses=GRAPH | problems_of(401, 404, 422, 429, 503),
)
def catalogue_file(form: RdfFormat, caller: TheCaller, parts: TheParts) -> Response:
    """Export all datasets that you may know of as Turtle, JSON-LD or RDF/XML."""
    return _catalogue(parts, caller, form)


@router.get(
    "/api/datasets/{slug}/dcat",
    response_class=Response,
    responses=GRAPH | problems_of(401, 404, 406, 422, 429, 503),
)
def dataset(slug: Slug, request: Request, caller: TheCaller, parts: TheParts) -> Response:
    """Export one dataset in the format that you accept."""
    accept = request.headers.get("Accept")
    form = accepted(accept)
    return dataset_graph(parts, caller, slug, form) if form else _not_acceptable(accept)


@router.get(
    "/datasets/{slug}.{form}",
    response_class=Response,
    responses=GRAPH | problems_of(401, 404, 422, 429, 503),
)
def dataset_file(slug: Slug, form: RdfFormat, caller: TheCaller, parts: TheParts) -> Response:
    """Export one dataset as Turtle, JSON-LD or RDF/XML."""
    return dataset_graph(parts, caller, slug, form)


def dataset_graph(parts: Parts, caller: Caller, slug: str, form: RdfFormat) -> Response:
    """Return one dataset as a graph; raise DatasetNotFound where it is not to be seen."""
    graph = b"".join(written(form, [dataset_batch(parts, caller, slug)]))
    return Response(graph, media_type=MEDIA_TYPES[form], headers=_headers(slug, form))


def _catalogue(parts: Parts, caller: Caller, form: RdfFormat) -> Response:
    pieces = written(form, catalogue_batches(parts, caller))
    # What is wrong from the start is answered with a status: later it can only break off.
    started: Iterator[bytes] = chain([next(pieces) + next(pieces)], pieces)
    return StreamingResponse(
        started, media_type=MEDIA_TYPES[form], headers=_headers("catalog", form)
    )


def _headers(name: str, form: RdfFormat) -> dict[str, str]:
    return {"Content-Disposition": f'inline; filename="{name}.{form.value}"', "Vary": "Accept"}


def _not_acceptable(accept: str | None) -> Response:
    return problem(
        406,
        "format-not-acceptable",
        f"The catalogue cannot be written as {(accept or '')[:100]!r}.",
        f"Accept one of {', '.join(MEDIA_TYPES.values())}.",
    )
