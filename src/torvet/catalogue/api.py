"""The catalogue over HTTP: describe datasets, deliver files, read what was found in them."""

import re
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from sqlalchemy import Connection

from torvet.ingest import SourceId, SourceNotFound, rejected_rows
from torvet.parties import Caller, parties_by_id, party
from torvet.parties.signin import SignedIn, TheCaller
from torvet.web.parts import TheParts
from torvet.web.problems import problems_of

from . import delivery_store, reading, service, store
from .errors import VersionUnclear
from .forms import DatasetChange, NewDataset, NewDelivery
from .model import Dataset, Release
from .views import (
    ColumnView,
    DatasetView,
    DeliveriesView,
    DeliveryView,
    LineageSourceView,
    LineageView,
    PartyView,
    PreviewView,
    ProfileView,
    QualityView,
    RejectedRowView,
    RejectedView,
    ReleasesView,
    ReleaseView,
)

PAGE_MAX = 500
NUMBER_MAX = 2**31 - 1

router = APIRouter(prefix="/api", tags=["catalogue"])

DatasetName = Annotated[str, Path(max_length=100, description="The dataset's short name or id.")]
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX, description="The release's number.")]
DeliveryName = Annotated[str, Path(max_length=100, pattern=r"^[a-z0-9_]+$")]
IfMatch = Annotated[
    str | None, Header(max_length=100, description="The `ETag` of the version that was read.")
]
_ETAG = re.compile(r'(?:W/)?"v(\d{1,9})"')


@router.post("/datasets", status_code=201, responses=problems_of(401, 403, 404, 409, 422))
def describe_dataset(
    wish: NewDataset, caller: SignedIn, parts: TheParts, response: Response
) -> DatasetView:
    """Describe a new dataset of your party. It holds nothing until a file is delivered."""
    made = service.create(parts, caller, wish.fields())
    response.headers["Location"] = f"/api/datasets/{made.slug}"
    return _answer(parts, caller, made, response)


@router.get(
    "/datasets/{slug}", responses=problems_of(401, 404, 422), response_model_exclude_none=True
)
def show_dataset(
    slug: DatasetName, caller: TheCaller, parts: TheParts, response: Response
) -> DatasetView:
    """Show the description of a dataset, the columns and figures of its newest release."""
    with parts.db.begin() as tx:
        found = service.visible_dataset(tx, slug, caller)
    return _answer(parts, caller, found, response)


@router.patch("/datasets/{slug}", responses=problems_of(401, 403, 404, 409, 422))
def change_dataset(
    slug: DatasetName,
    wish: DatasetChange,
    caller: SignedIn,
    parts: TheParts,
    response: Response,
    *,
    if_match: IfMatch = None,
) -> DatasetView:
    """Change the description of your dataset. What is not named stays as it is.

    With `version` or `If-Match`, the change is refused where somebody else was faster; and so is
    a preview that shows what an open offer withholds, unless that is acknowledged.
    """
    version = wish.version if wish.version is not None else _version(if_match)
    changed = service.change(
        parts,
        caller,
        slug,
        version,
        wish.fields(),
        preview_acknowledged=wish.preview_acknowledged,
    )
    return _answer(parts, caller, changed, response)


@router.delete("/datasets/{slug}", status_code=204, responses=problems_of(401, 403, 404, 409, 422))
def withdraw_dataset(
    slug: DatasetName, caller: SignedIn, parts: TheParts, if_match: IfMatch = None
) -> None:
    """Take your dataset out of the catalogue. Its facts stay in the log."""
    service.withdraw(parts, caller, slug, _version(if_match))


@router.post(
    "/datasets/{slug}/deliveries",
    status_code=202,
    responses=problems_of(401, 403, 404, 409, 422, 429),
)
def deliver(
    slug: DatasetName,
    wish: NewDelivery,
    caller: SignedIn,
    parts: TheParts,
    response: Response,
) -> DeliveryView:
    """Deliver an upload as the next release of your dataset. It is published in the background."""
    made = service.deliver(
        parts,
        caller,
        slug,
        upload=wish.upload,
        mode=wish.mode,
        schema=wish.schema_given(),
        options=wish.options.options(),
        note=wish.note,
    )
    response.headers["Location"] = f"/api/deliveries/{made.id}"
    with parts.db.begin() as tx:
        return DeliveryView.of(made, store.dataset(tx, made.dataset).slug)


