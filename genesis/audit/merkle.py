"""A Merkle tree over a chain's entries, as RFC 6962 (2.1) defines it and RFC 9162 (2.1) repeats it. Pure.

A leaf is an entry's bytes, the same that are chained. Hashes are SHA-256, 32 bytes: of a leaf over 0x00 and its bytes, of a node
over 0x01 and its two children, so that no node can be taken for a leaf. Leaves count from 0: entry ``seq`` is leaf ``seq - 1``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from genesis.errors import IntegrityError

EMPTY_ROOT = hashlib.sha256().digest()
HASH_BYTES = 32

_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """Hash of the leaf that holds ``entry``."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of the node over two subtrees."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """A growing tree kept as the roots of its full subtrees, largest first: one for every 1 in the binary form of ``size``.

    It takes leaves and tells the root, and holds at most 64 hashes, however long the chain is.

    Args:
        size: leaves taken so far.
        peaks: the roots of the full subtrees over them.

    Raises:
        IntegrityError: another number of peaks than ``size`` has ones, or a peak that is no hash.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self._size, self._peaks = size, list(peaks)
        if size < 0 or len(self._peaks) != size.bit_count() or any(len(p) != HASH_BYTES for p in self._peaks):
            raise IntegrityError(
                f"frontier: expected a hash of {HASH_BYTES} bytes for every 1 in the binary form of {size}, "
                f"found {len(self._peaks)} of {sorted({len(p) for p in self._peaks})} bytes"
            )

    @property
    def size(self) -> int:
        """Leaves taken."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Roots of the full subtrees, largest first."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Take the hash of the next leaf."""
        rest, peaks = self._size, self._peaks
        while rest & 1:
            leaf = _sha256(b"\x01" + peaks.pop() + leaf).digest()
            rest >>= 1
        peaks.append(leaf)
        self._size += 1

    def root(self) -> bytes:
        """Root of the tree over all leaves taken."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def tree_root(leaves: Sequence[bytes], start: int = 0, end: int | None = None) -> bytes:
    """Root over the leaf hashes from ``start`` up to ``end``."""
    frontier = Frontier()
    for i in range(start, len(leaves) if end is None else end):
        frontier.append(leaves[i])
    return frontier.root()


def inclusion_path(leaves: Sequence[bytes], index: int, begun: Frontier | None = None) -> list[bytes]:
    """Hashes by which leaf ``index`` leads to the root over ``leaves`` (leaf hashes), from its sibling upwards (RFC 6962, 2.1.1).

    Args:
        leaves: all of the tree, or those that follow the tree ``begun``.
        index: counts from the tree's first leaf.
        begun: the tree of the leaves before, of which nothing else is known.

    Raises:
        ValueError: no such leaf, or one of those before.
    """
    known = Frontier() if begun is None else begun
    start, end = 0, known.size + len(leaves)
    if not known.size <= index < end:
        raise ValueError(f"index: expected {known.size} to {end - 1}, found {index}")
    subtrees = _full_subtrees(known)
    path: list[bytes] = []
    while end - start > 1:
        middle = start + _left_width(end - start)
        if index < middle:
            path.append(_subtree(leaves, middle, end, known.size, subtrees))
            end = middle
        else:
            path.append(_subtree(leaves, start, middle, known.size, subtrees))
            start = middle
    return path[::-1]


def _full_subtrees(tree: Frontier) -> dict[tuple[int, int], bytes]:
    """The roots of a tree's full subtrees, by their first leaf and the one after their last."""
    found, start = {}, 0
    for peak in tree.peaks:
        end = start + (1 << (tree.size - start).bit_length() - 1)
        found[start, end] = peak
        start = end
    return found


def _subtree(
    leaves: Sequence[bytes], start: int, end: int, known: int, subtrees: dict[tuple[int, int], bytes]
) -> bytes:
    """Root over the leaves from ``start`` up to ``end``, the first ``known`` of which are known as ``subtrees`` alone."""
    if start >= known:
        return tree_root(leaves, start - known, end - known)
    found = subtrees.get((start, end))
    if found is not None:
        return found
    # The first leaves fill subtrees from the left: one that reaches beyond them is split where they are.
    middle = start + _left_width(end - start)
    return node_hash(_subtree(leaves, start, middle, known, subtrees), _subtree(leaves, middle, end, known, subtrees))


def consistency_path(leaves: Sequence[bytes], old_size: int, begun: Frontier | None = None) -> list[bytes]:
    """Hashes that show the tree over ``leaves`` to begin with the one over the first ``old_size`` of them (RFC 6962, 2.1.2).

    ``leaves`` are all of the tree, or those that follow the tree ``begun``, as in `inclusion_path`.

    Raises:
        ValueError: the old tree is larger, or smaller than ``begun``.
    """
    known = Frontier() if begun is None else begun
    start, end = 0, known.size + len(leaves)
    if not known.size <= old_size <= end:
        raise ValueError(f"old_size: expected {known.size} to {end}, found {old_size}")
    if old_size in (0, end):
        return []
    subtrees = _full_subtrees(known)
    path: list[bytes] = []
    while old_size != end:
        middle = start + _left_width(end - start)
        if old_size <= middle:
            path.append(_subtree(leaves, middle, end, known.size, subtrees))
            end = middle
        else:
            path.append(_subtree(leaves, start, middle, known.size, subtrees))
            start = middle
    # A verifier holds the old root itself, so where the old tree is a subtree its root is left out.
    if start:
        path.append(_subtree(leaves, start, end, known.size, subtrees))
    return path[::-1]


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root of a tree of ``size`` leaves in which ``path`` leads up from leaf hash ``leaf`` (RFC 9162, 2.1.3.2).

    ``None`` where the path is of another length than that leaf's, or there is no such leaf.
    """
    if not 0 <= index < size:
        return None
    place, last, root = index, size - 1, leaf
    for sibling in path:
        if not last:
            return None
        if place & 1 or place == last:
            root = node_hash(sibling, root)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        place, last = place >> 1, last >> 1
    return None if last else root


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` shows that the tree of ``size`` and ``root`` begins with that of ``old_size`` (RFC 9162, 2.1.4.2)."""
    if old_size == 0:
        return old_root == EMPTY_ROOT and not path
    if old_size == size:
        return old_root == root and not path
    if not 0 < old_size < size:
        return False
    hashes = [old_root, *path] if old_size.bit_count() == 1 else list(path)
    if not hashes:
        return False
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if not last:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return not last and old == old_root and new == root


def _left_width(leaves: int) -> int:
    """The largest power of two below ``leaves``: how many of them stand on the left side."""
    return 1 << (leaves - 1).bit_length() - 1
