"""The deeds behind the Delta Sharing server: what a reader may list, ask and read."""

from collections.abc import Sequence
from dataclasses import dataclass

from torvet.contracts import Admission, Contract, admit, still_allowed
from torvet.parties import Caller
from torvet.ports.parts import Parts

from . import capabilities, lines, reach, travel
from .errors import TableNotFound
from .failures import failures_told
from .grants import Granter
from .hints import understood
from .model import Agreed, Capabilities, Channel, LogFormat, Part, SharedTable, Use
from .paging import PageAsk
from .projections import ensure
from .pruning import kept, limited
from .snapshots import Snapshot, actions, commits, snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class TableQuery:
    """The body of `POST …/query`, as far as it means something here."""

    predicate_hints: tuple[str, ...] = ()
    json_predicate_hints: str | None = None
    limit_hint: int | None = None
    version: int | None = None
    timestamp: str | None = None
    starting_version: int | None = None
    ending_version: int | None = None
    historical_protocol: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuery:
    """The parameters of `GET …/changes`."""

    starting_version: int | None = None
    starting_timestamp: str | None = None
    ending_version: int | None = None
    ending_timestamp: str | None = None
    historical_metadata: bool = False
    historical_protocol: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the protocol: the version it is about, its shape and its body."""

    version: int
    agreed: Agreed
    body: bytes


def list_shares(parts: Parts, caller: Caller, page: PageAsk) -> tuple[list[Contract], str | None]:
    """Return one page of the shares that the caller's token opens, and the token of the next."""
    after = page.after(parts.keys.secret, "shares")
    with parts.db.begin() as tx:
        found = reach.shares(tx, parts, caller, after=after, limit=page.size + 1)
    shown = found[: page.size]
    if len(found) <= page.size:
        return shown, None
    last = shown[-1].share if shown else after
    return shown, page.next(parts.keys.secret, "shares", last)


def shared_table(
    parts: Parts, caller: Caller, share: str, schema: str | None = None
) -> SharedTable:
    """Return the one table of a share; raise ReadRefused where its contract is over."""
    with parts.db.begin() as tx:
        found = reach.by_share(tx, caller, share)
    if schema is not None and schema.casefold() != found.table.schema.casefold():
        raise TableNotFound(schema)
    _admit(parts, caller, found, rows=0, requests=0)
    return found.table


def on_page(
    parts: Parts, page: PageAsk, scope: str, table: SharedTable
) -> tuple[list[SharedTable], str | None]:
    """Return the page of a list that holds one table, and the token of the next."""
    name = table.name
    if page.after(parts.keys.secret, scope) >= name:
        return [], None
    return ([table], None) if page.size else ([], page.next(parts.keys.secret, scope, ""))


def table_version(
    parts: Parts, caller: Caller, names: Sequence[str], starting_timestamp: str | None
) -> int:
    """Return the newest version, or the first at or after `starting_timestamp`."""
    found = _open(parts, caller, names)
    _admit(parts, caller, found, rows=0, requests=0)
    if starting_timestamp is None:
        return found.newest
    return travel.first_at_or_after(found.history, travel.moment_from_text(starting_timestamp))


def table_metadata(
    parts: Parts,
    caller: Caller,
    names: Sequence[str],
    asked: Capabilities,
    *,
    version: int | None = None,
    timestamp: str | None = None,
) -> Answer:
    """Return protocol and metadata of one version of what the contract shows."""
    found = _open(parts, caller, names)
    _admit(parts, caller, found, rows=0, requests=0)
    agreed = capabilities.agree(asked)
    at = travel.snapshot_version(found.history, version, timestamp)
    shown = _shown(parts, found, at)
    travels = version is not None or timestamp is not None
    said = _head(agreed, found, shown, version=at if travels else None)
    if agreed.end_stream_action:
        said.append(lines.end_stream(()))
    return Answer(version=at, agreed=agreed, body=lines.body(said))


def query_table(
    parts: Parts, caller: Caller, names: Sequence[str], asked: Capabilities, query: TableQuery
) -> Answer:
    """Name the files of one version, or of a range of versions where the query starts at one.

    The rows named are counted against the contract before any URL leaves.
    """
    if query.starting_version is not None:
        travel.one_of(query.starting_version, query.timestamp, what="The query")
        travel.one_of(query.version, str(query.starting_version), what="The query")
        since = ChangeQuery(
            starting_version=query.starting_version,
            ending_version=query.ending_version,
            historical_metadata=True,
            historical_protocol=query.historical_protocol,
        )
        return table_changes(parts, caller, names, asked, since)
    found = _open(parts, caller, names)
    agreed = capabilities.agree(asked)
    at = travel.snapshot_version(found.history, query.version, query.timestamp)
    _refuse_early(parts, caller, found)
    with failures_told(parts, caller, found.contract.id, Channel.SHARING.value):
        shown = _shown(parts, found, at)
    wanted = understood(query.predicate_hints, query.json_predicate_hints)
    named = limited(kept(shown.delta.files, shown.types, wanted), query.limit_hint)
    rows = sum(file.rows for file in named)

    grants = Granter(parts, found, shown.table)
    files = [
        grants.part(
            f.path,
            size=f.size_bytes,
            rows=f.rows,
            stats=f.stats,
            version=f.version,
            modified_ms=f.modified_ms,
        )
        for f in named
    ]
    dated = query.version is not None or query.timestamp is not None
    said = _head(agreed, found, shown, version=at if dated else None, files=grants.all_of(shown))
    said += [lines.file(agreed.format, file, dated=dated) for file in files]
    return _delivered(
        parts, caller, found, agreed, version=at, rows=rows, parts_named=files, said=said
    )


