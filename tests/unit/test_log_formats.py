"""The log's formats: every vector, and what is refused."""

from __future__ import annotations

import json
import stat
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.log.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, parse_proof
from crawler.log.entries import (
    EntryKind,
    commitment,
    entry_of_record,
    entry_of_redaction,
    entry_of_removal,
    redacted_positions,
)
from crawler.log.key import PUBLISHED_KEYS, KeyFileError, key_text, load_key, make_key
from crawler.log.merkle import (
    EMPTY,
    Edge,
    ProofError,
    check_consistency,
    check_inclusion,
    consistency_proof,
    hashes_of,
    inclusion_proof,
    leaf_hash,
    root,
)
from crawler.log.note import (
    KeyKind,
    NoteError,
    Signer,
    Verifier,
    cosignature_message,
    open_note,
    parse_verifier,
)
from crawler.log.tiles import ENTRIES, Tile, TileError, bundle, edge_of, tile_at, tiles_of, unbundle

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "log_vectors.json").read_text("utf-8"))
TREE = VECTORS["merkle_rfc6962"]
LEAVES = [leaf_hash(bytes.fromhex(leaf)) for leaf in TREE["leaves_hex"]]
ROOTS = [bytes.fromhex(value) for value in TREE["root_hex_by_size"]]
NOTE = VECTORS["checkpoint"]["note"]
LOG = parse_verifier(VECTORS["checkpoint"]["vkey"])
SIGNER = Signer(
    name="crawler.example/decisions",
    key=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["checkpoint"]["test_seed_hex"])),
)


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_rfc6962_2_1_roots(size: int) -> None:
    edge = Edge()
    for leaf in LEAVES[:size]:
        edge.add(leaf)
    assert root(size, hashes_of(LEAVES)) == edge.root == ROOTS[size]


def test_rfc6962_2_1_the_empty_tree() -> None:
    assert ROOTS[0] == EMPTY


@pytest.mark.parametrize("case", TREE["inclusion_paths_hex"].values(), ids=TREE["inclusion_paths_hex"])
def test_rfc6962_2_1_1_inclusion(case: dict[str, Any]) -> None:
    index, size = case["leaf_index"], case["tree_size"]
    path = inclusion_proof(index, size, hashes_of(LEAVES))
    assert [value.hex() for value in path] == case["path"]
    check_inclusion(index, size, LEAVES[index], path, ROOTS[size])


@pytest.mark.parametrize("case", TREE["consistency_proofs_hex"].values(), ids=TREE["consistency_proofs_hex"])
def test_rfc6962_2_1_2_consistency(case: dict[str, Any]) -> None:
    old, new = case["from"], case["to"]
    proof = consistency_proof(old, new, hashes_of(LEAVES))
    assert [value.hex() for value in proof] == case["proof"]
    check_consistency(old, new, ROOTS[old], ROOTS[new], proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ProofError, match="no entry"):
        inclusion_proof(index, size, hashes_of(LEAVES))
    with pytest.raises(ProofError, match="no entry"):
        check_inclusion(index, size, LEAVES[0], (), ROOTS[0])


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_there_is_no_consistency_with_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ProofError, match="no consistency"):
        consistency_proof(old, new, hashes_of(LEAVES))
    with pytest.raises(ProofError, match="no consistency"):
        check_consistency(old, new, ROOTS[old], ROOTS[new], ())


@pytest.mark.parametrize(("number", "path"), VECTORS["tlog_tiles"]["tile_index_paths"].items())
def test_tlog_tiles_paths(number: str, path: str) -> None:
    tile = Tile(level=0, number=int(number))
    assert tile.path == f"tile/0/{path}"
    assert tile_at(tile.path) == tile
    partial = Tile(level=ENTRIES, number=int(number), width=7)
    assert partial.path == f"tile/entries/{path}.p/7"
    assert tile_at(partial.path) == partial


def test_tlog_tiles_of_a_tree_of_70000() -> None:
    wanted = VECTORS["tlog_tiles"]["example_tree_size_70000"]
    tiles = list(tiles_of(70_000))
    full = [sum(t.level == level and t.width == 256 for t in tiles) for level in (0, 1, 2)]
    partial = {t.level: t.width for t in edge_of(70_000)}
    assert full == [wanted["full_level0"], wanted["full_level1"], 0]
    assert partial == {
        ENTRIES: 112,
        0: wanted["partial_level0_width"],
        1: wanted["partial_level1_width"],
        2: wanted["partial_level2_width"],
    }


