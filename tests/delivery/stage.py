"""A cast of three and what they do before anything is delivered: publish, offer, agree."""

import itertools
import json
from dataclasses import dataclass, field
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import text

from torvet import catalogue, contracts
from torvet.catalogue import store as catalogue_store
from torvet.catalogue.hooks import tell
from torvet.catalogue.model import DeliveryId, Release, Visibility
from torvet.contracts import Draft
from torvet.ingest import Column, ColumnType
from torvet.parties import PartyKind, issue_token, register_organisation
from torvet.parties.account_service import sign_up
from torvet.parties.model import ALL_SCOPES, Caller, Role

PURPOSE = "ResearchAndDevelopment"
AARHUS_CVR, STARTUP_CVR, STRANGER_CVR = "55133018", "29189846", "10150817"
_numbers = itertools.count(1)

_TYPES = {
    "int64": ColumnType.INTEGER,
    "double": ColumnType.NUMBER,
    "string": ColumnType.TEXT,
    "bool": ColumnType.BOOLEAN,
    "date32[day]": ColumnType.DATE,
    "timestamp[us]": ColumnType.TIMESTAMP,
    "timestamp[us, tz=UTC]": ColumnType.INSTANT,
}


def column_of(arrow):
    kind = str(arrow.type)
    if kind.startswith("decimal"):
        scale = arrow.type.scale
        return Column(
            name=arrow.name, type=ColumnType.DECIMAL, precision=arrow.type.precision, scale=scale
        )
    return Column(name=arrow.name, type=_TYPES[kind])


@dataclass
class Cast:
    """The exchange with Alma (City of Aarhus), Bo (a start-up) and Carla (a stranger)."""

    parts: object
    tmp: object
    people: dict = field(default_factory=dict)

    def caller(self, name, cvr):
        if name not in self.people:
            number = next(_numbers)
            standing = sign_up(
                self.parts,
                email=f"{name}.{number}@example.org",
                name=name.title(),
                password="a square with many stalls",
            )
            account = standing.account
            me = Caller(
                account=account.id,
                party=account.citizen_party,
                roles=frozenset(Role),
                scopes=ALL_SCOPES,
                via="session",
                operator=False,
                token=None,
                email=account.email,
            )
            party = register_organisation(
                self.parts, me, name=f"{name.title()} A/S", kind=PartyKind.PRIVATE, cvr=cvr
            )
            self.people[name] = Caller(
                account=account.id,
                party=party.id,
                roles=frozenset(Role),
                scopes=ALL_SCOPES,
                via="session",
                operator=False,
                token=None,
                email=account.email,
            )
        return self.people[name]

    @property
    def alma(self):
        return self.caller("alma", AARHUS_CVR)

    @property
    def bo(self):
        return self.caller("bo", STARTUP_CVR)

    @property
    def carla(self):
        return self.caller("carla", STRANGER_CVR)

    def dataset(self, slug=None):
        """Describe a dataset of Alma's; every test has its own."""
        return catalogue.create(
            self.parts,
            self.alma,
            {
                "slug": slug or f"parking-{next(_numbers)}",
                "title": {"en": "Parking"},
                "visibility": Visibility.PUBLIC,
            },
        )

    def dataset_with_release(self, *tables):
        made = self.dataset()
        self.publish(made, *(tables or (parking(),)))
        return made

    def publish(self, dataset, *tables, mode="append"):
        """Publish one release with a file for each of `tables`, as the catalogue does."""
        parts = self.parts
        now = parts.clock.now()
        schema = tables[0].schema
        newest = parts.tables.version(dataset.table)
        if newest is None:
            parts.tables.create(dataset.table, schema, at=now)
            newest = 0
        number = newest + 1
        written = []
        for place, table in enumerate(tables):
            local = self.tmp / f"{dataset.id}-{number}-{place}.parquet"
            pq.write_table(table, local)
            if table.num_rows:
                folder = parts.tables.folder(dataset.table)
                written += parts.engine.write(
                    "SELECT * FROM t", {"t": [str(local)]}, folder, prefix=f"r{number}-{place}-"
                )
        parts.tables.commit(
            dataset.table,
            written,
            version=number,
            replace=mode == "replace",
            schema=schema,
            at=now,
        )
        release = Release(
            dataset=dataset.id,
            number=number,
            mode=mode,
            delivery=DeliveryId(parts.new_id("dl")),
            sources=(),
            rows=sum(t.num_rows for t in tables),
            bytes=sum(f.size_bytes for f in written),
            columns=tuple(column_of(f) for f in schema),
            published_at=now,
        )
        with parts.db.begin() as tx:
            catalogue_store.add_release(tx, release)
        tell(parts, dataset.id, number)
        return release

    def agree(self, dataset, *clauses):
        """Make an offer with these clauses, and let Bo accept it."""
        draft = Draft(title="Terms", clauses=clauses, preview_acknowledged=True)
        offer = contracts.make_offer(self.parts, self.alma, dataset.slug, draft)
        return contracts.accept(self.parts, self.bo, offer.id, purpose=PURPOSE)

    def agree_blind(self, dataset):
        """Agree before there is a release."""
        return self.agree(dataset)

    def revoke(self, contract, reason="the sensor was moved"):
        return contracts.revoke(self.parts, self.alma, contract.id, reason=reason)

    def token(self, caller, *scopes):
        with self.parts.db.begin() as tx:
            _, secret = issue_token(
                tx,
                self.parts,
                party=caller.party,
                account=caller.account,
                name="test",
                scopes=scopes or ["read"],
                expires_at=self.parts.clock.now() + timedelta(days=30),
            )
        return secret

    def usage(self, contract):
        """Return the bodies of the usage facts of a contract, oldest first."""
        with self.parts.db.begin() as tx:
            leaves = tx.execute(text("SELECT leaf FROM facts ORDER BY serial")).scalars()
            read = [json.loads(leaf) for leaf in leaves]
        return [
            f["body"] for f in read if f["name"] == "usage" and f["body"]["contract"] == contract.id
        ]


def parking(rows=10, start=0, garages=("BRUUNS", "SALLING")):
    """Rows of parking counts, each different."""
    numbers = range(start, start + rows)
    return pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "garage": [garages[n % len(garages)] for n in numbers],
            "vehicles": pa.array([n * 3 % 100 for n in numbers], pa.int64()),
        }
    )
