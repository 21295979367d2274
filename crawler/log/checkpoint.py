"""Checkpoints and proofs: the texts that a log hands out. Pure.

https://c2sp.org/tlog-checkpoint and https://c2sp.org/tlog-proof
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.log.merkle import HASH_BYTES, check_inclusion, leaf_hash
from crawler.log.note import NoteError, Verifier, open_note, unb64

PROOF_HEAD = "c2sp.org/tlog-proof@v1"
MAX_PATH = 64
_SIZE = re.compile(r"0|[1-9]\d{0,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A tree at one size."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That an entry stands in a log, for whoever knows the log's key; in one file."""

    index: int
    path: tuple[bytes, ...]
    note: str
    """The signed checkpoint."""
    extra: bytes | None = None
    """What the entry is made of; nothing is proven of it before the entry is made again from it."""

    @property
    def text(self) -> str:
        """The file's content."""
        lines = [PROOF_HEAD]
        if self.extra is not None:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines += [f"index {self.index}", *(b64encode(h).decode() for h in self.path)]
        return "\n".join(lines) + "\n\n" + self.note

    def check(self, entry: bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
        """The checkpoint under which the entry stands. Raises NoteError or ProofError if it does not."""
        checkpoint = open_checkpoint(self.note, verifiers)
        check_inclusion(self.index, checkpoint.size, leaf_hash(entry), self.path, checkpoint.root)
        return checkpoint


def parse_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from the text that was signed. Raises NoteError."""
    origin, _, rest = text.partition("\n")
    size, _, rest = rest.partition("\n")
    encoded, _, more = rest.partition("\n")
    root = unb64(encoded)
    if not origin or not _SIZE.fullmatch(size) or len(root) != HASH_BYTES or "\n\n" in f"\n{more}":
        raise NoteError("not a checkpoint: origin, size and root hash, a line each")
    return Checkpoint(origin=origin, size=int(size), root=root)


def open_checkpoint(note: str, verifiers: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint of a note signed by the log. Raises NoteError.

    The key's name has to be the log's origin: a key of another log says nothing about this one.
    """
    text, signed = open_note(note, verifiers)
    checkpoint = parse_checkpoint(text)
    if all(verifier.name != checkpoint.origin for verifier in signed):
        raise NoteError(f"a checkpoint of {checkpoint.origin[:100]}, signed by {signed[0].name}")
    return checkpoint


def parse_proof(text: str) -> Proof:
    """A proof from its file. Raises NoteError."""
    head, found, note = text.partition("\n\n")
    lines = head.split("\n")
    if not found or lines.pop(0) != PROOF_HEAD:
        raise NoteError(f"not a proof: the first line is not {PROOF_HEAD}")
    extra = unb64(lines.pop(0).removeprefix("extra ")) if head.startswith(PROOF_HEAD + "\nextra ") else None
    word, _, index = lines.pop(0).partition(" ") if lines else ("", "", "")
    if word != "index" or not _SIZE.fullmatch(index) or len(lines) > MAX_PATH:
        raise NoteError("not a proof: no line `index N`, or too many hashes")
    path = tuple(unb64(line) for line in lines)
    if any(len(value) != HASH_BYTES for value in path):
        raise NoteError("not a proof: a line of the path is not one hash")
    return Proof(index=int(index), path=path, note=note, extra=extra)
