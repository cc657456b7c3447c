"""What the log bears witness of in a dispute: collected by itself, proven to who may read it."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from torvet import contracts
from torvet.audit import receipts, sealed_about
from torvet.audit.papers import evidence_json
from torvet.parties import Caller, Role, check
from torvet.ports.parts import Parts

from . import disputes_store
from .errors import DisputeNotFound
from .model import Dispute, Exhibit

EACH_MAX = 100
EVIDENCE_MAX = 400

# By what they are about: at most EACH_MAX of a name, the newest.
_OF_CONTRACT = (
    "contract-agreed",
    "contract-ended",
    "contract-revoked",
    "usage",
    "read-refused",
    "read-failed",
    "service-failed",
    "service-levels-measured",
    "service-breach-credited",
    "question-asked",
    "question-answered",
    "charged",
)
_OF_DATASET = ("release-published", "maintenance-announced", "maintenance-called-off")
_ALWAYS = frozenset({"contract-agreed"})
_OF_INVOICE = ("invoice-issued",)


def collect(tx: Connection, found: Dispute) -> int:
    """Add what the log says of a dispute's contract and time to its evidence; return how much.

    Done again it adds what came since. Facts that are not sealed yet have no place to name.
    """
    contract = contracts.contract(tx, found.contract)
    looked = [
        *((contract.id, name) for name in _OF_CONTRACT),
        *((contract.dataset, name) for name in _OF_DATASET),
        *((found.subject, name) for name in _OF_INVOICE),
    ]
    exhibits = []
    for subject, name in looked:
        always = name in _ALWAYS or subject == found.subject
        start, end = (None, None) if always else (found.begins_at, found.ends_at)
        exhibits += [
            Exhibit(position=one.position, name=name, at=one.fact.at)
            for one in sealed_about(tx, [subject], [name], start=start, end=end, limit=EACH_MAX)
        ]
    return disputes_store.add_evidence(tx, found.id, exhibits)


def evidence_of(tx: Connection, dispute_id: str) -> list[Exhibit]:
    """Return the facts that a dispute rests on, the oldest first."""
    return disputes_store.evidence_of(tx, dispute_id, EVIDENCE_MAX)


def bundle(parts: Parts, caller: Caller, dispute_id: str) -> Mapping[str, Any]:
    """Return the evidence with its proofs, for `torvet verify`: no exchange is asked then.

    A party gets the facts that name it; of the others it gets places and hashes. The operator,
    who decides, gets all that one of the two parties may read.
    """
    with parts.db.begin() as tx:
        found = disputes_store.dispute(tx, dispute_id)
        if not caller.operator:
            check(caller, Role.READER)
            if caller.party not in found.parties:
                raise DisputeNotFound(dispute_id)
        places = [one.position for one in evidence_of(tx, dispute_id)]
    readers = frozenset(found.parties) if caller.operator else frozenset({str(caller.party)})
    proven, withheld = receipts(parts, places, readers)
    return evidence_json(found.id, proven, withheld)


def readable(exhibits: Mapping[str, Any]) -> str:
    """Return a bundle as the file that is taken home."""
    return json.dumps(exhibits, ensure_ascii=False, indent=1)