@pytest.mark.parametrize(
    "path",
    [
        "key", "tile/0/1000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/x000/000", "tile/00/000",
        "tile/0/000/", "tile/0/../../key", "tile/entries/000.p/007", "tile/64/000", "/tile/0/000",
        "tile/0/000\n",
    ],
)  # fmt: skip
def test_no_other_path_is_a_tile(path: str) -> None:
    assert tile_at(path) is None


def test_bundles_hold_entries_after_their_lengths() -> None:
    entries = (b"", b"a", b"x" * 65_535)
    data = bundle(entries)
    assert data[:5] == b"\x00\x00\x00\x01a"
    assert unbundle(data) == entries
    for cut in (1, 3, len(data) - 1):
        with pytest.raises(TileError, match="ends within"):
            unbundle(data[:-cut] if cut > 1 else data + b"\x00")
    with pytest.raises(OverflowError):
        bundle([b"x" * 65_536])


def test_signed_note_of_c2sp() -> None:
    vector = VECTORS["signed_note"]
    verifier = parse_verifier(vector["vkey"])
    assert verifier.text == vector["vkey"]
    assert open_note(vector["note"], [verifier]) == ("This is an example message.\n", (verifier,))


def test_checkpoint_is_signed_and_read_byte_for_byte() -> None:
    checkpoint = Checkpoint(origin="crawler.example/decisions", size=8, root=ROOTS[8])
    assert SIGNER.verifier == LOG
    assert SIGNER.sign(checkpoint.text) == NOTE
    assert open_checkpoint(NOTE, [LOG]) == checkpoint


def test_tlog_proof_v1() -> None:
    vector = VECTORS["tlog_proof_v1"]
    proof = parse_proof(vector["text"])
    assert proof.text == vector["text"]
    assert proof.check(bytes.fromhex(vector["leaf_data_hex"]), [LOG]).root == ROOTS[3 + 5]
    with pytest.raises(ProofError):
        proof.check(b"another entry", [LOG])


def test_cosignature_v1() -> None:
    message = VECTORS["cosignature_v1_message"]
    text = message.split("\n", 2)[2]
    assert cosignature_message(1679315147, text) == message
    key = Ed25519PrivateKey.generate()
    witness = Verifier(name="w.example", public=key.public_key().public_bytes_raw(), kind=KeyKind.COSIGNATURE)
    stamp = (1679315147).to_bytes(8, "big")
    signature = b64encode(witness.id + stamp + key.sign(message.encode())).decode()
    note = f"{text}\n— w.example {signature}\n"
    assert parse_verifier(witness.text) == witness
    assert open_note(note, [witness])[1] == (witness,)
    with pytest.raises(NoteError, match=r"of example\.com/behind-the-sofa, signed by w\.example"):
        open_checkpoint(note, [witness])
    later = b64encode(witness.id + (1679315148).to_bytes(8, "big") + key.sign(message.encode())).decode()
    with pytest.raises(NoteError, match="does not fit"):
        open_note(f"{text}\n— w.example {later}\n", [witness])


def test_signatures_of_strangers_are_skipped_and_none_is_not_enough() -> None:
    other = Signer(name="crawler.example/decisions", key=Ed25519PrivateKey.generate())
    text, _ = open_note(NOTE, [LOG])
    line = other.sign(text).rpartition("\n\n")[2]
    assert open_note(NOTE + line, [LOG])[1] == (LOG,)
    with pytest.raises(NoteError, match="not signed by"):
        open_note(other.sign(text), [LOG])


BROKEN_NOTES = {
    "altered": NOTE.replace("\n8\n", "\n9\n"),
    "no signature": NOTE.partition("\n\n")[0] + "\n",
    "no final newline": NOTE[:-1],
    "a tab": NOTE.replace("\n8\n", "\n8\t\n"),
    "a carriage return": NOTE.replace("\n8\n", "\r\n8\r\n"),
    "hyphen for dash": NOTE.replace("— ", "- "),
    "lax base64": NOTE.replace("IeaQQ=\n", "IeaQR=\n"),
    "short signature": NOTE.rpartition(" ")[0] + " d/vc\n",
    "too many": NOTE + NOTE.rpartition("\n\n")[2] * 100,
    "empty": "",
}


