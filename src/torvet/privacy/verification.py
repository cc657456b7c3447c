"""A release checked against its certificate offline: all that can be computed from it alone.

What cannot be is named as such: a certificate is believed there, or not, by its signature. An
attacker's success, the loss and the rows left out are known only to whoever holds the source.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, TypedDict

import duckdb
import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from torvet import privacy
from torvet.kit.errors import ExchangeError
from torvet.kit.sql import identifier

from .certificates import Certificate, Signed, exact, figure, joined
from .classification.model import Role
from .policies import Policy, Treatment
from .sources import opened

NEAR = 1e-9
BEYOND = {
    "suppressed": "rows that were left out cannot be counted in what is left",
    "utility": "what was lost can be measured only beside the source",
    "risk.journalist": "against everybody in the population, the release is taken for it",
    "attacks": "they are made with the source at hand",
    "budget_micro_rho": "the ledger stays with the exchange, which signs what is spent when asked",
}
"""What a certificate says that its reader cannot compute, and why."""


class Outcome(StrEnum):
    """What came of one check."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "cannot be told"


class Line(TypedDict):
    """One thing that a certificate says, what was computed, and what came of it."""

    what: str
    stated: str
    computed: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Every line of a verification; it holds where none fails."""

    lines: tuple[Line, ...]

    @property
    def holds(self) -> bool:
        """Say whether nothing that was computed differs from what is stated."""
        return all(line["outcome"] != Outcome.FAILS for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"ok": self.holds, "lines": list(self.lines)}


def verify(file: Path | str, certificate: bytes, key: Ed25519PublicKey | None) -> Verification:
    """Compute from the release in `file` all that it can tell, and compare.

    Args:
        file: a Parquet or CSV file, a folder of Parquet files, or of a Delta table.
        certificate: what `GET …/certificate` answered.
        key: the exchange's public key, from a place that is trusted; without it nothing says
            who signed.

    Raises:
        CertificateInvalid: It is no certificate.
        SourceUnreadable: The file is no table.
    """
    signed = Signed.from_bytes(certificate)
    stated = signed.certificate
    return Verification(
        lines=(
            _signature(signed, key),
            *_bytes(Path(file), stated),
            *_rows(file, stated),
            _source(stated),
            *(_beyond(what, why) for what, why in BEYOND.items()),
        )
    )


def _signature(signed: Signed, key: Ed25519PublicKey | None) -> Line:
    if key is None:
        said = "no key is given: take the exchange's from a place that you trust"
        return Line(what="signature", stated="Ed25519", computed=said, outcome=Outcome.UNKNOWN)
    good = signed.genuine(key)
    said = "by this key" if good else "by another key, or over other words"
    return _line("signature", "by the exchange", said, holds=good)


def _bytes(file: Path, stated: Certificate) -> Iterator[Line]:
    """Compare digests: of all files, of one of several, or of none that the certificate knows."""
    paths = sorted(file.glob("*.parquet")) if file.is_dir() else [file]
    digests = []
    for path in paths:
        with path.open("rb") as content:
            digests.append(hashlib.file_digest(content, "sha256").hexdigest())
    if sorted(digests) == sorted(stated.files) or joined(digests) == stated.output_sha256:
        yield _line("output_sha256", stated.output_sha256, stated.output_sha256, holds=True)
    elif digests and set(digests) <= set(stated.files):
        yield _line("files", f"{len(stated.files)} files", f"{len(digests)} of them", holds=True)
    else:
        yield Line(
            what="output_sha256",
            stated=stated.output_sha256,
            computed=f"{joined(digests)}: other bytes, perhaps the same rows in another form",
            outcome=Outcome.UNKNOWN,
        )


def _rows(file: Path | str, stated: Certificate) -> Iterator[Line]:
    with duckdb.connect() as run:
        names, rows = _counted(run, file)
        part = _is_part(Path(file), stated)
        if part:
            yield Line(
                what="rows",
                stated=f"{stated.rows:,}",
                computed=f"{rows:,} in this part of the release",
                outcome=Outcome.UNKNOWN,
            )
        else:
            yield _line("rows", f"{stated.rows:,}", f"{rows:,}", holds=rows == stated.rows)
        policy = Policy.trusted(stated.policy) if stated.policy else None
        if policy is None:
            return
        yield from _no_identifiers(names, policy)
        match policy.treatment:
            case Treatment.AGGREGATE:
                yield from _cells(run, names, policy)
            case Treatment.ANSWERS:
                pass
            case _:
                yield from _measured(file, names, policy, stated, part=part)


def _is_part(file: Path, stated: Certificate) -> bool:
    return not file.is_dir() and len(stated.files) > 1


def _counted(run: duckdb.DuckDBPyConnection, file: Path | str) -> tuple[list[str], int]:
    with opened(file) as held:
        names = list(held.schema.names)
        wanted = [name for name in ("contributors", "suppressed") if name in names]
        batches = held.batches(wanted or names[:1])
        # Texts come as dictionaries, whatever the schema says: DuckDB believes what it is told.
        first = next(batches, None)
        if first is None:
            run.register("arriving", held.schema.empty_table())
        else:
            rest = chain([first], batches)
            run.register("arriving", pa.RecordBatchReader.from_batches(first.schema, rest))
        shown = ", ".join([*map(identifier, wanted), "1 AS one"])
        run.execute(f"CREATE TABLE release AS SELECT {shown} FROM arriving")
    return names, int(run.execute("SELECT count(*) FROM release").fetchall()[0][0])


def _no_identifiers(names: Sequence[str], policy: Policy) -> Iterator[Line]:
    if policy.treatment is Treatment.AS_IS:
        return
    gone = policy.named(Role.IDENTIFIER)
    there = [name for name in gone if name in names]
    if gone:
        said = f"{', '.join(there)} is there" if there else "not there"
        yield _line("identifiers", f"{', '.join(gone)} left out", said, holds=not there)


def _measured(
    file: Path | str, names: Sequence[str], policy: Policy, stated: Certificate, *, part: bool
) -> Iterator[Line]:
    quasi = [name for name in policy.named(Role.QUASI_IDENTIFIER) if name in names]
    if not quasi or part or not stated.models_found:
        return
    sensitive = [name for name in policy.named(Role.SENSITIVE) if name in names]
    try:
        found = privacy.risk.report(file, quasi, sensitive)
    except ExchangeError as error:
        yield _line("k", str(stated.models_found.get("k")), str(error), holds=False)
        return
    said = stated.models_found
    yield _line("k", str(said.get("k")), str(found.k), holds=said.get("k") == found.k)
    for letter, of in (("l", found.l), ("t", found.t)):
        for column, value in of.items():
            claimed = (said.get(letter) or {}).get(column)
            yield _number(f"{letter} of {column}", claimed, value)
    yield _number("risk.prosecutor", stated.risk.get("prosecutor"), found.prosecutor)
    yield _number("risk.marketer", stated.risk.get("marketer"), found.marketer)


def _cells(run: duckdb.DuckDBPyConnection, names: Sequence[str], policy: Policy) -> Iterator[Line]:
    """Count contributors; cells that are kept back have no line, so that none may be marked so."""
    if not {"contributors", "suppressed"} <= set(names):
        yield _line("contributors", "in every line", "not there", holds=False)
        return
    least = [
        it["n"] for it in (policy.aggregate or {})["rules"] if it["kind"] == "min-contributors"
    ]
    fewest, uncounted, kept_back = run.execute(
        "SELECT min(contributors), count(*) FILTER (WHERE contributors IS NULL),"
        " count(*) FILTER (WHERE suppressed IS NOT NULL) FROM release"
    ).fetchall()[0]
    if least:
        enough = not uncounted and (fewest is None or fewest >= max(least))
        yield _line("contributors", f"at least {max(least)}", str(fewest), holds=enough)
    said = f"{kept_back:,} have one"
    yield _line("suppressed cells", "have no line", said, holds=not kept_back)


def _number(what: str, claimed: Any, value: float) -> Line:
    if claimed is None:
        return Line(what=what, stated="–", computed=str(exact(value)), outcome=Outcome.UNKNOWN)
    try:
        near = abs(figure(claimed) - float(value)) <= NEAR * max(1.0, abs(float(value)))
    except ValueError:
        near = False
    return _line(what, str(exact(claimed)), str(exact(value)), holds=near)


def _line(what: str, stated: str, computed: str, *, holds: bool) -> Line:
    outcome = Outcome.HOLDS if holds else Outcome.FAILS
    return Line(what=what, stated=stated, computed=computed, outcome=outcome)


def _source(stated: Certificate) -> Line:
    if stated.input_hmac_sha256:
        why = "the source stays with the exchange, and so does the key that its digest is made with"
        return _beyond("input_hmac_sha256", why)
    return _beyond("input_sha256", "the source stays with the exchange")


def _beyond(what: str, why: str) -> Line:
    return Line(what=what, stated="", computed=why, outcome=Outcome.UNKNOWN)
