"""What proves a removal list to a stranger: that these documents were kept, and why they go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crawler.log.folder import LogFolder
from crawler.log.note import parse_verifier
from crawler.log.prove import VERIFIER, NotProvableError, Prover
from crawler.present import Json, dumps, moment
from crawler.store.database import Connection
from crawler.store.queries.last_decisions import LastDecision, last_decisions
from crawler.store.queries.withdrawals import WithdrawnRow
from reservations.model import Verdict

PROOFS, CHECKPOINT, PROGRAM = "proofs.jsonl", "checkpoint.txt", "verify_proof.py"
KEPT, LEFT_OUT = "kept", "left_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalProof:
    """The last decision about each document's page, and what the log says about these decisions."""

    last: Mapping[int, LastDecision]
    """By the decision that kept the document."""
    lines: Sequence[str] = ()
    """A proof a line: of the decision that kept a document, and of the one that left its page out."""
    note: str = ""
    """The signed checkpoint the proofs stand under; empty where there is no log."""
    key: str = ""
    origin: str = ""
    size: int = 0
    missing: int = 0
    """Decisions that the checkpoint does not reach to, or that were erased."""

    def left_out_by(self, row: WithdrawnRow) -> Json | None:
        """The decision that leaves a document out; None where nothing but the withdrawal does."""
        last = self.last.get(row.decision_id)
        if last is None or last.verdict == Verdict.KEEP.value:
            return None
        return {
            "decision": last.id,
            "decided_at": moment(last.decided_at),
            "stage": last.stage,
            "verdict": last.verdict,
            "reason": last.reason,
        }

    def files(self) -> Iterator[tuple[str, list[str]]]:
        """Names and lines of the files that go beside the lists."""
        if self.note:
            yield PROOFS, list(self.lines)
            yield CHECKPOINT, self.note.splitlines()
            yield PROGRAM, VERIFIER.read_text("utf-8").splitlines()

    @property
    def log(self) -> Json | None:
        """What the manifest says about the log; null where there is none."""
        if not self.note:
            return None
        return {
            "origin": self.origin,
            "key": self.key,
            "tree_size": self.size,
            "proofs": len(self.lines),
            "without_proof": self.missing,
        }


def removal_proof(connection: Connection, folder: LogFolder, rows: Sequence[WithdrawnRow]) -> RemovalProof:
    """Gather what proves a removal. Raises LogError or NoteError for a log that is not as it was left."""
    last = last_decisions(connection, [row.decision_id for row in rows])
    key = folder.verifier_key()
    prover = Prover(connection, folder, parse_verifier(key)) if key else None
    if key is None or prover is None or prover.checkpoint is None:
        return RemovalProof(last=last)
    lines, missing = [], 0
    for row, what, number in _wanted(rows, last):
        try:
            proof = prover.of(number, row.url)
        except NotProvableError:
            missing += 1
            continue
        told = {"url": row.url, "document": row.decision_id, "decision": number, "what": what}
        lines.append(dumps({**told, "proof": proof.text}))
    return RemovalProof(
        last=last,
        lines=lines,
        note=prover.note,
        key=key.strip(),
        origin=prover.checkpoint.origin,
        size=prover.checkpoint.size,
        missing=missing,
    )


def _wanted(
    rows: Sequence[WithdrawnRow], last: Mapping[int, LastDecision]
) -> Iterator[tuple[WithdrawnRow, str, int]]:
    for row in rows:
        yield row, KEPT, row.decision_id
        final = last.get(row.decision_id)
        if final is not None and final.verdict != Verdict.KEEP.value:
            yield row, LEFT_OUT, final.id
