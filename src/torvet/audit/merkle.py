"""The Merkle tree of RFC 9162 §2.1 (the same as RFC 6962 §2.1), as pure functions.

A tree over leaves 0 … n-1 is never held in memory. What is kept are the roots of *perfect*
subtrees, at every fourth level: `Node(level=4k, number=i)` is the root of the 16^k leaves from
i · 16^k on. A root or a proof is worked out in three steps: which subtrees are needed
(`Span`s), which kept nodes those are made of (`kept_under`), and the hashing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
STRIDE = 4
FAN = 1 << STRIDE
EMPTY_ROOT = sha256(b"").digest()


class Node(NamedTuple):
    """The root of the perfect subtree over leaves `number << level` … `(number + 1) << level`."""

    level: int
    number: int


class Span(NamedTuple):
    """The subtree over leaves `start` … `end`, the end excluded: perfect or at the right edge."""

    start: int
    end: int


Hashes = Mapping[Node, bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of one leaf (RFC 9162 §2.1.1)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162 §2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def inclusion_spans(position: int, size: int) -> list[Span]:
    """Return the subtrees whose roots prove leaf `position` in a tree of `size`, lowest first.

    PATH(m, D_n) of RFC 9162 §2.1.3.1.
    """
    if not 0 <= position < size:
        raise ValueError(f"position {position} is not in a tree of {size}")
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """Return the subtrees whose roots prove that a tree of `first` grew into one of `second`.

    PROOF(m, D_n) of RFC 9162 §2.1.4.1; empty where nothing is to be proven.
    """
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {first} cannot grow into one of {second}")
    if first in {0, second}:
        return []
    spans: list[Span] = []
    start, end, whole = 0, second, True
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start, whole = middle, False
    return ([] if whole else [Span(start, end)]) + spans[::-1]


def _split(width: int) -> int:
    """Return the largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)


def perfect_under(span: Span) -> Iterator[Node]:
    """Yield the perfect subtrees that `span` is made of, from left to right."""
    start = span.start
    while start < span.end:
        level = (span.end - start).bit_length() - 1
        assert start % (1 << level) == 0, "a span of the tree starts where its widest subtree may"
        yield Node(level, start >> level)
        start += 1 << level


def kept_under(node: Node) -> list[Node]:
    """Return the kept nodes that the perfect subtree `node` is made of, from left to right."""
    spare = node.level % STRIDE
    first = node.number << spare
    return [Node(node.level - spare, first + offset) for offset in range(1 << spare)]


def kept_for(spans: Sequence[Span]) -> list[Node]:
    """Return every kept node from which the roots of `spans` can be worked out."""
    return [kept for span in spans for node in perfect_under(span) for kept in kept_under(node)]


def roots(spans: Sequence[Span], kept: Hashes) -> list[bytes]:
    """Return the root of each of `spans`, from the hashes of `kept_for(spans)`."""
    return [root_of(span, kept) for span in spans]


def root_of(span: Span, kept: Hashes) -> bytes:
    """Return the root of the subtree `span`: its perfect subtrees, folded from the right."""
    perfect = [_perfect_root(node, kept) for node in perfect_under(span)]
    if not perfect:
        return EMPTY_ROOT
    root = perfect.pop()
    while perfect:
        root = node_hash(perfect.pop(), root)
    return root


def _perfect_root(node: Node, kept: Hashes) -> bytes:
    return _fold([kept[one] for one in kept_under(node)])


