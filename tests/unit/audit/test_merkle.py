"""The Merkle tree against published values, another implementation, and everything a proof must not allow."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, InvalidProof, verify_consistency, verify_inclusion
from pymerkle.proof import InclusionProof

from genesis.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_path,
    inclusion_path,
    is_consistent,
    leaf_hash,
    node_hash,
    root_by_inclusion,
    tree_root,
)
from genesis.errors import IntegrityError

# The leaves and roots that implementations of Certificate Transparency (RFC 6962) are tested with.
PUBLISHED_LEAVES = [
    bytes.fromhex(h)
    for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
PUBLISHED_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (old size, size): the published consistency proofs over the same leaves.
PUBLISHED_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
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
# (leaf, size): the published inclusion proofs.
PUBLISHED_INCLUSION = {
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


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(b"entry %d" % i) for i in range(count)]


def flipped(value: bytes, bit: int) -> bytes:
    return (int.from_bytes(value, "big") ^ 1 << bit % (8 * len(value))).to_bytes(len(value), "big")


def test_the_roots_are_the_published_ones() -> None:
    """Over the first 0 to 8 published leaves the root is the published root."""
    leaves = [leaf_hash(x) for x in PUBLISHED_LEAVES]
    assert [tree_root(leaves[:n]).hex() for n in range(9)] == PUBLISHED_ROOTS
    assert EMPTY_ROOT.hex() == PUBLISHED_ROOTS[0]


@pytest.mark.parametrize(("leaf", "size"), PUBLISHED_INCLUSION)
def test_the_inclusion_proofs_are_the_published_ones(leaf: int, size: int) -> None:
    """Each published proof is what is made, and leads to the published root."""
    leaves = [leaf_hash(x) for x in PUBLISHED_LEAVES[:size]]
    path = inclusion_path(leaves, leaf)
    assert [p.hex() for p in path] == PUBLISHED_INCLUSION[leaf, size]
    root = root_by_inclusion(leaves[leaf], leaf, size, path)
    assert root is not None
    assert root.hex() == PUBLISHED_ROOTS[size]


@pytest.mark.parametrize(("old", "size"), PUBLISHED_CONSISTENCY)
def test_the_consistency_proofs_are_the_published_ones(old: int, size: int) -> None:
    """Each published proof is what is made, and holds between the published roots."""
    path = consistency_path([leaf_hash(x) for x in PUBLISHED_LEAVES[:size]], old)
    assert [p.hex() for p in path] == PUBLISHED_CONSISTENCY[old, size]
    assert is_consistent(old, bytes.fromhex(PUBLISHED_ROOTS[old]), size, bytes.fromhex(PUBLISHED_ROOTS[size]), path)


def test_a_leaf_and_a_node_are_told_apart() -> None:
    """0x00 stands before a leaf and 0x01 before two children: neither hash is that of the other."""
    left, right = hashes(2)
    assert leaf_hash(b"abc") == hashlib.sha256(b"\x00abc").digest()
    assert node_hash(left, right) == hashlib.sha256(b"\x01" + left + right).digest()
    assert node_hash(left, right) != leaf_hash(left + right)


def other_tree(size: int) -> InmemoryTree:
    """The same entries in a tree of an independent library."""
    tree = InmemoryTree(algorithm="sha256")
    for i in range(size):
        tree.append_entry(b"entry %d" % i)
    return tree


@given(st.integers(1, 70))
def test_roots_are_those_of_another_implementation(size: int) -> None:
    """An independent library says the same root for every size."""
    assert other_tree(size).get_root() == tree_root(hashes(size))


@given(st.data())
def test_inclusion_proofs_are_those_of_another_implementation(data: st.DataObject) -> None:
    """An independent library makes the same path and accepts ours; with one bit changed neither side does."""
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    path = inclusion_path(leaves, index)
    theirs = other_tree(size).prove_inclusion(index + 1)
    assert theirs.path == [leaves[index], *path]
    ours = InclusionProof("sha256", True, size, index + 1, theirs.rule, [leaves[index], *path])
    verify_inclusion(leaves[index], tree_root(leaves), ours, index + 1, size)
    assert root_by_inclusion(leaves[index], index, size, path) == tree_root(leaves)
    wrong = flipped(leaves[index], data.draw(st.integers(0, 255)))
    with pytest.raises(InvalidProof):
        verify_inclusion(wrong, tree_root(leaves), ours)
    assert root_by_inclusion(wrong, index, size, path) != tree_root(leaves)


@given(st.data())
def test_consistency_holds_where_another_implementation_says_so(data: st.DataObject) -> None:
    """Between the roots of an independent library our proof holds, and its own proof holds between ours."""
    size = data.draw(st.integers(1, 70))
    old = data.draw(st.integers(1, size))
    leaves, tree = hashes(size), other_tree(size)
    old_root, root = tree_root(leaves, 0, old), tree_root(leaves)
    assert is_consistent(old, tree.get_root(old), size, tree.get_root(size), consistency_path(leaves, old))
    verify_consistency(old_root, root, tree.prove_consistency(old, size), old, size)


@given(st.data())
def test_a_consistency_proof_that_was_changed_does_not_hold(data: st.DataObject) -> None:
    """A flipped bit in a root or in the path, a hash more or less, or another size: none is accepted."""
    size = data.draw(st.integers(2, 40))
    old = data.draw(st.integers(1, size - 1))
    leaves, bit = hashes(size), data.draw(st.integers(0, 255))
    old_root, root = tree_root(leaves, 0, old), tree_root(leaves)
    path = consistency_path(leaves, old)
    assert not is_consistent(old, flipped(old_root, bit), size, root, path)
    assert not is_consistent(old, old_root, size, flipped(root, bit), path)
    for i, part in enumerate(path):
        assert not is_consistent(old, old_root, size, root, [*path[:i], flipped(part, bit), *path[i + 1 :]])
        assert not is_consistent(old, old_root, size, root, path[:i] + path[i + 1 :])
    assert not is_consistent(old, old_root, size, root, [*path, root])
    other = data.draw(st.integers(0, size).filter(lambda n: n != old))
    assert not is_consistent(other, old_root, size, root, path)


def test_the_ends_of_consistency() -> None:
    """Everything begins with the empty tree, nothing with a larger one, and equal sizes need equal roots and no path."""
    leaves = hashes(5)
    root = tree_root(leaves)
    assert is_consistent(0, EMPTY_ROOT, 5, root, [])
    assert not is_consistent(0, root, 5, root, [])
    assert not is_consistent(0, EMPTY_ROOT, 5, root, [root])
    assert is_consistent(5, root, 5, root, [])
    assert not is_consistent(5, root, 5, EMPTY_ROOT, [])
    assert not is_consistent(5, root, 4, tree_root(leaves[:4]), [])
    assert not is_consistent(3, tree_root(leaves[:3]), 5, root, [])


@given(st.data())
def test_a_path_fits_its_own_place_only(data: st.DataObject) -> None:
    """Under another index, another size of tree or with a hash more or less a path leads elsewhere or nowhere."""
    size = data.draw(st.integers(2, 40))
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    leaves = hashes(size)
    path, root = inclusion_path(leaves, index), tree_root(leaves)
    assert root_by_inclusion(leaves[index], other, size, path) != root
    assert root_by_inclusion(leaves[index], index, size, path[:-1]) is None
    assert root_by_inclusion(leaves[index], index, size, [*path, root]) is None
    assert root_by_inclusion(leaves[index], size, size, path) is None
    assert root_by_inclusion(leaves[index], -1, size, path) is None


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_frontier_laid_down_and_taken_up_again_goes_on(kept: int, more: int) -> None:
    """Size and peaks are the whole state: taken up again anywhere, the tree ends with the same root."""
    leaves = hashes(kept + more)
    first = Frontier()
    for leaf in leaves[:kept]:
        first.append(leaf)
    assert first.root() == tree_root(leaves, 0, kept)
    again = Frontier(first.size, first.peaks)
    for leaf in leaves[kept:]:
        again.append(leaf)
    assert (again.size, again.root()) == (kept + more, tree_root(leaves))
    assert len(again.peaks) == again.size.bit_count()


@pytest.mark.parametrize(("size", "peaks"), [(3, [bytes(32)]), (-1, []), (1, [bytes(31)]), (0, [bytes(32)])])
def test_a_frontier_that_cannot_be_is_refused(size: int, peaks: list[bytes]) -> None:
    """The number of peaks follows from the size, and each is a hash."""
    with pytest.raises(IntegrityError, match="frontier: expected a hash of 32 bytes for every 1"):
        Frontier(size, peaks)


def test_proofs_are_of_what_there_is() -> None:
    """A leaf beyond the tree and an older tree that is larger are refused with both numbers."""
    with pytest.raises(ValueError, match="index: expected 0 to 2, found 3"):
        inclusion_path(hashes(3), 3)
    with pytest.raises(ValueError, match="old_size: expected 0 to 3, found 4"):
        consistency_path(hashes(3), 4)
    assert consistency_path(hashes(3), 0) == []


# ---- a tree whose first leaves are known as full subtrees alone


def begun(leaves: list[bytes], size: int) -> Frontier:
    tree = Frontier()
    for leaf in leaves[:size]:
        tree.append(leaf)
    return tree


@given(st.data())
def test_proofs_of_later_leaves_need_no_leaf_of_before(data: st.DataObject) -> None:
    """From the full subtrees of any beginning come the same paths, inclusion and consistency, as from all leaves; of what lies before, none."""
    size = data.draw(st.integers(2, 70))
    known = data.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    rest, tree = leaves[known:], begun(leaves, known)
    index, old = data.draw(st.integers(known, size - 1)), data.draw(st.integers(known, size))
    assert inclusion_path(rest, index, tree) == inclusion_path(leaves, index)
    assert consistency_path(rest, old, tree) == consistency_path(leaves, old)
    if known:
        with pytest.raises(ValueError, match=f"index: expected {known} to {size - 1}, found {known - 1}"):
            inclusion_path(rest, known - 1, tree)
        with pytest.raises(ValueError, match=f"old_size: expected {known} to {size}, found {known - 1}"):
            consistency_path(rest, known - 1, tree)
