"""Writing down all that is held about a party, as of one moment."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from sqlalchemy import Connection, text

from torvet import audit, parties
from torvet.audit import Fact, record
from torvet.kit.canonical import canonical
from torvet.kit.moments import to_text
from torvet.parties import Caller, Party, Role
from torvet.ports.moment import one_moment
from torvet.ports.parts import Parts
from torvet.ports.sql import identifier

from .held import HELD, Held

FOLDER = "temporary"
_BY_NAME = {held.table: held for held in HELD}

README = """\
All that {exchange} holds about {party}, as of {at}.

rows/*.ndjson   what stands in the exchange's tables, one row a line: amounts in minor units,
                moments in UTC
log/facts.ndjson
                every sealed fact in which you are named: its position in the log, and its bytes
log/checkpoint.txt
                the signed checkpoint that covers them

`torvet receipt POSITION` fetches the proof that a fact stands in the log, and `torvet verify`
checks it without asking the exchange.

Alt, hvad {exchange} har om {party}. rows/ er tabellernes rækker, log/ er de forseglede
kendsgerninger, hvori I er nævnt, med det underskrevne kontrolpunkt.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A ZIP archive in a file that the reader removes, and how much is in it."""

    path: Path
    name: str
    rows: int
    facts: int


def take_home(parts: Parts, caller: Caller) -> Taken:
    """Write everything about the caller's party into an archive, as of one moment.

    For owners of a party and for citizens (Data Governance Act art. 12(o); GDPR art. 15 and 20).
    The deed is a fact. Raises NotAllowed; StorageFull is told by the file's own error.
    """
    parties.check(caller, Role.OWNER)
    assert caller.party is not None, "an owner acts for a party"
    now = parts.clock.now()
    audit.seal(parts)
    checkpoint = audit.newest_checkpoint(parts)
    folder = parts.settings.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(prefix="activity-", suffix=".zip", dir=folder, delete=False) as target:
        path = Path(target.name)
    try:
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            one_moment(parts.db) as tx,
        ):
            party = parties.party(tx, caller.party)
            rows = sum(_rows(tx, archive, held, party) for held in HELD)
            facts = _facts(tx, archive, party, checkpoint.size)
            archive.writestr("log/checkpoint.txt", checkpoint.note)
            said = README.format(exchange=parts.settings.name, party=party.name, at=to_text(now))
            archive.writestr("README.txt", said)
        with parts.db.begin() as tx:
            record(
                tx,
                Fact(
                    name="activity-taken-home",
                    at=now,
                    actor=caller.actor,
                    subject=party.id,
                    parties=(party.id,),
                    body={"rows": rows, "facts": facts},
                ),
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    name = f"{party.slug}-{now:%Y-%m-%d}.zip"
    return Taken(path=path, name=name, rows=rows, facts=facts)


def _rows(tx: Connection, archive: zipfile.ZipFile, held: Held, party: Party) -> int:
    shown = "to_jsonb(t) - cast(:without as text[])"
    query = f"select ({shown})::text from {identifier(held.table)} t where {_where(held)}"
    asked = {"party": party.id, "without": list(held.without)}
    found = tx.execute(text(query), asked, execution_options={"yield_per": 1_000}).scalars()
    with archive.open(f"rows/{held.table}.ndjson", "w", force_zip64=True) as target:
        return _lines(target, (row.encode() for row in found))


def _where(held: Held, alias: str = "t") -> str:
    """Return the condition under which a row is about `:party`."""
    own = [f"{alias}.{identifier(column)} = :party" for column in held.by]
    own += [f":party = any({alias}.{identifier(column)})" for column in held.among]
    if held.of:
        of, inner = _BY_NAME[held.of], f"{alias}_"
        own.append(
            f"{alias}.{identifier(held.column)} in (select {inner}.{identifier(held.key)} "
            f"from {identifier(of.table)} {inner} where {_where(of, inner)})"
        )
    return " or ".join(own)


def _facts(tx: Connection, archive: zipfile.ZipFile, party: Party, size: int) -> int:
    with archive.open("log/facts.ndjson", "w", force_zip64=True) as target:
        return _lines(
            target,
            (
                canonical({"position": sealed.position, "leaf": sealed.leaf.decode()})
                for sealed in audit.facts_of(tx, party.id)
                if sealed.position < size
            ),
        )


def _lines(target: IO[bytes], lines: Iterator[bytes]) -> int:
    count = 0
    for line in lines:
        target.write(line + b"\n")
        count += 1
    return count
