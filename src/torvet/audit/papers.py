"""What an outsider takes home, as JSON: receipts, proofs of consistency and the key. Pure."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from .model import Consistency, Receipt, SealedFact
from .notes import VerifierKey

RECEIPT = "torvet-receipt/1"
CONSISTENCY = "torvet-consistency/1"
EVIDENCE = "torvet-evidence/1"


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Return everything that proves, without the exchange, that a fact stands in the log."""
    return {
        "kind": RECEIPT,
        "position": receipt.sealed.position,
        "leaf_hash": receipt.sealed.hash.hex(),
        "fact": json.loads(receipt.sealed.leaf),
        "proof": _hashes(receipt.proof),
        "checkpoint": receipt.checkpoint.note,
    }


def consistency_json(consistency: Consistency) -> dict[str, Any]:
    """Return everything that proves, without the exchange, that the log only grew."""
    return {
        "kind": CONSISTENCY,
        "first": consistency.first.note,
        "second": consistency.second.note,
        "proof": _hashes(consistency.proof),
    }


def evidence_json(
    about: str, proven: Sequence[Receipt], withheld: Sequence[SealedFact]
) -> dict[str, Any]:
    """Return facts about one matter with their proofs under one checkpoint.

    Of the facts that the reader may not read, places and hashes are told.
    """
    return {
        "kind": EVIDENCE,
        "about": about,
        "checkpoint": proven[0].checkpoint.note if proven else "",
        "facts": [
            {
                "position": one.sealed.position,
                "leaf_hash": one.sealed.hash.hex(),
                "fact": json.loads(one.sealed.leaf),
                "proof": _hashes(one.proof),
            }
            for one in proven
        ],
        "withheld": [{"position": one.position, "leaf_hash": one.hash.hex()} for one in withheld],
    }


def key_json(key: VerifierKey) -> dict[str, Any]:
    """Return the public key, as notes name it (C2SP signed-note)."""
    return {"origin": key.name, "algorithm": "Ed25519", "key": str(key)}


def _hashes(proof: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(hash_).decode() for hash_ in proof]
