"""The gate between a source table and a release: rows about people pass only under a policy.

Every delivery is classified. Where nothing in it tells of people it goes on as it is. Where
something does, the dataset's policy is carried out, and what comes of it is measured and attacked;
without a policy, or where one fails, the delivery waits for its provider, who finds a proposal
beside it. Docs: decisions/0121, 0122.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Connection

from torvet import privacy
from torvet.ingest import Column, Source, SourceId
from torvet.ingest import source as source_of
from torvet.kit.errors import ExchangeError, Kind
from torvet.ports.engine import QueryEngine
from torvet.ports.parts import Parts
from torvet.privacy import (
    KS,
    REPEATED_MIN,
    Certificate,
    Classification,
    Held,
    Made,
    Policy,
    PolicyFailed,
    PolicyNeeded,
    Preset,
    Role,
    Treatment,
    Tried,
    certificate_of,
    classify_readable,
    lowered,
    objections,
    policy_of,
    propose,
    put_proposal,
    strengthened,
    treat,
)

from . import delivery_store, store
from .beside import Earlier, alike, judged, released, releases_before, said_of_answers
from .local_files import paths_of, room, together, uris_of
from .model import Dataset, Release

SOURCE = "source"
TREATED = "treated.parquet"
TOGETHER = "together.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a delivery follows: the policy in force, and what the newest release was made by.

    `columns` and `sources` are those of the rows that it is added to, before any treatment.
    """

    policy: Held | None
    newest: Certificate | None = None
    releases: tuple[Earlier, ...] = ()
    """All that have a certificate, the newest first; none where no policy is in force."""
    treated: bool = False
    columns: tuple[Column, ...] | None = None
    sources: tuple[Source, ...] = ()

    @property
    def treatment(self) -> Treatment:
        """Return what is done with the rows by the policy in force."""
        return self.policy.policy.treatment if self.policy else Treatment.AS_IS

    @property
    def whole(self) -> bool:
        """Say whether rows cannot simply be added: they are treated together, or were."""
        return self.treated or self.treatment is not Treatment.AS_IS


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """What is to be a release: the rows of `sources`, in the columns of the first of them."""

    dataset: Dataset
    number: int
    sources: tuple[Source, ...]
    columns: tuple[Column, ...]
    before: Before


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What passed: a file of treated rows, or the rows as they are where `path` is None."""

    certificate: Certificate
    policy_version: int | None
    path: Path | None = None
    about_people: bool = True
    """Whether the rows tell of people as they were delivered: their digest is then nobody's."""


@dataclass(eq=False)
class Withheld(Exception):
    """The delivery waits: `reason` says for what. It is no failure."""

    reason: ExchangeError


def before(tx: Connection, dataset: Dataset, newest: Release | None, *, append: bool) -> Before:
    """Gather what a delivery to `dataset` follows."""
    policy = policy_of(tx, dataset.id)
    if newest is None:
        return Before(policy=policy)
    written = certificate_of(tx, dataset.id, newest.number)
    treated = written is not None and written.treatment != Treatment.AS_IS
    sources = tuple(source_of(tx, SourceId(it)) for it in newest.sources) if append else ()
    return Before(
        policy=policy,
        newest=None if written is None else written.certificate,
        releases=() if policy is None else releases_before(tx, dataset, newest.number),
        treated=treated,
        columns=(sources[0].columns if treated else newest.columns) if append else None,
        sources=sources,
    )


def admit(parts: Parts, arriving: Arriving, folder: Path) -> Admitted:
    """Return what may be released of `arriving`; raise Withheld where it has to wait."""
    table = _Delivered(engine=parts.engine, uris=uris_of(parts, arriving.sources))
    found = classify_readable(table)
    held = arriving.before.policy
    try:
        against = objections(held.policy if held else None, found)
        if against and held is None:
            raise PolicyNeeded(found.personal_columns)
        if against:
            raise PolicyFailed(against)
        if arriving.before.treatment is Treatment.AS_IS:
            return _as_it_is(parts, arriving, found, folder)
        assert held is not None
        return _treated(parts, arriving, found, held, folder)
    except ExchangeError as reason:
        if reason.kind is Kind.UNAVAILABLE:  # of ours, and soon over: no policy can mend it
            raise
        if found.personal or held is not None:
            _propose(parts, arriving, table, found, folder)
        raise Withheld(reason) from reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivered:
    """Source tables, as the classification reads them."""

    engine: QueryEngine
    uris: Sequence[str]

    def rows(self, sql: str) -> list[dict[str, object]]:
        return self.engine.rows(sql, {SOURCE: self.uris})

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        with self.engine.stream(sql, {SOURCE: self.uris}) as batches:
            yield from batches

    def sample(self, rows: int) -> pa.Table:
        return self.engine.sample(self.uris, rows)


