"""Taking home what the exchange holds about a party."""

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from torvet.parties.signin import SignedIn
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import service

ZIP = "application/zip"

router = APIRouter(prefix="/api", tags=["parties"])


@router.get(
    "/activity",
    response_class=FileResponse,
    responses={
        **problems_of(401, 403, 429),
        200: {
            "description": "Rows as NDJSON, the facts that name you, and the checkpoint.",
            "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
def take_home(caller: SignedIn, parts: TheParts) -> FileResponse:
    """Take home everything that the exchange holds about your party, as a ZIP archive.

    Rows of every table that are about it, every sealed fact that names it, and the signed
    checkpoint that covers them. For owners, and for citizens.
    """
    taken = service.take_home(parts, caller)
    return FileResponse(
        taken.path,
        media_type=ZIP,
        filename=taken.name,
        background=BackgroundTask(taken.path.unlink, missing_ok=True),
    )
