"""The tree against the vectors that Certificate Transparency is tested with, and against a peer."""

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torvet.audit import merkle
from torvet.audit.merkle import Frontier, Node, ProofFailed, Span

# certificate-transparency, merkle/merkle_tree_test: eight inputs, the roots of the first 1 to 8.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CT_GROWTH = {
    (1, 1): [],
    (1, 8): CT_PATHS[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


class Log:
    """A log in memory that grows in steps, as the sealer makes it grow."""

    def __init__(self):
        self.size, self.kept, self.roots = 0, {}, {0: merkle.EMPTY_ROOT}

    def grow(self, hashes):
        edge = {node: self.kept[node] for node in merkle.edge_of(self.size)}
        growth = merkle.grow(self.size, edge, hashes)
        self.kept |= {Node(0, self.size + n): hash_ for n, hash_ in enumerate(hashes)}
        self.kept |= growth.filled
        self.size = growth.size
        self.roots[growth.size] = growth.root

    def proof(self, spans):
        needed = {node: self.kept[node] for node in merkle.kept_for(spans)}
        return merkle.roots(spans, needed)


def log_of(*steps):
    log = Log()
    for step in steps:
        log.grow(step)
    return log


def hashes_of(count):
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


def peer_of(count):
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    tree.append_entries(str(number).encode() for number in range(count))
    return tree


def test_the_empty_tree_has_the_hash_of_nothing():
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert merkle.root_of_leaves([]).hex() == empty
    assert Frontier().root().hex() == empty


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size):
    hashes = [merkle.leaf_hash(leaf) for leaf in CT_LEAVES[:size]]

    assert merkle.root_of_leaves(hashes).hex() == CT_ROOTS[size - 1]


@pytest.mark.parametrize(("place", "path"), CT_PATHS.items())
def test_inclusion_proofs_are_those_of_certificate_transparency(place, path):
    log = log_of([merkle.leaf_hash(leaf) for leaf in CT_LEAVES])

    assert [step.hex() for step in log.proof(merkle.inclusion_spans(*place))] == path


@pytest.mark.parametrize(("sizes", "path"), CT_GROWTH.items())
def test_consistency_proofs_are_those_of_certificate_transparency(sizes, path):
    log = log_of([merkle.leaf_hash(leaf) for leaf in CT_LEAVES])

    assert [step.hex() for step in log.proof(merkle.consistency_spans(*sizes))] == path


@settings(deadline=None)
@given(st.lists(st.integers(1, 120), min_size=1, max_size=8))
def test_however_the_log_grows_its_roots_are_the_peers(steps):
    hashes = hashes_of(sum(steps))
    log, frontier, peer = Log(), Frontier(), peer_of(sum(steps))
    for step in steps:
        added = hashes[log.size : log.size + step]
        for hash_ in added:
            for node, root in frontier.append(hash_).items():
                assert node.level % merkle.STRIDE == 0, root
        log.grow(added)

        assert log.roots[log.size] == frontier.root() == peer.get_root(log.size)


@settings(deadline=None)
@given(st.integers(1, 1200), st.data())
def test_every_inclusion_proof_is_the_peers_and_verifies(size, data):
    position = data.draw(st.integers(0, size - 1))
    hashes, peer = hashes_of(size), peer_of(size)

    proof = log_of(hashes).proof(merkle.inclusion_spans(position, size))

    theirs = peer.prove_inclusion(position + 1, size)
    assert proof == theirs.path[1:]  # theirs begins with the leaf itself
    merkle.verify_inclusion(hashes[position], position, size, proof, peer.get_root(size))
    pymerkle.verify_inclusion(hashes[position], merkle.root_of_leaves(hashes), theirs)


@settings(deadline=None)
@given(st.integers(1, 1200), st.data())
def test_every_consistency_proof_leads_to_the_peers_roots(second, data):
    first = data.draw(st.integers(0, second))
    peer = peer_of(second)

    proof = log_of(hashes_of(second)).proof(merkle.consistency_spans(first, second))

    roots = peer.get_root(first), peer.get_root(second)
    merkle.verify_consistency(first, roots[0], second, roots[1], proof)


@settings(deadline=None)
@given(st.integers(2, 300), st.data())
def test_a_proof_for_one_place_proves_no_other(size, data):
    position = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda it: it != position))
    hashes = hashes_of(size)
    log = log_of(hashes)
    proof = log.proof(merkle.inclusion_spans(position, size))

    with pytest.raises(ProofFailed):
        merkle.verify_inclusion(hashes[other], position, size, proof, log.roots[size])
    with pytest.raises(ProofFailed):
        merkle.verify_inclusion(hashes[position], other, size, proof, log.roots[size])


@settings(deadline=None)
@given(st.integers(2, 300), st.data())
def test_a_log_with_a_changed_past_has_no_consistency_proof(second, data):
    first = data.draw(st.integers(1, second - 1))
    changed = data.draw(st.integers(0, first - 1))
    before = log_of(hashes_of(first))
    rewritten = hashes_of(second)
    rewritten[changed] = merkle.leaf_hash(b"something else")
    after = log_of(rewritten)

    with pytest.raises(ProofFailed):
        merkle.verify_consistency(
            first,
            before.roots[first],
            second,
            after.roots[second],
            after.proof(merkle.consistency_spans(first, second)),
        )


@settings(deadline=None)
@given(st.integers(2, 300), st.data())
def test_a_proof_with_a_step_more_or_less_or_turned_fails(size, data):
    position = data.draw(st.integers(0, size - 1))
    hashes = hashes_of(size)
    log = log_of(hashes)
    proof = log.proof(merkle.inclusion_spans(position, size))
    forged = data.draw(st.sampled_from([proof[:-1], [*proof, proof[0]], [bytes(32), *proof[1:]]]))

    with pytest.raises(ProofFailed):
        merkle.verify_inclusion(hashes[position], position, size, forged, log.roots[size])


@pytest.mark.parametrize(
    ("first", "second", "proof", "says"),
    [
        (5, 4, [], "cannot have grown"),
        (4, 4, [bytes(32)], "need no proof"),
        (0, 4, [bytes(32)], "empty log needs no proof"),
        (3, 4, [], "proof is empty"),
        (2, 4, [bytes(32)] * 9, "too many steps"),
    ],
)
def test_a_malformed_consistency_proof_is_explained(first, second, proof, says):
    log = log_of(*([hash_] for hash_ in hashes_of(5)))

    with pytest.raises(ProofFailed, match=says):
        merkle.verify_consistency(first, log.roots[first], second, log.roots[second], proof)


def test_a_place_outside_the_tree_has_no_proof():
    with pytest.raises(ValueError, match="position 4 is not in a tree of 4"):
        merkle.inclusion_spans(4, 4)
    with pytest.raises(ValueError, match="a tree of 5 cannot grow into one of 4"):
        merkle.consistency_spans(5, 4)
    with pytest.raises(ProofFailed, match="beyond the 4 facts"):
        merkle.verify_inclusion(bytes(32), 4, 4, [], bytes(32))


@settings(deadline=None)
@given(st.integers(1, 5000), st.data())
def test_a_span_is_made_of_kept_nodes_that_cover_it_once(size, data):
    position = data.draw(st.integers(0, size - 1))

    for span in [*merkle.inclusion_spans(position, size), Span(0, size)]:
        covered = [
            leaf
            for node in merkle.kept_for([span])
            for leaf in range(node.number << node.level, (node.number + 1) << node.level)
        ]
        assert covered == list(range(span.start, span.end))
