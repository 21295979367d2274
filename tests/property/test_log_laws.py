"""Laws of the log: any size, any growth, any alteration."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.log.checkpoint import parse_proof
from crawler.log.merkle import (
    Edge,
    ProofError,
    check_consistency,
    check_inclusion,
    consistency_proof,
    hashes_of,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
)
from crawler.log.note import NoteError, open_note, parse_verifier
from crawler.log.tiles import Growth, Tile, hashes_from, tile_at, tiles_of

LEAVES = [leaf_hash(b"%d" % n) for n in range(2000)]
SIZES = st.integers(1, len(LEAVES))


def reference(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(reference(leaves[:k]), reference(leaves[k:]))


def grown(size: int, steps: list[int]) -> dict[Tile, bytes]:
    """The tiles of a log that was published at each of these sizes, each time from its own files."""
    files: dict[Tile, bytes] = {}
    for start, end in zip([0, *steps], [*steps, size], strict=True):
        growth = Growth(start, files.__getitem__)
        for number in range(start, end):
            files |= dict(growth.add(b"%d" % number, LEAVES[number]))
        files |= dict(growth.partial())
    return files


@given(SIZES)
def test_a_root_is_what_the_rfc_says(size: int) -> None:
    edge = Edge()
    for leaf in LEAVES[:size]:
        edge.add(leaf)
    assert root(size, hashes_of(LEAVES)) == edge.root == reference(LEAVES[:size])


@given(SIZES, st.data())
def test_every_entry_has_a_proof_and_no_other_entry_has_it(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    whole = root(size, hashes_of(LEAVES))
    path = inclusion_proof(index, size, hashes_of(LEAVES))
    check_inclusion(index, size, LEAVES[index], path, whole)
    other = data.draw(st.integers(0, size))
    if other != index:
        with pytest.raises(ProofError):
            check_inclusion(other, size, LEAVES[index], path, whole)
    for changed in (path[:-1], (*path, whole), (whole, *path[1:])):
        if changed != path:
            with pytest.raises(ProofError):
                check_inclusion(index, size, LEAVES[index], changed, whole)


@given(SIZES, st.data())
def test_a_larger_tree_continues_a_smaller_one_and_no_other(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    before, after = root(old, hashes_of(LEAVES)), root(new, hashes_of(LEAVES))
    proof = consistency_proof(old, new, hashes_of(LEAVES))
    check_consistency(old, new, before, after, proof)
    forged = sha256(before).digest()
    for wrong in ((forged, after, proof), (before, forged, proof), (before, after, (*proof, forged))):
        with pytest.raises(ProofError):
            check_consistency(old, new, *wrong)
    for number in range(len(proof)):
        changed = (*proof[:number], forged, *proof[number + 1 :])
        with pytest.raises(ProofError):
            check_consistency(old, new, before, after, changed)


@given(SIZES, st.data())
def test_tiles_do_not_depend_on_how_the_log_grew(size: int, data: st.DataObject) -> None:
    steps = sorted(data.draw(st.lists(st.integers(1, size), max_size=4)))
    files = grown(size, steps)
    assert {tile: files[tile] for tile in tiles_of(size)} == grown(size, [])
    hashes = hashes_from(size, files.__getitem__)
    assert root(size, hashes) == root(size, hashes_of(LEAVES))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert inclusion_proof(index, size, hashes) == inclusion_proof(index, size, hashes_of(LEAVES))
    assert consistency_proof(old, size, hashes) == consistency_proof(old, size, hashes_of(LEAVES))


@given(st.integers(-1, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_a_tile_is_found_under_its_path(level: int, number: int, width: int) -> None:
    tile = Tile(level=level, number=number, width=width)
    assert tile_at(tile.path) == tile


@given(st.text())
def test_no_text_makes_a_reader_of_notes_fail_otherwise(text: str) -> None:
    verifier = parse_verifier("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    for attempt in (text, f"{text}\n\n— example.com/foo {text}\n"):
        with pytest.raises(NoteError):
            open_note(attempt, [verifier])
        with pytest.raises(NoteError):
            parse_proof(attempt)
        with suppress(NoteError):  # a bare number makes it a proof, of nothing
            parse_proof(f"c2sp.org/tlog-proof@v1\nindex {attempt}")
