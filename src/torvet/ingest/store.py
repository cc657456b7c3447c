"""Sources and uploads as rows. Each function takes the transaction that it runs in."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from .errors import SourceNotFound, UploadNotFound
from .model import FileFormat, Source, SourceId, Upload, UploadId, UploadStage
from .schema import columns_from_json, columns_to_json
from .tables import sources, uploads


def add_source(tx: Connection, source: Source) -> None:
    """Write `source` down."""
    tx.execute(
        insert(sources).values(
            id=source.id,
            party=source.party,
            file_name=source.file_name,
            format=source.format.value,
            bytes=source.bytes,
            sha256=source.sha256,
            rows=source.rows,
            rejected=source.rejected,
            columns=columns_to_json(source.columns),
            notes=list(source.notes),
            received_at=source.received_at,
        )
    )


def find_source(tx: Connection, source_id: SourceId) -> Source | None:
    """Return a source, or None."""
    row = tx.execute(select(sources).where(sources.c.id == source_id)).one_or_none()
    return None if row is None else _source(row)


def get_source(tx: Connection, source_id: SourceId) -> Source:
    """Return a source; raise SourceNotFound."""
    found = find_source(tx, source_id)
    if found is None:
        raise SourceNotFound(source_id)
    return found


def forget_source(tx: Connection, source_id: SourceId) -> None:
    """Forget a source, if it is there."""
    tx.execute(delete(sources).where(sources.c.id == source_id))


def _source(row: Row[tuple[object, ...]]) -> Source:
    return Source(
        id=SourceId(row.id),
        party=row.party,
        file_name=row.file_name,
        format=FileFormat(row.format),
        bytes=row.bytes,
        sha256=row.sha256,
        rows=row.rows,
        rejected=row.rejected,
        columns=columns_from_json(row.columns),
        notes=tuple(row.notes),
        received_at=row.received_at,
    )


def add_upload(tx: Connection, upload: Upload) -> None:
    """Write `upload` down."""
    tx.execute(
        insert(uploads).values(
            id=upload.id,
            party=upload.party,
            file_name=upload.file_name,
            bytes=upload.bytes,
            received=upload.received,
            sha256=upload.sha256,
            stage=upload.stage.value,
            made_at=upload.made_at,
            touched_at=upload.touched_at,
        )
    )


def get_upload(tx: Connection, upload_id: UploadId, party: str) -> Upload:
    """Return an upload of `party`; raise UploadNotFound where it is gone or another's."""
    row = tx.execute(
        select(uploads).where(uploads.c.id == upload_id, uploads.c.party == party)
    ).one_or_none()
    if row is None:
        raise UploadNotFound(upload_id)
    return _upload(row)


def advance_upload(tx: Connection, upload: Upload, *, before: int) -> bool:
    """Write how far `upload` has come; return False where another was faster."""
    written = tx.execute(
        update(uploads)
        .where(
            uploads.c.id == upload.id,
            uploads.c.received == before,
            uploads.c.stage == UploadStage.RECEIVING.value,
        )
        .values(
            received=upload.received,
            bytes=upload.bytes,
            sha256=upload.sha256,
            stage=upload.stage.value,
            touched_at=upload.touched_at,
        )
    )
    return written.rowcount == 1


def forget_upload(tx: Connection, upload_id: UploadId) -> None:
    """Strike an upload off."""
    tx.execute(delete(uploads).where(uploads.c.id == upload_id))


def forget_uploads(
    tx: Connection, *, open_before: datetime, complete_before: datetime
) -> list[UploadId]:
    """Strike off uploads that were left alone since then; return which."""
    receiving = uploads.c.stage == UploadStage.RECEIVING.value
    abandoned = receiving & (uploads.c.touched_at < open_before)
    unused = ~receiving & (uploads.c.touched_at < complete_before)
    gone = tx.execute(delete(uploads).where(abandoned | unused).returning(uploads.c.id))
    return [UploadId(row.id) for row in gone]


def count_open(tx: Connection, party: str) -> int:
    """Count the unfinished uploads of `party`."""
    receiving = uploads.c.stage == UploadStage.RECEIVING.value
    return tx.execute(
        select(func.count()).select_from(uploads).where(uploads.c.party == party, receiving)
    ).scalar_one()


def source_ids(tx: Connection, among: Collection[str]) -> set[str]:
    """Return which of these ids are sources."""
    return set(tx.execute(select(sources.c.id).where(sources.c.id.in_(among))).scalars())


def upload_ids(tx: Connection) -> set[str]:
    """Return the ids of all uploads."""
    return set(tx.execute(select(uploads.c.id)).scalars())


def _upload(row: Row[tuple[object, ...]]) -> Upload:
    return Upload(
        id=UploadId(row.id),
        party=row.party,
        file_name=row.file_name,
        bytes=row.bytes,
        received=row.received,
        sha256=row.sha256,
        stage=UploadStage(row.stage),
        made_at=row.made_at,
        touched_at=row.touched_at,
    )
