"""A delivery becomes a release, exactly once, whatever is killed on the way.

The steps are repeatable, and each knows when it is done already:

1. the upload is read into its source table (`sources/{delivery.source}`, ingest);
2. the gate lets its rows pass, as they are or made safe, or the delivery waits (`gate`);
3. the next number is reserved, and the rows as they will be are examined;
4. the files stand in `releases/{dataset}`, are certified, and are committed as exactly that
   Delta version;
5. one transaction makes the release visible, with its profile, its facts and its search entry.

Until step 5 nobody can see anything of it. Before the commit of step 4 a fault ends the
delivery in words; after it a fault is only ever a reason to try again, because a version that
is committed has to become the release of its number. Docs: decisions/0050, 0121.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from torvet import privacy
from torvet.audit import record
from torvet.ingest import (
    Column,
    Source,
    SourceId,
    UploadId,
    arrow_schema,
    receive,
    remove_upload,
    upload_path,
)
from torvet.jobs import defer
from torvet.kit.errors import ExchangeError
from torvet.kit.sql import identifier
from torvet.ports.engine import WrittenFile
from torvet.ports.parts import Parts
from torvet.privacy import (
    Certified,
    Treatment,
    certificate_of,
    joined,
    keyed,
    policy_of,
    put_certificate,
)

from . import delivery_store, facts, gate, store
from .counting import Files
from .errors import DatasetWithdrawn, PublishingBroke, SchemaDiffers, UploadGone
from .examination import examine
from .files import as_written, casting
from .findings import Examination
from .gate import Admitted, Arriving, Before, Withheld
from .local_files import room
from .model import Dataset, Delivery, Failure, Release, Stage
from .names import RELEASED
from .progress import Reporter
from .released import released
from .rules import differences, noted, same_form
from .search.service import reindex

_log = structlog.get_logger(__name__)


def bring_to_end(parts: Parts, delivery_id: str) -> None:
    """Make the release of a delivery, or write why there is none. Does nothing where it ended.

    Raises where it should be tried again: the database is away, or the commit has happened.
    """
    with parts.db.begin() as tx:
        dataset_id = delivery_store.get(tx, delivery_id).dataset
    with _one_publisher(parts, dataset_id):
        for unfinished in _in_turn(parts, dataset_id, delivery_id):
            _bring_to_end(parts, unfinished)


@contextmanager
def _one_publisher(parts: Parts, dataset_id: str) -> Iterator[None]:
    """Wait until nobody else publishes to the dataset; the lock goes with its connection."""
    with parts.db.connect() as own:
        connection = own.execution_options(isolation_level="AUTOCOMMIT")
        key = {"key": f"publish {dataset_id}"}
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:key, 0))"), key)
        try:
            yield
        finally:
            with suppress(SQLAlchemyError):
                connection.execute(
                    text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), key
                )


def _in_turn(parts: Parts, dataset_id: str, delivery_id: str) -> list[Delivery]:
    """Return what is to be brought to its end: whoever has a number already goes first."""
    with parts.db.begin() as tx:
        before = [one for one in delivery_store.begun(tx, dataset_id) if one.id != delivery_id]
        this = delivery_store.get(tx, delivery_id)
    # One that waits for its provider is taken up when it is let go on, and not before.
    return before if this.ended or this.stage is Stage.HELD else [*before, this]


def _bring_to_end(parts: Parts, delivery: Delivery) -> None:
    reporter = Reporter(parts, delivery.id)
    try:
        _publish(parts, delivery, reporter)
    except SQLAlchemyError:
        raise
    except Withheld as withheld:
        _hold(parts, delivery, withheld.reason)
    except ExchangeError as error:
        _give_up(parts, delivery, error)
    except Exception as error:  # noqa: BLE001 - a fault of ours ends one delivery, not all
        _log.exception("publishing broke", delivery=delivery.id)
        _give_up(parts, delivery, PublishingBroke(type(error).__name__), cause=error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is going to be release `number`: the rows of `source`, after those of `held`.

    `columns` are those of the release; `arriving` has the rows as they were delivered.
    """

    delivery: Delivery
    dataset: Dataset
    source: Source
    number: int
    held: Release | None
    columns: tuple[Column, ...]
    arriving: Arriving
    admitted: Admitted | None = None

    @property
    def source_table(self) -> str:
        return f"sources/{self.source.id}"

    @property
    def replaces(self) -> bool:
        """Say whether the release stands in the place of the one before, not after it."""
        return self.held is None or self.arriving.before.whole

    @property
    def unchanged(self) -> bool:
        """Say whether the source's files can be the release's, byte by byte."""
        if self.arriving.before.treatment is not Treatment.AS_IS:
            return False
        if self.held is None:
            return True
        return not self.replaces and same_form(self.held.columns, self.source.columns)