def _as_it_is(parts: Parts, arriving: Arriving, found: Classification, folder: Path) -> Admitted:
    held = arriving.before.policy
    policy = held.policy if held else None
    remarks = [found.reason]
    if policy is not None and policy.basis is not None and found.personal:
        said = policy.basis
        remarks.append(
            f"Rows about people are released as they are, on the ground {said.ground.value}"
            f" ({said.reference}): {said.reason}"
        )
    drawn = Certificate(
        treatment=Treatment.AS_IS.value,
        rows=sum(source.rows for source in arriving.sources),
        policy=policy.to_json() if policy else {},
        remarks=tuple(remarks),
    )
    if found.personal and policy is not None:
        of_answers = said_of_answers(policy, arriving.before.releases)
        drawn = replace(drawn, remarks=(*drawn.remarks, *of_answers))
    if found.personal:
        drawn = _measured(parts, arriving, found, drawn, folder)
    path = None
    if arriving.before.treated and len(arriving.sources) > 1:
        path = together(parts, arriving.sources, arriving.columns, folder / TOGETHER)
    return Admitted(
        certificate=drawn,
        policy_version=held.version if held else None,
        path=path,
        about_people=found.personal,
    )


def _measured(
    parts: Parts, arriving: Arriving, found: Classification, drawn: Certificate, folder: Path
) -> Certificate:
    """Tell how safe rows about people are, that leave as they are: mostly not at all."""
    quasi = found.named(Role.QUASI_IDENTIFIER)
    if not quasi:
        return drawn
    risk = privacy.risk.report(_paths(parts, arriving, folder), quasi, found.named(Role.SENSITIVE))
    return replace(
        drawn,
        models_found={"k": risk.k, "l": risk.l, "t": risk.t},
        risk={
            "prosecutor": risk.prosecutor,
            "journalist": risk.journalist,
            "marketer": risk.marketer,
        },
    )


def _treated(
    parts: Parts, arriving: Arriving, found: Classification, held: Held, folder: Path
) -> Admitted:
    policy, paths = held.policy, _paths(parts, arriving, folder)
    of_answers = said_of_answers(policy, arriving.before.releases)
    if policy.treatment is Treatment.ANONYMISE and found.unit is not None:
        _refuse_streams(policy, paths, found.unit)
    releases, dataset = arriving.before.releases, arriving.dataset
    like = [it for it in releases if alike(it, policy)]
    made = treat(
        policy,
        paths,
        folder / TREATED,
        # A transformation stays as long as its hierarchies do: see decisions/0125.
        kept=like[0].certificate.transformation if like else None,
        earlier=[released(parts, dataset, it, folder) for it in like],
        tried=Tried(rows=parts.settings.privacy_attack_rows),
    )
    new = Made(
        number=arriving.number,
        policy=policy,
        transformation=made.certificate.transformation,
        delivered=paths,
        released=[str(made.path)],
        sources=frozenset(it.id for it in arriving.sources),
    )
    beside = judged(parts, dataset, new, [it for it in releases if it not in like], folder)
    drawn = made.certificate
    if policy.treatment is Treatment.ANSWERS:
        drawn = _answering(parts, arriving, policy, drawn)
    certificate = replace(
        drawn,
        remarks=(
            found.reason,
            *lowered(policy, found),
            *drawn.remarks,
            *beside,
            *of_answers,
        ),
    )
    return Admitted(certificate=certificate, policy_version=held.version, path=made.path)


