"""Checks receipts and proofs without the exchange: files and its public key are enough.

Pure but for reading the files: SHA-256, Ed25519 and the rules of RFC 9162. Nothing in a file is
believed before it is checked, and the key never comes from the file that it judges.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from torvet.kit.canonical import canonical

from . import merkle, notes
from .merkle import ProofFailed
from .notes import NoteInvalid, Statement, VerifierKey
from .papers import CONSISTENCY, EVIDENCE, RECEIPT

FILE_BYTES_MAX = 1024 * 1024
PROOF_STEPS_MAX = 2 * 64

NO_KEY = "no key is given, so nothing is proven: take the log's key from a place that you trust"


class Step(TypedDict):
    """One thing that was checked, and what came of it."""

    step: str
    ok: bool
    said: str


class FileReport(TypedDict):
    """What came of one file; `said` is the outcome in a sentence."""

    file: str
    ok: bool
    said: str
    steps: list[Step]


class Report(TypedDict):
    """What came of all files together."""

    ok: bool
    files: list[FileReport]


class _Stop(Exception):
    """A step failed, and those after it make no sense."""


@dataclass(slots=True)
class _Trail:
    """The steps taken with one file, and the checkpoints that the key was found to have signed."""

    said: str = ""
    steps: list[Step] = field(default_factory=list)
    signed: list[Statement] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, said: str) -> Iterator[None]:
        """Note that a step was passed, or why it was not; then stop."""
        try:
            yield
        except (NoteInvalid, ProofFailed, ValueError, TypeError, RecursionError, OSError) as error:
            self.steps.append(Step(step=name, ok=False, said=str(error)))
            raise _Stop from error
        self.steps.append(Step(step=name, ok=True, said=said))

    def report(self, file: str) -> FileReport:
        """Return what came of it."""
        fault = next((step for step in self.steps if not step["ok"]), None)
        said = f"{fault['step']}: {fault['said']}" if fault else self.said
        return FileReport(file=file, ok=fault is None, said=said, steps=self.steps)


def verify_files(paths: Sequence[Path], key: Path | None) -> Report:
    """Check every file, and that no two checkpoints in them contradict each other.

    `key` is a file with the log's public key, got from elsewhere than the files; without it
    nothing is proven, and the report says so. Whatever stands in a file, nothing is raised.
    """
    trails = [(str(path), _verify_file(path, key)) for path in paths]
    files = [trail.report(file) for file, trail in trails]
    files += _split_views([(file, one) for file, trail in trails for one in trail.signed])
    return Report(ok=bool(files) and all(file["ok"] for file in files), files=files)


def verify_receipt(content: bytes, key: VerifierKey) -> FileReport:
    """Check that the fact in a receipt stands in the log that `key` speaks for."""
    trail = _Trail()
    with suppress(_Stop):
        _receipt(trail, content, key)
    return trail.report("receipt")


def verify_consistency(content: bytes, key: VerifierKey) -> FileReport:
    """Check that the log only grew between the two checkpoints of a proof."""
    trail = _Trail()
    with suppress(_Stop):
        _consistency(trail, content, key)
    return trail.report("consistency")


def verify_checkpoint(content: bytes, key: VerifierKey) -> FileReport:
    """Check that `key` signed a checkpoint, which by itself says nothing of any fact."""
    trail = _Trail()
    with suppress(_Stop):
        _checkpoint(trail, content, key)
    return trail.report("checkpoint")


def read_key(content: bytes) -> VerifierKey:
    """Read a key as `GET /api/log/key` gives it, or as one line `name+keyid+base64`.

    Raises NoteInvalid.
    """
    try:
        text = content.decode()
        return VerifierKey.from_text(
            str(_object(content)["key"]) if text.lstrip().startswith("{") else text
        )
    except (KeyError, UnicodeDecodeError) as error:
        raise NoteInvalid("it is neither a line of text nor JSON with a key") from error


def _verify_file(path: Path, key: Path | None) -> _Trail:
    trail = _Trail()
    with suppress(_Stop):
        with trail.step("file", "read"):
            content = _content(path)
        with trail.step("key", "read"):
            if key is None:
                raise NoteInvalid(NO_KEY)
            trusted = read_key(_content(key))
        kind = _kind(content)
        if kind == RECEIPT:
            _receipt(trail, content, trusted)
        elif kind == CONSISTENCY:
            _consistency(trail, content, trusted)
        elif kind == EVIDENCE:
            _evidence(trail, content, trusted)
        else:
            _checkpoint(trail, content, trusted)
    return trail


def _receipt(trail: _Trail, content: bytes, key: VerifierKey) -> None:
    with trail.step("receipt", "it holds a fact, a proof and a checkpoint"):
        paper = _paper(content, RECEIPT)
        position, proof = _whole(paper["position"], "position"), _proof(paper["proof"])
        note, stated = str(paper["checkpoint"]), str(paper["leaf_hash"])
    with trail.step("signature", f"{key.name} signed the checkpoint"):
        checkpoint = notes.verify(note, key)
    trail.signed.append(checkpoint)
    with trail.step("fact", "its hash is the one that the receipt states"):
        hash_ = merkle.leaf_hash(canonical(paper["fact"]))
        if hash_.hex() != stated.lower():
            raise ProofFailed("the fact was changed: its hash is not the one in the receipt")
    with trail.step("inclusion", f"the proof leads to the root over {checkpoint.size:,} facts"):
        merkle.verify_inclusion(hash_, position, checkpoint.size, proof, checkpoint.root)
    trail.said = (
        f"the fact stands at position {position} of the {checkpoint.size:,} facts "
        f"that {key.name} signed"
    )


def _evidence(trail: _Trail, content: bytes, key: VerifierKey) -> None:
    with trail.step("evidence", "it holds facts, their proofs and a checkpoint"):
        paper = _paper(content, EVIDENCE)
        facts = paper["facts"]
        if not isinstance(facts, list) or not facts:
            raise ValueError("it holds no facts, so it proves nothing")
    with trail.step("signature", f"{key.name} signed the checkpoint"):
        checkpoint = notes.verify(str(paper["checkpoint"]), key)
    trail.signed.append(checkpoint)
    for number, one in enumerate(facts, 1):
        with trail.step(f"fact {number}", "it is under the checkpoint"):
            for name in ("position", "leaf_hash", "fact", "proof"):
                if not isinstance(one, dict) or name not in one:
                    raise ValueError(f"it has no {name!r}: it was cut or made by hand")
            position, proof = _whole(one["position"], "position"), _proof(one["proof"])
            hash_ = merkle.leaf_hash(canonical(one["fact"]))
            if hash_.hex() != str(one["leaf_hash"]).lower():
                raise ProofFailed("it was changed: its hash is not the one that is stated")
            merkle.verify_inclusion(hash_, position, checkpoint.size, proof, checkpoint.root)
    trail.said = (
        f"all {len(facts):,} facts about {paper['about']} stand among the {checkpoint.size:,} "
        f"facts that {key.name} signed"
    )


def _consistency(trail: _Trail, content: bytes, key: VerifierKey) -> None:
    with trail.step("proof", "it holds two checkpoints and a proof"):
        paper = _paper(content, CONSISTENCY)
        proof = _proof(paper["proof"])
    with trail.step("first signature", f"{key.name} signed the first checkpoint"):
        first = notes.verify(str(paper["first"]), key)
    with trail.step("second signature", f"{key.name} signed the second checkpoint"):
        second = notes.verify(str(paper["second"]), key)
    trail.signed += [first, second]
    with trail.step("consistency", "the proof leads to both roots"):
        merkle.verify_consistency(first.size, first.root, second.size, second.root, proof)
    trail.said = (
        f"the log grew from {first.size:,} to {second.size:,} facts, and none of the first "
        f"{first.size:,} was changed, moved or taken out"
    )


def _checkpoint(trail: _Trail, content: bytes, key: VerifierKey) -> None:
    with trail.step("signature", f"{key.name} signed the checkpoint"):
        checkpoint = notes.verify(content.decode(), key)
    trail.signed.append(checkpoint)
    trail.said = f"{key.name} signed a log of {checkpoint.size:,} facts"


def _split_views(signed: Sequence[tuple[str, Statement]]) -> list[FileReport]:
    """Report checkpoints of one size with two roots: the log shows different people two faces."""
    seen: dict[int, tuple[str, bytes]] = {}
    faults = []
    for file, statement in signed:
        other, root = seen.setdefault(statement.size, (file, statement.root))
        if root != statement.root:
            said = (
                f"both hold a checkpoint over {statement.size:,} facts that the log signed, with "
                "different roots: it shows different people different histories"
            )
            step = Step(step="one history", ok=False, said=said)
            faults.append(FileReport(file=f"{other} and {file}", ok=False, said=said, steps=[step]))
    return faults


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise ValueError(f"{path} is larger than any receipt: {FILE_BYTES_MAX:,} bytes are read")
    return content


def _kind(content: bytes) -> str | None:
    try:
        return str(_object(content).get("kind"))
    except (ValueError, RecursionError):
        return None


def _paper(content: bytes, kind: str) -> Mapping[str, Any]:
    paper = _object(content)
    if paper.get("kind") != kind:
        raise ValueError(f"it is no {kind}")
    wanted = {
        RECEIPT: ("position", "leaf_hash", "fact", "proof", "checkpoint"),
        CONSISTENCY: ("first", "second", "proof"),
        EVIDENCE: ("about", "facts", "checkpoint"),
    }
    for name in wanted[kind]:
        if name not in paper:
            raise ValueError(f"it has no {name!r}: it was cut or made by hand")
    return paper


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(content, object_pairs_hook=_once)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"it is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise TypeError("it is no JSON object")
    return value


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a field twice: two readers could see two different facts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is named twice in it")
    return found


def _whole(value: object, name: str) -> int:
    if type(value) is not int:
        raise TypeError(f"its {name} is no whole number")
    return value


def _proof(value: object) -> list[bytes]:
    if not isinstance(value, list) or len(value) > PROOF_STEPS_MAX:
        raise TypeError("its proof is no list of hashes")
    steps = [base64.b64decode(str(step), validate=True) for step in value]
    if any(len(step) != merkle.HASH_BYTES for step in steps):
        raise ValueError("its proof holds something that is no hash")
    return steps