@pytest.mark.parametrize("note", BROKEN_NOTES.values(), ids=BROKEN_NOTES)
def test_broken_notes_are_refused(note: str) -> None:
    with pytest.raises(NoteError):
        open_checkpoint(note, [LOG])


@pytest.mark.parametrize("text", ["o\n08\nx\n", "o\n-1\n", "\n8\n", "o\n8\nQQ==\n", "o\n8\n", "o", ""])
def test_broken_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_checkpoint(text)


def test_extension_lines_are_allowed_but_not_empty_ones() -> None:
    text = f"o\n8\n{b64encode(ROOTS[8]).decode()}\n"
    assert parse_checkpoint(text + "more\n").size == 8
    with pytest.raises(NoteError):
        parse_checkpoint(text + "\nmore\n")


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n", "c2sp.org/tlog-proof@v2\nindex 0\n\nx", "c2sp.org/tlog-proof@v1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 00\n\nx", "c2sp.org/tlog-proof@v1\nindex 0\nQQ==\n\nx",
        "c2sp.org/tlog-proof@v1\nextra ?\nindex 0\n\nx", "c2sp.org/tlog-proof@v1\nindex 0\nextra QQ==\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + "A" * 43 + "=\n" * 65 + "\n\nx",
    ],
)  # fmt: skip
def test_broken_proofs_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_proof(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a+b+c", "a b+77fbdc52+Aas19atInbcMDd5Goa7id020TqoflcHWag//KQjG8buP",
        LOG.text.replace("77fb", "77fc"), LOG.text.replace("+Aas", "+Bas"), LOG.text[:-4],
    ],
)  # fmt: skip
def test_broken_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_verifier(text)


def test_a_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "key"
    made = make_key(file, "crawler.example/log")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_key(file).verifier == made.verifier
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    with pytest.raises(KeyFileError, match="one key"):
        make_key(file, "crawler.example/log")
    file.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_key(file)


@pytest.mark.parametrize(
    "seed",
    [
        VECTORS["checkpoint"]["test_seed_hex"],
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    ],
)
def test_printed_test_keys_are_refused(tmp_path: Path, seed: str) -> None:
    signer = Signer(name="a.example", key=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))
    file = tmp_path / "key"
    file.write_text(key_text(signer))
    file.chmod(0o600)
    with pytest.raises(KeyFileError, match="printed in a specification"):
        load_key(file)


def test_published_example_keys_are_known() -> None:
    for text in (
        VECTORS["signed_note"]["vkey"],
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ):
        assert parse_verifier(text).public in PUBLISHED_KEYS


@pytest.mark.parametrize("text", ["", "x", "PRIVATE+KEY+a+00000000+AQ==", "\udc80"])
def test_broken_key_files_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    file.chmod(0o600)
    with pytest.raises(KeyFileError, match=str(file)):
        load_key(file)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2028b", "a\nb"])
def test_a_key_has_a_name_without_spaces_or_plus(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyFileError, match="no name"):
        make_key(tmp_path / "key", name)


def test_an_entry_gives_nothing_away_and_commits_to_every_byte() -> None:
    salt, record = b"s" * 16, b'{"url":"https://example.org/"}\n'
    entry = entry_of_record(EntryKind.DECISION, salt, record)
    assert json.loads(entry) == {
        "c": b64encode(commitment(salt, record)).decode(),
        "kind": "decision",
        "v": 1,
    }
    assert entry == json.dumps(json.loads(entry), separators=(",", ":"), sort_keys=True).encode()
    assert entry_of_record(EntryKind.DECISION, b"t" * 16, record) != entry
    assert entry_of_record(EntryKind.DECISION, salt, record + b" ") != entry
    with pytest.raises(ValueError, match="16 bytes"):
        commitment(b"", record)


def test_a_redaction_names_the_entry() -> None:
    assert entry_of_redaction(7) == b'{"kind":"redaction","of":7,"v":1}'
    assert redacted_positions(entry_of_redaction(7)) == (7,)
    assert redacted_positions(entry_of_removal(b"s" * 16, b"record", [3, 9])) == (3, 9)
    assert redacted_positions(entry_of_removal(b"s" * 16, b"record", [])) == ()
    for entry in (b"", b"7", b"{}", b'{"of":7}', b'{"kind":"redaction","of":7.0,"v":1}', b"\xff"):
        assert redacted_positions(entry) is None