def table_changes(
    parts: Parts, caller: Caller, names: Sequence[str], asked: Capabilities, query: ChangeQuery
) -> Answer:
    """Name the files that changed between two versions, both included."""
    found = _open(parts, caller, names)
    agreed = capabilities.agree(asked)
    first, last = travel.change_range(
        found.history,
        starting_version=query.starting_version,
        starting_timestamp=query.starting_timestamp,
        ending_version=query.ending_version,
        ending_timestamp=query.ending_timestamp,
    )
    _refuse_early(parts, caller, found)
    shown = _shown(parts, found, first)
    _shown(parts, found, last)
    grants = Granter(parts, found, shown.table)
    changed = [
        change
        for commit in commits(parts, shown.table, first, last)
        for change in grants.changes(commit)
    ]
    rows = sum(change.part.rows for change in changed)

    said = _head(agreed, found, shown, version=first, dated_protocol=query.historical_protocol)
    if query.historical_metadata or query.historical_protocol:
        said += _history(
            parts, found, shown.table, query, form=agreed.format, first=first, last=last
        )
    said += [lines.change(agreed.format, change) for change in changed]
    named = [change.part for change in changed]
    return _delivered(
        parts, caller, found, agreed, version=first, rows=rows, parts_named=named, said=said
    )


def _open(parts: Parts, caller: Caller, names: Sequence[str]) -> reach.Reached:
    with parts.db.begin() as tx:
        return reach.published(reach.by_table(tx, caller, *names))


def _admit(
    parts: Parts,
    caller: Caller,
    found: reach.Reached,
    *,
    rows: int,
    requests: int,
    bytes: int = 0,  # noqa: A002 - its name everywhere
) -> Admission:
    return admit(
        parts,
        found.contract.id,
        caller=caller,
        columns=None,
        rows=rows,
        bytes=bytes,
        requests=requests,
        channel=Channel.SHARING.value,
    )


def _refuse_early(parts: Parts, caller: Caller, found: reach.Reached) -> None:
    """Raise ReadRefused before a table is made for a contract that allows nothing any more."""
    with parts.db.begin() as tx:
        living = still_allowed(tx, found.contract.id, parts.clock.now())
    if not living:
        _admit(parts, caller, found, rows=0, requests=0)


def _shown(parts: Parts, found: reach.Reached, version: int) -> Snapshot:
    # Version 0 has the schema of the first release: it is made together with it.
    table = ensure(parts, found.dataset.id, found.contract.projection, max(version, 1))
    return snapshot(parts, table, version)


def _head(
    agreed: Agreed,
    found: reach.Reached,
    shown: Snapshot,
    *,
    version: int | None,
    files: Sequence[Part] | None = None,
    dated_protocol: bool = False,
) -> list[str]:
    return [
        lines.protocol(
            agreed.format, shown.delta.protocol, version=version if dated_protocol else None
        ),
        lines.metadata(
            agreed.format,
            shown.delta.metadata,
            name=found.dataset.slug,
            files=files,
            version=version,
        ),
    ]


def _history(
    parts: Parts,
    found: reach.Reached,
    table: str,
    query: ChangeQuery,
    *,
    form: LogFormat,
    first: int,
    last: int,
) -> list[str]:
    """Return the lines of what changed after `first` about the table itself."""
    said: list[str] = []
    for commit in commits(parts, table, first + 1, last) if last > first else ():
        if query.historical_protocol and form is LogFormat.DELTA:
            said += [
                lines.protocol(form, raw, version=commit.version)
                for raw in actions(commit, "protocol")
            ]
        if query.historical_metadata:
            said += [
                lines.metadata(form, raw, name=found.dataset.slug, version=commit.version)
                for raw in actions(commit, "metaData")
            ]
    return said


def _delivered(
    parts: Parts,
    caller: Caller,
    found: reach.Reached,
    agreed: Agreed,
    *,
    version: int,
    rows: int,
    parts_named: Sequence[Part],
    said: list[str],
) -> Answer:
    """Close the answer, let it through, and record it: the rows it names, and its own bytes.

    The files' own bytes are counted as they are fetched. Where the store hands them out itself,
    nobody here sees that, so they count as fetched once, now.
    """
    if agreed.end_stream_action:
        said.append(lines.end_stream(parts_named))
    body = lines.body(said)
    stored_elsewhere = sum(p.size_bytes for p in parts_named if not _is_ours(parts, p.url))
    weight = len(body) + stored_elsewhere
    admission = _admit(parts, caller, found, rows=rows, bytes=weight, requests=1)
    use = Use(
        contract=found.contract.id,
        dataset=found.dataset.id,
        release=version,
        channel=Channel.SHARING,
        rows=rows,
        bytes=weight,
        format=agreed.format.value,
    )
    with parts.db.begin() as tx:
        reach.note_use(tx, parts, found.contract, use, caller.actor, hold=admission.hold)
    return Answer(version=version, agreed=agreed, body=body)


def _is_ours(parts: Parts, url: str) -> bool:
    return url.startswith(f"{parts.settings.url.rstrip('/')}/files/")