def _publish(parts: Parts, delivery: Delivery, reporter: Reporter) -> None:
    with parts.db.begin() as tx:
        dataset = store.dataset(tx, delivery.dataset)
        newest = store.newest_release(tx, dataset.id)
        before = gate.before(tx, dataset, newest, append=delivery.mode == "append")
    if dataset.withdrawn_at is not None:
        raise DatasetWithdrawn(dataset.slug, f"{dataset.withdrawn_at:%Y-%m-%d %H:%M} UTC")
    held = newest if delivery.mode == "append" else None
    number = newest.number + 1 if newest else 1
    committed = (parts.tables.version(dataset.table) or 0) >= number
    if committed:
        before = _as_committed(parts, dataset, number, before)
    source = _read(parts, delivery, before.columns, reporter)
    reporter.enter(Stage.CHECKING, "comparing the schema")
    plan = _plan(delivery, dataset, source, number=number, held=held, before=before)
    with (
        room(parts) as folder,
        ThreadPoolExecutor(1, "examination") as beside,
    ):
        examining = None
        if not committed and plan.unchanged:
            # The gate and the examination both only read, and mostly the gate lets it pass.
            examining = beside.submit(_examined, parts, plan, _unchanged(parts, plan), reporter)
        if not committed:
            reporter.step(Stage.CHECKING, "looking for personal data", 0.0)
            plan = replace(plan, admitted=gate.admit(parts, plan.arriving, folder))
        with parts.db.begin() as tx:
            delivery_store.reserve(tx, delivery.id, plan.number, source.rejected)
        files = [] if committed else _files(parts, plan, reporter)
        certified = None if committed else _certified(parts, plan, files)
        found = examining.result() if examining else _examined(parts, plan, files, reporter)
    if certified is not None:
        with parts.db.begin() as tx:  # before the commit: no release is ever without it
            put_certificate(tx, plan.dataset.id, certified, parts.clock.now())
        _commit(parts, plan, files, reporter)
    _show(parts, plan, found)


def tidy(parts: Parts, dataset: str, number: int) -> None:
    """Remove the upload of a release that is there: nobody who waits for it waits for this."""
    with parts.db.begin() as tx:
        released = store.release(tx, dataset, number)
        upload = delivery_store.get(tx, released.delivery).upload
    remove_upload(parts, UploadId(upload))


def _as_committed(parts: Parts, dataset: Dataset, number: int, before: Before) -> Before:
    """Return `before` with the policy that a committed release was made by, whatever came since."""
    with parts.db.begin() as tx:
        made = certificate_of(tx, dataset.id, number)
        if made is None or made.policy_version is None:
            return replace(before, policy=None)
        return replace(before, policy=policy_of(tx, dataset.id, made.policy_version))


def _read(
    parts: Parts, delivery: Delivery, columns: tuple[Column, ...] | None, reporter: Reporter
) -> Source:
    reporter.enter(Stage.READING, "reading the file")
    try:
        return _received(parts, delivery, columns, reporter)
    except FileNotFoundError as error:
        raise UploadGone(delivery.file_name) from error


def _received(
    parts: Parts, delivery: Delivery, columns: tuple[Column, ...] | None, reporter: Reporter
) -> Source:
    return receive(
        parts,
        source_id=SourceId(delivery.source),
        party=delivery.party,
        path=upload_path(parts, UploadId(delivery.upload)),
        file_name=delivery.file_name,
        # What is appended is read in the types that are there, not in newly inferred ones.
        schema=delivery.schema or columns,
        options=replace(delivery.options, exact=columns is not None and delivery.schema is None),
        sha256=delivery.sha256,
        progress=partial(reporter.step, Stage.READING),
    )


