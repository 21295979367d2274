"""Verifying a log: everything that was published, computed again from the record, and the record from it.

Reads only, and from one moment's view of the record, so that a crawl may go on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from crawler.log.check_removed import RemovalCheck
from crawler.log.check_rows import RowCheck
from crawler.log.check_tree import TreeCheck
from crawler.log.checkpoint import Checkpoint, open_checkpoint
from crawler.log.entries import EntryKind, redacted_positions
from crawler.log.findings import Finding, What
from crawler.log.folder import LogFolder
from crawler.log.note import NoteError, Verifier
from crawler.log.replay import NotJudged, replay
from crawler.store.database import Connection
from crawler.store.queries.derived import wrong_rows
from crawler.store.queries.log import (
    CheckpointRow,
    checkpoints,
    entries,
    entries_of_kind,
    log_size,
    passed_over,
    waiting,
)
from crawler.store.queries.logged import altered_evidence

MAX_FINDINGS = 1000
OF_DECISIONS = frozenset({What.MISSING, What.RECORD, What.COMMITMENT})
Progress = Callable[[int, int], None]
"""Entries checked so far, of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to verify, and by which knowledge from outside."""

    folder: LogFolder
    data: Path
    verifier: Verifier
    kept: tuple[str, ...] = ()
    """Checkpoints that somebody kept from earlier: the log has to continue them."""
    replay: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was verified, and what was found, by entry."""

    entries: int
    checkpoints: int
    published: int
    """Size of the newest checkpoint."""
    documents: int
    replayed: int
    not_judged: int
    """Decisions that could not be judged again: what was read for them has been removed."""
    erased: int
    """Entries that nothing opens any more, as a redaction in the log says."""
    removals: int
    """Redactions in the record."""
    pending: int
    """Removed records that still lie in their files."""
    waiting: int
    """Decisions that have no entry yet."""
    findings: tuple[Finding, ...]
    more: int
    """Findings beyond MAX_FINDINGS, which are not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claims:
    roots: dict[int, dict[bytes, str]]
    findings: list[Finding]


def verify(connection: Connection, question: Question, progress: Progress = lambda done, of: None) -> Answer:
    """Check everything there is to check."""
    seen = question.folder.checkpoint()  # before the record, which then knows of all that is published
    size, rows = log_size(connection), checkpoints(connection)
    claims = _claims(question, rows, seen)
    published = max((row.tree_size for row in rows), default=0)
    tree = TreeCheck(question.folder, published, claims.roots)
    redactions = entries_of_kind(connection, EntryKind.REDACTION)
    erased = frozenset(n for entry in redactions for n in redacted_positions(entry) or ())
    check = RowCheck(connection, question.data, altered_evidence(connection), erased)
    removals = RemovalCheck(connection, question.data)
    findings = _Findings(claims.findings)
    for found in chain(
        _log(connection, tree, check, size, progress),
        _passed_over(connection),
        removals.findings(),
    ):
        findings.add(found)
    if findings.decisions_stand:  # else there is nothing to hold other rows against
        for text in wrong_rows(connection, erased=bool(redactions)):
            findings.add(Finding(what=What.DERIVED, entry=None, text=text))
    replayed = not_judged = 0
    for difference in replay(connection) if question.replay else ():
        if isinstance(difference, NotJudged):
            not_judged += 1
            continue
        replayed += 1
        if difference is not None:
            findings.add(difference)
    return Answer(
        entries=tree.size,
        checkpoints=len(rows),
        published=published,
        documents=check.documents,
        replayed=replayed,
        not_judged=not_judged,
        erased=check.erased,
        removals=removals.number,
        pending=removals.pending,
        waiting=waiting(connection)[0],
        findings=findings.sorted,
        more=findings.more,
    )


class _Findings:
    """The first findings by entry, and how many there were beyond."""

    def __init__(self, found: list[Finding]) -> None:
        self._found = found
        self.more = 0

    @property
    def sorted(self) -> tuple[Finding, ...]:
        return tuple(sorted(self._found, key=lambda f: f.order))

    @property
    def decisions_stand(self) -> bool:
        """Whether decisions are those that were logged."""
        return all(f.what not in OF_DECISIONS for f in self._found)

    def add(self, finding: Finding) -> None:
        self._found.append(finding)
        if len(self._found) > MAX_FINDINGS:
            self._found.remove(max(self._found, key=lambda f: f.order))
            self.more += 1


def _log(
    connection: Connection, tree: TreeCheck, check: RowCheck, size: int, progress: Progress
) -> Iterator[Finding]:
    for page in entries(connection):
        for row in page:
            if row.position != tree.size:
                text = f"the entry is gone; the next one is entry {row.position}"
                yield Finding(what=What.MISSING, entry=tree.size, text=text)
                return  # whatever follows stands in other places now
            yield from tree.add(row)
        yield from check.page(page)
        progress(tree.size, size)
    yield from tree.end()


def _passed_over(connection: Connection) -> Iterator[Finding]:
    for number, url in passed_over(connection):
        text = f"decision {number} about {url} has no entry, though later ones have theirs"
        yield Finding(what=What.MISSING, entry=None, text=text)


def _claims(question: Question, rows: Sequence[CheckpointRow], seen: str | None) -> _Claims:
    """What checkpoints say of the tree: those in the record, the published one, those somebody kept."""
    claims = _Claims(roots={}, findings=[])
    for row in rows:
        name = f"the recorded checkpoint of {row.tree_size} entries"
        found = _opened(row.note, name, question.verifier, claims)
        if found and (found.size, found.root) != (row.tree_size, row.root_hash):
            text = f"{name} is not the note beside it"
            claims.findings.append(Finding(what=What.CHECKPOINT, entry=None, text=text))
    known = {row.note for row in rows}
    if seen is not None:
        _opened(seen, "the published checkpoint", question.verifier, claims)
    if (rows or seen is not None) and seen not in known:
        state = "missing" if seen is None else "none that the record knows"
        text = f"the published checkpoint is {state}"
        claims.findings.append(Finding(what=What.CHECKPOINT, entry=None, text=text))
    for note in question.kept:
        _opened(note, "the checkpoint that was kept", question.verifier, claims)
    return claims


def _opened(note: str, name: str, verifier: Verifier, claims: _Claims) -> Checkpoint | None:
    try:
        checkpoint = open_checkpoint(note, [verifier])
    except NoteError as error:
        claims.findings.append(Finding(what=What.CHECKPOINT, entry=None, text=f"{name}: {error}"))
        return None
    claims.roots.setdefault(checkpoint.size, {}).setdefault(checkpoint.root, name)
    return checkpoint
