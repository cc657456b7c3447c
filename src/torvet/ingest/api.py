"""Uploads over HTTP: resumable, in the manner of tus 1.0, or in one stream."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from torvet.parties import Caller, Role, SignInNeeded
from torvet.parties.signin import acting
from torvet.ports.parts import Parts
from torvet.web.bodies import take_stream
from torvet.web.parts import TheParts
from torvet.web.problems import problems_of

from . import uploads
from .errors import FileTooLarge
from .forms import BYTES_MAX, SHA256, FileName, UploadForm, UploadSheet
from .model import Upload, UploadId
from .uploads import Intake

router = APIRouter(prefix="/api/uploads", tags=["ingest"])

PIECE = "application/offset+octet-stream"
STREAM = "application/octet-stream"
WRITE_BYTES = 1024**2
"""So much is gathered before it is written."""

Publisher = Annotated[Caller, Depends(acting(Role.STEWARD))]
IdPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[a-z]+_[0-9a-z]+$")]
_BYTES = {"schema": {"type": "string", "format": "binary"}}


def _body(*kinds: str) -> dict[str, object]:
    return {"requestBody": {"required": True, "content": dict.fromkeys(kinds, _BYTES)}}


def _party(caller: Caller) -> str:
    if caller.party is None:
        raise SignInNeeded
    return caller.party


@router.post("", status_code=201, responses=problems_of(401, 403, 404, 413, 422, 429, 503))
def begin(form: UploadForm, caller: Publisher, parts: TheParts, response: Response) -> UploadSheet:
    """Open an upload. Send its bytes with PATCH, in as many pieces as you like."""
    upload = uploads.begin_upload(
        parts,
        party=_party(caller),
        file_name=form.file_name,
        size=form.bytes,
        sha256=form.sha256,
    )
    response.headers["Location"] = f"/api/uploads/{upload.id}"
    return _shown(upload, response)


@router.post(
    "/direct",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 413, 422, 429, 503),
    openapi_extra=_body(STREAM),
)
async def send(
    *,
    request: Request,
    response: Response,
    caller: Publisher,
    parts: TheParts,
    file_name: Annotated[FileName, Query()],
    sha256: Annotated[str | None, Query(pattern=SHA256)] = None,
    content_length: Annotated[int | None, Header(ge=0, le=BYTES_MAX)] = None,
) -> UploadSheet:
    """Send a whole file as the body of one request. It is written as it comes in."""
    upload = await run_in_threadpool(
        _open_stream, parts, _party(caller), file_name, content_length, sha256
    )
    try:
        intake = await run_in_threadpool(_open, parts, upload.id, upload.party, 0)
        with intake:
            await _pour(request, intake)
            complete = await run_in_threadpool(intake.finish, last=True)
    except ClientDisconnect:
        uploads.remove_upload(parts, upload.id)
        raise HTTPException(400, "The file broke off.") from None
    except BaseException:
        # Not in a thread: a request that is being cancelled waits for nothing any more.
        uploads.remove_upload(parts, upload.id)
        raise
    response.headers["Location"] = f"/api/uploads/{upload.id}"
    return _shown(complete, response)


def _open_stream(
    parts: Parts, party: str, file_name: str, size: int | None, sha256: str | None
) -> Upload:
    if size is not None and size > parts.settings.upload_bytes_max:
        raise FileTooLarge(parts.settings.upload_bytes_max, size)
    return uploads.begin_upload(parts, party=party, file_name=file_name, size=None, sha256=sha256)


@router.get("/{upload_id}", responses=problems_of(401, 403, 404, 422, 429))
def look(upload_id: IdPath, caller: Publisher, parts: TheParts, response: Response) -> UploadSheet:
    """Tell how far an upload of your party has come."""
    return _shown(uploads.find_upload(parts, UploadId(upload_id), _party(caller)), response)


@router.head("/{upload_id}", responses=problems_of(401, 403, 404, 422, 429))
def offset_of(upload_id: IdPath, caller: Publisher, parts: TheParts, response: Response) -> None:
    """Tell the offset from which to send on, in the header `Upload-Offset`."""
    _shown(uploads.find_upload(parts, UploadId(upload_id), _party(caller)), response)


@router.patch(
    "/{upload_id}",
    responses=problems_of(401, 403, 404, 409, 413, 415, 422, 429, 503),
    openapi_extra=_body(PIECE, STREAM),
)
async def append(
    *,
    upload_id: IdPath,
    request: Request,
    response: Response,
    caller: Publisher,
    parts: TheParts,
    upload_offset: Annotated[int, Header(ge=0, le=BYTES_MAX)],
    content_length: Annotated[int | None, Header(ge=0, le=BYTES_MAX)] = None,
) -> UploadSheet:
    """Append a piece at the offset where the upload is. What arrives before a break is kept."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {PIECE, STREAM}:
        raise HTTPException(415, f"Send the piece as {PIECE}.")
    intake = await run_in_threadpool(_open, parts, upload_id, _party(caller), upload_offset)
    with intake:
        if content_length is not None and content_length > intake.left:
            raise FileTooLarge(upload_offset + intake.left, upload_offset + content_length)
        # Where the line breaks, nobody hears the answer; what has arrived counts all the same.
        with suppress(ClientDisconnect):
            await _pour(request, intake)
        return _shown(await run_in_threadpool(intake.finish), response)


def _open(parts: Parts, upload_id: str, party: str, offset: int) -> Intake:
    return Intake(parts, UploadId(upload_id), party, offset=offset)


async def _pour(request: Request, intake: Intake) -> None:
    """Write the body of `request` as it comes, in threads; never hold much of it."""
    take_stream(request)  # `intake` has the limit of this one
    held = bytearray()
    try:
        async for chunk in request.stream():
            held += chunk
            if len(held) >= WRITE_BYTES:
                piece, held = held, bytearray()
                await run_in_threadpool(intake.take, piece)
    except ClientDisconnect:
        await run_in_threadpool(intake.take, held)
        raise
    await run_in_threadpool(intake.take, held)


@router.delete("/{upload_id}", status_code=204, responses=problems_of(401, 403, 404, 422, 429))
def remove(upload_id: IdPath, caller: Publisher, parts: TheParts) -> None:
    """Remove an upload and what has come of it."""
    upload = uploads.find_upload(parts, UploadId(upload_id), _party(caller))
    uploads.remove_upload(parts, upload.id)


def _shown(upload: Upload, response: Response) -> UploadSheet:
    response.headers["Upload-Offset"] = str(upload.received)
    if upload.bytes is not None:
        response.headers["Upload-Length"] = str(upload.bytes)
    response.headers["Cache-Control"] = "no-store"
    return UploadSheet.of(upload)
