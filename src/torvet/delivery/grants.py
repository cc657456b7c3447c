"""URLs that open single files: the exchange's own over a folder, the store's own elsewhere."""

import json
from datetime import datetime, timedelta
from typing import Any

from torvet.ports.parts import Parts
from torvet.ports.tables import DeltaCommit

from .model import Change, Part
from .reach import Reached
from .signing import FileGrant
from .snapshots import Snapshot, actions, snapshot


class Granter:
    """Hands out URLs of one table's files under one contract, all with the same end."""

    def __init__(self, parts: Parts, found: Reached, table: str) -> None:
        self._parts = parts
        self._contract = found.contract.id
        self._table = table
        self._times = {m.version: int(m.at.timestamp() * 1000) for m in found.history}
        self._expires = self._end(parts.clock.now(), found.contract.ends_at)

    def _end(self, now: datetime, contract_end: datetime | None) -> datetime:
        end = now + timedelta(seconds=self._parts.settings.file_url_lifetime_s)
        return end if contract_end is None else min(end, contract_end)

    def part(
        self, path: str, *, size: int, rows: int, stats: str, version: int, modified_ms: int
    ) -> Part:
        """Return one file with a URL that opens it."""
        return Part(
            path=path,
            url=self._url(path, version),
            size_bytes=size,
            rows=rows,
            stats=stats,
            version=version,
            timestamp_ms=self._times.get(version, 0),
            modified_ms=modified_ms,
            expires_ms=int(self._expires.timestamp() * 1000),
        )

    def all_of(self, shown: Snapshot) -> list[Part]:
        """Return every file of a version, for the sums in its metadata; none has a URL."""
        return [
            Part(
                path=file.path,
                url="",
                size_bytes=file.size_bytes,
                rows=file.rows,
                stats="",
                version=file.version,
                timestamp_ms=0,
                modified_ms=0,
                expires_ms=0,
            )
            for file in shown.delta.files
        ]

    def changes(self, commit: DeltaCommit) -> list[Change]:
        """Return what one version added, removed or changed."""
        gone = actions(commit, "remove")
        before = self._before(commit.version) if gone else {}
        found = [Change(kind="remove", part=self._changed(a, commit.version, before)) for a in gone]
        found += [
            Change(kind=kind, part=self._changed(a, commit.version, before))
            for action, kind in (("cdc", "cdf"), ("add", "add"))
            for a in actions(commit, action)
        ]
        return found

    def _before(self, version: int) -> dict[str, tuple[int, int]]:
        files = snapshot(self._parts, self._table, version - 1).delta.files
        return {f.path: (f.size_bytes, f.rows) for f in files}

    def _changed(
        self, action: dict[str, Any], version: int, before: dict[str, tuple[int, int]]
    ) -> Part:
        path = str(action["path"])
        stats = str(action.get("stats") or "")
        size, rows = before.get(path, (0, 0))
        if stats:
            rows = int(json.loads(stats).get("numRecords", 0))
        return self.part(
            path,
            size=int(action.get("size") or size),
            rows=rows,
            stats=stats,
            version=version,
            modified_ms=int(action.get("modificationTime") or self._times.get(version, 0)),
        )

    def _url(self, path: str, version: int) -> str:
        parts = self._parts
        if parts.tables.local_path(self._table, path) is None:
            lifetime = self._expires - parts.clock.now()
            presigned = parts.tables.signed_url(self._table, path, lifetime)
            assert presigned is not None, "a store is either on this disk or signs its own URLs"
            return presigned
        grant = FileGrant(
            contract=self._contract,
            table=self._table,
            path=path,
            release=version,
            expires_s=int(self._expires.timestamp()),
        )
        return grant.url(parts.keys.secret, parts.settings.url)