def edge_of(size: int) -> list[Node]:
    """Return the kept nodes at the right edge of a tree of `size`: what growing it needs.

    On every kept level those whose parent is not full yet, at most 15 a level.
    """
    edge: list[Node] = []
    level = 0
    while size >> level:
        width = size >> level
        edge += [Node(level, number) for number in range(width - width % FAN, width)]
        level += STRIDE
    return edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What a tree gains by new leaves: size, root, and the kept nodes that are full now."""

    size: int
    root: bytes
    filled: Mapping[Node, bytes]


def grow(size: int, edge: Hashes, added: Sequence[bytes]) -> Growth:
    """Append leaf hashes `added` to a tree of `size` whose `edge_of(size)` is `edge`."""
    known = dict(edge)
    known.update({Node(0, size + offset): hash_ for offset, hash_ in enumerate(added)})
    filled: dict[Node, bytes] = {}
    grown = size + len(added)
    level = STRIDE
    while grown >> level:
        for number in range(size >> level, grown >> level):
            node = Node(level, number)
            children = [Node(level - STRIDE, number * FAN + child) for child in range(FAN)]
            filled[node] = known[node] = _fold([known[child] for child in children])
        level += STRIDE
    return Growth(size=grown, root=root_of(Span(0, grown), known), filled=filled)


def _fold(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def root_of_leaves(hashes: Sequence[bytes]) -> bytes:
    """Return the root of the tree over all of `hashes`, from nothing else."""
    return grow(0, {}, hashes).root


class Frontier:
    """A tree that is read once, leaf by leaf: it holds only what its root needs."""

    def __init__(self) -> None:
        self.size = 0
        self._perfect: list[tuple[Node, bytes]] = []

    def append(self, hash_: bytes) -> dict[Node, bytes]:
        """Add a leaf; return the kept nodes above it that are full now."""
        filled: dict[Node, bytes] = {}
        node, root = Node(0, self.size), hash_
        while self._perfect and self._perfect[-1][0].level == node.level:
            _, left = self._perfect.pop()
            node, root = Node(node.level + 1, node.number >> 1), node_hash(left, root)
            if node.level % STRIDE == 0:
                filled[node] = root
        self._perfect.append((node, root))
        self.size += 1
        return filled

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        if not self._perfect:
            return EMPTY_ROOT
        hashes = [root for _, root in self._perfect]
        root = hashes.pop()
        while hashes:
            root = node_hash(hashes.pop(), root)
        return root


class ProofFailed(Exception):
    """A proof does not lead where it should; the text says in plain words what is wrong."""


def verify_inclusion(
    hash_: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that leaf `hash_` stands at `position` in the tree of `size` with `root`.

    RFC 9162 §2.1.3.2. Raises ProofFailed.
    """
    if not 0 <= position < size:
        raise ProofFailed(f"position {position} is beyond the {size} facts of the checkpoint")
    fn, sn, reached = position, size - 1, hash_
    for step in proof:
        if sn == 0:
            raise ProofFailed("the proof has too many steps")
        if fn & 1 or fn == sn:
            reached = node_hash(step, reached)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            reached = node_hash(reached, step)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofFailed("the proof has too few steps")
    if reached != root:
        raise ProofFailed("fact and proof lead to another root than the checkpoint's")


def verify_consistency(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `first` leaves is the beginning of the tree of `second`.

    RFC 9162 §2.1.4.2. Raises ProofFailed.
    """
    if first > second:
        raise ProofFailed(f"a log of {first} facts cannot have grown into one of {second}")
    if first == second:
        _expect(not proof, "two checkpoints of the same size need no proof, and one is given")
        _expect(first_root == second_root, "two checkpoints of the same size have different roots")
        return
    if first == 0:
        _expect(first_root == EMPTY_ROOT, "the empty log has another root than it must have")
        _expect(not proof, "growth from the empty log needs no proof, and one is given")
        return
    _replay(first, first_root, second, second_root, proof)


def _replay(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> None:
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    _expect(bool(proof), "the proof is empty")
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        _expect(sn != 0, "the proof has too many steps")
        if fn & 1 or fn == sn:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            newer = node_hash(newer, step)
        fn, sn = fn >> 1, sn >> 1
    _expect(sn == 0, "the proof has too few steps")
    _expect(older == first_root, "the proof does not lead to the first checkpoint's root")
    _expect(newer == second_root, "the proof does not lead to the second checkpoint's root")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ProofFailed(otherwise)