def _refuse_streams(policy: Policy, paths: Sequence[str], unit: str) -> None:
    """Refuse rows that follow somebody: ten rows that look alike may then all be one's.

    Raises RowReleaseRefused with the figures of others where rows have times, else PolicyFailed.
    """
    schema = pq.read_schema(paths[0])
    moments = [
        name
        for name, role in policy.roles.items()
        if role is not Role.IDENTIFIER
        and name in schema.names
        and pa.types.is_temporal(schema.field(name).type)
    ]
    stream = "mobility" if policy.preset == "mobility" else "households"
    rows = pq.ParquetDataset(list(paths)).read(columns=[unit, *moments])
    for name in moments:
        privacy.refuse_table(rows, unit=unit, time=name, stream=stream)
    each = rows.num_rows / max(1, pc.count_distinct(rows[unit]).as_py())
    if each >= REPEATED_MIN:
        why = (
            f"each value of {unit!r} stands in {each:.1f} rows: rows that look alike may all be"
            " one's. Aggregate them, or give answers with noise"
        )
        raise PolicyFailed((why,))


def _answering(parts: Parts, arriving: Arriving, policy: Policy, drawn: Certificate) -> Certificate:
    """Make the table that answers are drawn from; return the certificate with what is spent yet."""
    dataset, number = arriving.dataset.id, arriving.number
    spec = privacy.AnswerSpec.from_json(policy.answers or {})
    # What an attempt before this one left may be made by another policy.
    parts.tables.remove(privacy.table_of(dataset, number))
    privacy.prepare_answers(
        parts,
        dataset,
        number,
        uris=uris_of(parts, arriving.sources),
        spec=spec,
    )
    with parts.db.begin() as tx:
        spent = privacy.spent(tx, dataset, spec, parts.clock.now())
    words = (
        f"{spent:,} micro-ρ were spent when this was signed; what is spent by now is stated, and"
        f" signed, at /api/datasets/{arriving.dataset.slug}/budget."
    )
    return replace(drawn, budget_micro_rho=spent, remarks=(*drawn.remarks, words))


def _paths(parts: Parts, arriving: Arriving, folder: Path) -> list[str]:
    """Return the source's rows as Parquet files of this machine, all in one schema."""
    return paths_of(parts, arriving.sources, arriving.columns, folder / TOGETHER)


def _propose(
    parts: Parts, arriving: Arriving, table: _Delivered, found: Classification, folder: Path
) -> None:
    """Write down what was found and what could be done, for the provider to look at."""
    held = arriving.before.policy
    preset = (held.policy.preset or None) if held else None
    proposal = _proposal(parts, arriving, table, found, preset, folder)
    with parts.db.begin() as tx:
        put_proposal(tx, arriving.dataset.id, arriving.sources[-1].id, proposal, parts.clock.now())


def proposed_by(
    parts: Parts, dataset: Dataset, source_id: str, preset: Preset
) -> dict[str, object]:
    """Return what would be proposed for a source that waited, with the numbers of `preset`."""
    with parts.db.begin() as tx:
        delivery = delivery_store.by_source(tx, [source_id])[source_id]
        newest = store.newest_release(tx, dataset.id)
        was = before(tx, dataset, newest, append=delivery.mode == "append")
        source = source_of(tx, SourceId(source_id))
    arriving = Arriving(
        dataset=dataset,
        number=newest.number + 1 if newest else 1,
        sources=(*was.sources, source) if was.whole else (source,),
        columns=was.columns or source.columns,
        before=was,
    )
    table = _Delivered(engine=parts.engine, uris=uris_of(parts, arriving.sources))
    found = classify_readable(table)
    with room(parts) as folder:
        return _proposal(parts, arriving, table, found, preset.name, folder)


def _proposal(  # noqa: PLR0917 - everything that a proposal is made of
    parts: Parts,
    arriving: Arriving,
    table: _Delivered,
    found: Classification,
    preset: str | None,
    folder: Path,
) -> dict[str, object]:
    policy = propose(found, table, preset)
    if policy.treatment is Treatment.ANONYMISE:
        policy = strengthened(policy, _paths(parts, arriving, folder))
    return {
        "release": arriving.number,
        "found": found.to_json(),
        "policy": policy.to_json(),
        "costs": _costs(parts, arriving, policy, folder),
    }


def _costs(
    parts: Parts, arriving: Arriving, policy: Policy, folder: Path
) -> list[dict[str, object]]:
    """Return what each k would cost, or nothing where that cannot be told."""
    asked = policy.anonymise
    if asked is None or not asked.hierarchies:
        return []
    try:
        return privacy.costs_of(
            _paths(parts, arriving, folder),
            privacy.hierarchies_of(asked.hierarchies),
            KS,
            suppression_limit=asked.suppression_limit,
        )
    except ExchangeError:
        return []
