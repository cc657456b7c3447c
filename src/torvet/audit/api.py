"""The log over HTTP: for everybody its hashes and signatures, for the parties their facts."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from torvet.web.frame import TheParts
from torvet.web.problems import problems_of
from torvet.web.readers import TheReaders

from . import service
from .model import SealedFact
from .papers import consistency_json, key_json, receipt_json

POSITION_MAX = 2**53 - 1

router = APIRouter(prefix="/api/log", tags=["log"])


class KeyForm(BaseModel):
    """The log's public key. Keep it: what it signed can be checked without the exchange."""

    origin: str = Field(description="The log's name, which its checkpoints begin with.")
    algorithm: str = Field(description="Ed25519.")
    key: str = Field(description="`name+keyid+base64`, as C2SP signed-note writes keys.")


class FactForm(BaseModel):
    """One line of the log. Without `fact` it names none of the caller's parties."""

    position: int = Field(description="Its place in the log, from 0, without gaps.")
    leaf_hash: str = Field(description="SHA-256 over a zero byte and the fact, in hex.")
    name: str | None = Field(
        default=None, description="What happened, such as `release-published`."
    )
    at: str | None = Field(default=None, description="When, RFC 3339 in UTC.")
    actor: str | None = Field(default=None, description="The account or token that did it.")
    subject: str | None = Field(default=None, description="The id of what it was done to.")
    fact: dict[str, Any] | None = Field(default=None, description="All of it, as it was hashed.")


class FactsForm(BaseModel):
    """A page of the log."""

    items: list[FactForm]
    size: int = Field(description="How many facts are sealed.")
    next_after: int | None = Field(description="`after` of the next page; null on the last one.")
    checkpoint: str = Field(description="The signed note that covers them.")


class ReceiptForm(BaseModel):
    """What proves, without the exchange, that a fact stands in the log."""

    kind: str = Field(description="`torvet-receipt/1`.")
    position: int
    leaf_hash: str
    fact: dict[str, Any] = Field(description="The fact as it was hashed (canonical JSON).")
    proof: list[str] = Field(description="Inclusion proof of RFC 9162 §2.1.3, base64, leaf first.")
    checkpoint: str = Field(description="A signed note: origin, size and root of the log.")


class ConsistencyForm(BaseModel):
    """What proves, without the exchange, that the log only grew."""

    kind: str = Field(description="`torvet-consistency/1`.")
    first: str = Field(description="The older checkpoint, a signed note.")
    second: str = Field(description="The newer checkpoint, a signed note.")
    proof: list[str] = Field(description="Consistency proof of RFC 9162 §2.1.4, base64.")


@router.get(
    "/checkpoint",
    response_class=PlainTextResponse,
    responses={200: {"description": "A signed note (C2SP tlog-checkpoint)."}},
)
def checkpoint(parts: TheParts) -> PlainTextResponse:
    """Give the newest checkpoint: name, size and root of the log, signed."""
    return PlainTextResponse(service.newest_checkpoint(parts).note)


@router.get("/key")
def key(parts: TheParts) -> KeyForm:
    """Give the log's public key. Keep it somewhere else than what it is to check."""
    return KeyForm(**key_json(service.log_key(parts)))


@router.get("/facts", responses=problems_of(401, 404, 422))
def facts(
    parts: TheParts,
    readers: TheReaders,
    after: Annotated[int, Query(ge=-1, le=POSITION_MAX, description="The last one you have.")] = -1,
    limit: Annotated[int, Query(ge=1, le=service.FACTS_PER_PAGE_MAX)] = 100,
) -> FactsForm:
    """List sealed facts in order. Those that do not name your party show their hash only."""
    page, newest = service.page_of_facts(parts, after, limit)
    last = page[-1].position if page else newest.size
    return FactsForm(
        items=[_fact_form(sealed, readers) for sealed in page],
        size=newest.size,
        next_after=last if last + 1 < newest.size else None,
        checkpoint=newest.note,
    )


@router.get("/facts/{position}/receipt", responses=problems_of(401, 404, 422))
def receipt(
    parts: TheParts,
    readers: TheReaders,
    position: Annotated[int, Path(ge=0, le=POSITION_MAX)],
) -> ReceiptForm:
    """Give one fact of your own with the proof that it stands in the log."""
    return ReceiptForm(**receipt_json(service.receipt(parts, position, readers)))


@router.get("/consistency", responses=problems_of(404, 422))
def consistency(
    parts: TheParts,
    first: Annotated[int, Query(ge=0, le=POSITION_MAX, description="Size of the older one.")],
    second: Annotated[
        int | None, Query(ge=0, le=POSITION_MAX, description="Size of the newer one; else newest.")
    ] = None,
) -> ConsistencyForm:
    """Give the proof that the log only grew between two checkpoints."""
    return ConsistencyForm(**consistency_json(service.consistency(parts, first, second)))


def _fact_form(sealed: SealedFact, readers: frozenset[str]) -> FactForm:
    hidden = FactForm(position=sealed.position, leaf_hash=sealed.hash.hex())
    if not sealed.readable_by(readers):
        return hidden
    fact = json.loads(sealed.leaf)
    return hidden.model_copy(
        update={
            "name": fact["name"],
            "at": fact["at"],
            "actor": fact["actor"],
            "subject": fact["subject"],
            "fact": fact,
        }
    )