def _plan(
    delivery: Delivery,
    dataset: Dataset,
    source: Source,
    *,
    number: int,
    held: Release | None,
    before: Before,
) -> _Plan:
    base = before.columns or source.columns
    if differing := differences(base, source.columns):
        raise SchemaDiffers(differing)
    whole = before.whole
    policy = before.policy.policy if before.policy else None
    return _Plan(
        delivery=delivery,
        dataset=dataset,
        source=source,
        number=number,
        held=held,
        columns=noted(released(base, policy), dataset.columns),
        arriving=Arriving(
            dataset=dataset,
            number=number,
            sources=(*before.sources, source) if whole else (source,),
            columns=base,
            before=before,
        ),
    )


def _unchanged(parts: Parts, plan: _Plan) -> list[WrittenFile]:
    return as_written(parts.tables.snapshot(plan.source_table, 1))


def _files(parts: Parts, plan: _Plan, reporter: Reporter) -> list[WrittenFile]:
    """Return the files that the release adds: the source's own, or written in its schema."""
    if plan.unchanged:
        return _unchanged(parts, plan)
    reporter.step(Stage.CHECKING, "bringing the columns in line", 0.0)
    treated = plan.admitted.path if plan.admitted else None
    if treated is not None:
        names = ", ".join(identifier(column.name) for column in plan.columns)
        sql, inputs = f"SELECT {names} FROM treated", {"treated": [str(treated)]}
    else:
        sql = casting(plan.columns, plan.source.columns)
        inputs = {"arriving": parts.tables.file_uris(plan.source_table, 1)}
    return parts.engine.write(
        sql,
        inputs,
        parts.tables.folder(plan.dataset.table),
        # A name is never used twice: whoever lost the lock while writing can spoil nothing.
        prefix=f"{parts.new_id('part')}-",
    )


def _certified(parts: Parts, plan: _Plan, files: list[WrittenFile]) -> Certified:
    """Sign what was done and found."""
    assert plan.admitted is not None
    before = plan.arriving.before
    table = plan.source_table if plan.unchanged else plan.dataset.table
    digests = [parts.tables.digest(table, file.path) for file in files]
    sources = plan.arriving.sources
    drawn, rows = plan.admitted.certificate, sum(file.rows for file in files)
    if not plan.replaces and plan.held is not None:
        digests = [*(before.newest.files if before.newest else ()), *digests]
        sources, rows = (*before.sources, plan.source), rows + plan.held.rows
    delivered = [source.sha256 for source in sources]
    secret = plan.admitted.about_people
    made = replace(
        drawn,
        dataset=plan.dataset.slug,
        release=plan.number,
        input_sha256="" if secret else joined(delivered),
        input_hmac_sha256=(keyed(parts.keys.secret, plan.dataset.id, delivered) if secret else ""),
        output_sha256=joined(digests),
        files=tuple(digests),
        rows=rows,
        made_at=parts.clock.now(),
    )
    return Certified(
        number=plan.number,
        policy_version=plan.admitted.policy_version,
        treatment=made.treatment,
        content=made.signed(parts.keys.signing).to_bytes().decode(),
    )


def _examined(
    parts: Parts, plan: _Plan, files: list[WrittenFile], reporter: Reporter
) -> Examination:
    return examine(
        Files(engine=parts.engine, uris=_uris(parts, plan, files)),
        dataset=plan.dataset,
        columns=plan.columns,
        delivered=plan.source.rows + plan.source.rejected,
        rejected=plan.source.rejected,
        now=parts.clock.now(),
        progress=partial(reporter.step, Stage.CHECKING),
    )


