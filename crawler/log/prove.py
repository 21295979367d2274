"""One file that proves to a stranger that a decision was logged, and when it can be checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crawler.log import verify_proof
from crawler.log.checkpoint import Checkpoint, Proof, open_checkpoint, parse_proof
from crawler.log.entries import SALT_BYTES, EntryKind, entry_of_record
from crawler.log.folder import LogError, LogFolder
from crawler.log.merkle import inclusion_proof
from crawler.log.note import NoteError, Verifier
from crawler.log.records import decision_record
from crawler.log.tiles import TileError, hashes_from
from crawler.store.database import Connection
from crawler.store.queries.log import entry_of
from crawler.store.queries.logged import DecisionReader, UnreadableRowError
from crawler.store.queries.why import WhyFilter, why

VERIFIER = Path(verify_proof.__file__)
"""A program that checks a proof with nothing but Python: it is served and handed out with proofs."""


class NotProvableError(Exception):
    """There is nothing to prove, or not yet; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a proof proves."""

    index: int
    checkpoint: Checkpoint
    record: bytes

    @property
    def decision(self) -> str:
        """The decision's line, as exports print it."""
        return self.record.decode("utf-8", "replace").partition("\n")[0]


def prove(
    connection: Connection, folder: LogFolder, verifier: Verifier, url: str, at: datetime | None = None
) -> Proof:
    """The proof of the newest decision about a URL, or of the one in force at a time.

    Raises NotProvableError, LogError, or NoteError for a checkpoint that is not the log's.
    """
    found = why(connection, WhyFilter(url=url, at=at, limit=1))
    if not found:
        raise NotProvableError(f"no decision about {url} is recorded")
    return Prover(connection, folder, verifier).of(found[0].decision.id, url)


class Prover:
    """Proofs of many decisions under the newest checkpoint.

    Raises LogError, or NoteError for a checkpoint that is not the log's.
    """

    def __init__(self, connection: Connection, folder: LogFolder, verifier: Verifier) -> None:
        self._connection = connection
        self._path = folder.path
        self.note = folder.checkpoint() or ""
        self.checkpoint = open_checkpoint(self.note, [verifier]) if self.note else None
        self._hashes = hashes_from(self.checkpoint.size, folder.read) if self.checkpoint else None

    def of(self, number: int, url: str) -> Proof:
        """The proof of a decision about a URL. Raises NotProvableError."""
        entry = entry_of(self._connection, number)
        size = self.checkpoint.size if self.checkpoint else 0
        if entry is None or self._hashes is None or entry.position >= size:
            raise NotProvableError(
                f"the decision about {url} is in no checkpoint yet; run `forbear log checkpoint`"
            )
        if entry.salt is None:
            raise NotProvableError(
                f"the decision about {url} cannot be proven any more: what opens its entry was erased"
            )
        logged = DecisionReader(self._connection).read([number])[number]
        if isinstance(logged, UnreadableRowError):
            raise LogError(str(logged))
        try:
            path = inclusion_proof(entry.position, size, self._hashes)
        except TileError as error:
            raise LogError(f"{self._path}: {error}") from error
        extra = entry.salt + decision_record(logged)
        return Proof(index=entry.position, path=path, note=self.note, extra=extra)


def check(text: str, verifiers: Sequence[Verifier]) -> Shown:
    """What the text of a proof proves to whoever trusts these keys. Raises NoteError or ProofError."""
    proof = parse_proof(text)
    if proof.extra is None or len(proof.extra) <= SALT_BYTES:
        raise NoteError("the proof does not hold the record it is about")
    salt, record = proof.extra[:SALT_BYTES], proof.extra[SALT_BYTES:]
    entry = entry_of_record(EntryKind.DECISION, salt, record)
    return Shown(index=proof.index, checkpoint=proof.check(entry, verifiers), record=record)
