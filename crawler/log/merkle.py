"""The Merkle tree of RFC 6962: hashes, roots, proofs and their verification. Pure.

https://www.rfc-editor.org/rfc/rfc6962#section-2.1; proofs are verified as RFC 9162 sections 2.1.3.2
and 2.1.4.2 spell out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()
"""The root of a tree without entries."""
HASH_BYTES = 32

Hashes = Callable[[int, int], bytes]
"""`(height, number)` to the root of the complete subtree over entries `number << height` and on."""


class ProofError(Exception):
    """A proof does not prove what it is offered for."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over the roots of equally large subtrees; their number is a power of two."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def hashes_of(leaves: Sequence[bytes]) -> Hashes:
    """Subtrees of leaf hashes that are all in memory."""
    return lambda height, number: fold(leaves[number << height : (number + 1) << height])


def root(size: int, hashes: Hashes) -> bytes:
    """The root of the tree over the first `size` entries."""
    return _root(0, size, hashes) if size else EMPTY


def inclusion_proof(index: int, size: int, hashes: Hashes) -> tuple[bytes, ...]:
    """The path from an entry's sibling up to a child of the root."""
    if not 0 <= index < size:
        raise ProofError(f"no entry {index} in a tree of {size}")
    return tuple(_path(index, 0, size, hashes))


def consistency_proof(old: int, new: int, hashes: Hashes) -> tuple[bytes, ...]:
    """What shows that the tree of `new` entries only adds to the one of `old`."""
    if not 0 < old <= new:
        raise ProofError(f"no consistency between trees of {old} and {new} entries")
    return tuple(_subproof(old, 0, new, hashes, whole=True))


def check_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], expected: bytes) -> None:
    """Raise ProofError unless the path leads from the leaf's hash to the expected root."""
    if not 0 <= index < size:
        raise ProofError(f"no entry {index} in a tree of {size}")
    number, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError("the path is too long")
        if number & 1 or number == last:
            value = node_hash(sibling, value)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        number, last = number >> 1, last >> 1
    if last or value != expected:
        raise ProofError(f"the path of entry {index} does not lead to the root of {size} entries")


def check_consistency(old: int, new: int, before: bytes, after: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofError unless the proof derives both roots, each from its own entries."""
    if not 0 < old <= new:
        raise ProofError(f"no consistency between trees of {old} and {new} entries")
    if old == new:
        if proof or before != after:
            raise ProofError(f"two different trees of {old} entries")
        return
    hashes = list(proof) if old & (old - 1) else [before, *proof]
    if not hashes:
        raise ProofError("the proof is empty")
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if number & 1 or number == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        number, last = number >> 1, last >> 1
    if last or first != before or second != after:
        raise ProofError(f"the tree of {new} entries does not continue the one of {old}")


class Edge:
    """A tree that grows by leaf hashes and keeps only its right edge: a root at every size, in 64 hashes."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Append a leaf hash."""
        value, number = leaf, self.size
        while number & 1:
            value, number = node_hash(self._subtrees.pop(), value), number >> 1
        self._subtrees.append(value)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root over everything added."""
        if not self._subtrees:
            return EMPTY
        value = self._subtrees[-1]
        for subtree in reversed(self._subtrees[:-1]):
            value = node_hash(subtree, value)
        return value


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def _root(start: int, size: int, hashes: Hashes) -> bytes:
    if size & (size - 1) == 0:
        height = size.bit_length() - 1
        return hashes(height, start >> height)
    left = _split(size)
    return node_hash(_root(start, left, hashes), _root(start + left, size - left, hashes))


def _path(index: int, start: int, size: int, hashes: Hashes) -> list[bytes]:
    if size == 1:
        return []
    left = _split(size)
    if index - start < left:
        return [*_path(index, start, left, hashes), _root(start + left, size - left, hashes)]
    return [*_path(index, start + left, size - left, hashes), _root(start, left, hashes)]


def _subproof(old: int, start: int, size: int, hashes: Hashes, *, whole: bool) -> list[bytes]:
    if old == size:
        return [] if whole else [_root(start, size, hashes)]
    left = _split(size)
    if old <= left:
        rest = _root(start + left, size - left, hashes)
        return [*_subproof(old, start, left, hashes, whole=whole), rest]
    first = _root(start, left, hashes)
    return [*_subproof(old - left, start + left, size - left, hashes, whole=False), first]