def _uris(parts: Parts, plan: _Plan, files: list[WrittenFile]) -> list[str]:
    table = plan.dataset.table
    if not files:
        return parts.tables.file_uris(table, plan.number)
    before = (
        [] if plan.replaces or not plan.held else parts.tables.file_uris(table, plan.held.number)
    )
    folder = parts.tables.folder(plan.source_table if plan.unchanged else table)
    return [*before, *(f"{folder}/{file.path}" for file in files)]


def _commit(parts: Parts, plan: _Plan, files: list[WrittenFile], reporter: Reporter) -> None:
    reporter.enter(Stage.PUBLISHING, "writing the release")
    table, schema, now = plan.dataset.table, arrow_schema(plan.columns), parts.clock.now()
    parts.tables.create(table, schema, at=now)
    if plan.unchanged:
        parts.tables.copy_files(plan.source_table, [file.path for file in files], table)
    parts.tables.commit(
        table,
        files,
        version=plan.number,
        replace=plan.replaces,
        schema=schema,
        at=now,
    )


def _show(parts: Parts, plan: _Plan, found: Examination) -> None:
    """Make the release visible, in one transaction with all that tells of it."""
    snapshot = parts.tables.snapshot(plan.dataset.table, plan.number)
    with parts.db.begin() as tx:
        dataset = store.lock_dataset(tx, plan.dataset.id)
        if delivery_store.lock(tx, plan.delivery.id).ended:
            return
        release = Release(
            dataset=dataset.id,
            number=plan.number,
            mode="replace" if plan.replaces else "append",
            delivery=plan.delivery.id,
            sources=(*(plan.held.sources if plan.held else ()), plan.source.id),
            rows=sum(file.rows for file in snapshot.files),
            bytes=sum(file.size_bytes for file in snapshot.files),
            columns=plan.columns,
            published_at=parts.clock.now(),
            note=plan.delivery.note,
            quality=found.quality.score,
        )
        store.add_release(tx, release)
        store.add_findings(tx, dataset.id, plan.number, found)
        store.touch(tx, dataset.id, release.published_at)
        delivery_store.succeed(tx, plan.delivery.id, release.published_at)
        record(tx, facts.release_published(dataset, release, plan.source, plan.delivery.account))
        _show_certificate(tx, dataset, release)
        reindex(tx, store.dataset(tx, dataset.id), release)
        defer(tx, RELEASED, lock=f"released:{dataset.id}", dataset=dataset.id, number=plan.number)


def _show_certificate(tx: Connection, dataset: Dataset, release: Release) -> None:
    """Tell of the certificate, and let what gives answers be asked from now on."""
    made = certificate_of(tx, dataset.id, release.number)
    if made is None:  # committed by a version before there were certificates
        return
    record(tx, facts.release_certified(dataset, made, release.published_at))
    held = policy_of(tx, dataset.id, made.policy_version)
    if held is not None and made.treatment == Treatment.ANSWERS:
        spec = privacy.AnswerSpec.from_json(held.policy.answers or {})
        privacy.open_answers(tx, dataset.id, release.number, spec, release.published_at)


def _hold(parts: Parts, delivery: Delivery, reason: ExchangeError) -> None:
    """Write in words what the delivery waits for; it goes on when its provider sets a policy."""
    failure = Failure(code=reason.code, error=str(reason), advice=reason.advice)
    now = parts.clock.now()
    with parts.db.begin() as tx:
        if delivery_store.lock(tx, delivery.id).ended:
            return
        delivery_store.hold(tx, delivery.id, failure, now)
        record(tx, facts.delivery_held(delivery, failure, now))


def _give_up(
    parts: Parts, delivery: Delivery, error: ExchangeError, cause: Exception | None = None
) -> None:
    """Write in words why there is no release; raise where there has to be one after all."""
    with parts.db.begin() as tx:
        held = delivery_store.lock(tx, delivery.id)
        dataset = store.dataset(tx, delivery.dataset)
        version = parts.tables.version(dataset.table) or 0
        if held.release is not None and version >= held.release:
            raise cause or error
        failure = Failure(code=error.code, error=str(error), advice=error.advice)
        now = parts.clock.now()
        delivery_store.fail(tx, delivery.id, failure, now)
        record(tx, facts.delivery_failed(delivery, failure, now))