@router.get("/datasets/{slug}/deliveries", responses=problems_of(401, 403, 404, 422))
def list_deliveries(
    slug: DatasetName,
    caller: SignedIn,
    parts: TheParts,
    after: Annotated[str | None, Query(max_length=100, pattern=r"^[a-z0-9_]*$")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> DeliveriesView:
    """List the deliveries to your dataset, the newest first."""
    with parts.db.begin() as tx:
        dataset = service.own_dataset(tx, slug, caller)
        found = delivery_store.of_dataset(tx, dataset.id, after=after, limit=limit)
    return DeliveriesView(
        items=[DeliveryView.of(one, dataset.slug) for one in found],
        next=found[-1].id if len(found) == limit else None,
    )


@router.get("/deliveries/{delivery}", responses=problems_of(401, 403, 404, 422))
def show_delivery(delivery: DeliveryName, caller: SignedIn, parts: TheParts) -> DeliveryView:
    """Show how far a delivery of your party has come, or why it failed."""
    with parts.db.begin() as tx:
        found = service.delivery(tx, delivery, caller)
        return DeliveryView.of(found, store.dataset(tx, found.dataset).slug)


@router.get("/deliveries/{delivery}/rejected", responses=problems_of(401, 403, 404, 422))
def list_rejected(
    delivery: DeliveryName,
    caller: SignedIn,
    parts: TheParts,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
) -> RejectedView:
    """List the rows of a delivery that did not fit: row number, column, value and reason."""
    with parts.db.begin() as tx:
        found = service.delivery(tx, delivery, caller)
    try:
        rows = rejected_rows(parts, SourceId(found.source), limit=limit, after=after)
    except SourceNotFound:  # the file has not been read yet
        rows = []
    return RejectedView(
        items=[RejectedRowView.of(row) for row in rows],
        total=found.rejected,
        next=rows[-1].position if len(rows) == limit else None,
    )


@router.get("/datasets/{slug}/releases", responses=problems_of(401, 404, 422))
def list_releases(slug: DatasetName, caller: TheCaller, parts: TheParts) -> ReleasesView:
    """List the releases of a dataset, the newest first."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        dataset = service.visible_dataset(tx, slug, caller)
        found = store.releases_of(tx, dataset.id)
    return ReleasesView(items=[ReleaseView.of(release, dataset, now) for release in found])


@router.get("/datasets/{slug}/releases/{number}", responses=problems_of(401, 404, 422))
def show_release(
    slug: DatasetName, number: Number, caller: TheCaller, parts: TheParts
) -> ReleaseView:
    """Show one release: its size, its columns with units, its age."""
    with parts.db.begin() as tx:
        dataset, release = _release(tx, slug, number, caller)
    return ReleaseView.of(release, dataset, parts.clock.now())


@router.get("/datasets/{slug}/releases/{number}/profile", responses=problems_of(401, 404, 422))
def show_profile(
    slug: DatasetName, number: Number, caller: TheCaller, parts: TheParts
) -> ProfileView:
    """Show what each column of a release holds, as far as its provider shows values of it."""
    with parts.db.begin() as tx:
        dataset, release = _release(tx, slug, number, caller)
        profile = reading.profile_for(tx, dataset, release, caller)
    return ProfileView.of(profile, dataset.slug, number)


@router.get("/datasets/{slug}/releases/{number}/quality", responses=problems_of(401, 404, 422))
def show_quality(
    slug: DatasetName, number: Number, caller: TheCaller, parts: TheParts
) -> QualityView:
    """Show how good a release is, dimension by dimension, with the counts behind each score."""
    with parts.db.begin() as tx:
        dataset, release = _release(tx, slug, number, caller)
        report = reading.quality_for(tx, dataset, release, caller, parts.clock.now())
    return QualityView.of(report, dataset.slug, number)


@router.get("/datasets/{slug}/releases/{number}/preview", responses=problems_of(401, 404, 422))
def show_preview(
    slug: DatasetName, number: Number, caller: TheCaller, parts: TheParts
) -> PreviewView:
    """Show the first rows of a release, as far as its provider shows them to anyone."""
    with parts.db.begin() as tx:
        dataset, release = _release(tx, slug, number, caller)
        preview = reading.preview_for(tx, dataset, release, caller)
    return PreviewView(
        dataset=dataset.slug,
        release=number,
        columns=[ColumnView.of(column) for column in preview.columns],
        rows=[dict(row) for row in preview.rows],
        total_rows=release.rows,
        withheld=list(preview.withheld),
    )


@router.get("/datasets/{slug}/releases/{number}/lineage", responses=problems_of(401, 404, 422))
def show_lineage(
    slug: DatasetName, number: Number, caller: TheCaller, parts: TheParts
) -> LineageView:
    """Show where a release comes from: the delivered files, with their dates and row counts.

    Their names, hashes and notes are their provider's alone: a hash tells who holds a file.
    """
    with parts.db.begin() as tx:
        dataset, release = _release(tx, slug, number, caller)
        own = caller.party == dataset.provider
        sources = reading.lineage_of(tx, release)
        provider = party(tx, dataset.provider)
    return LineageView(
        dataset=dataset.slug,
        release=number,
        mode=release.mode,
        note=release.note,
        published_at=release.published_at,
        provider=PartyView.of(provider),
        rows=release.rows,
        after=number - 1 if release.mode == "append" and number > 1 else None,
        sources=[LineageSourceView.of(source, one, own=own) for source, one in sources],
    )


def _release(tx: Connection, slug: str, number: int, caller: Caller) -> tuple[Dataset, Release]:
    dataset = service.visible_dataset(tx, slug, caller)
    return dataset, store.release(tx, dataset.id, number)


def _answer(parts: TheParts, caller: Caller, dataset: Dataset, response: Response) -> DatasetView:
    response.headers["ETag"] = f'"v{dataset.version}"'
    own = caller.party == dataset.provider
    with parts.db.begin() as tx:
        circle = parties_by_id(tx, dataset.circle) if own else {}
        return DatasetView.of(
            dataset,
            provider=party(tx, dataset.provider),
            circle=[circle[one].slug for one in dataset.circle if one in circle] if own else None,
            release=store.newest_release(tx, dataset.id),
            now=parts.clock.now(),
        )


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise VersionUnclear(if_match)
    return int(found[1])
