"""Entries against the record: what was committed to, the evidence it rests on, and the WARC files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from hashlib import sha256
from pathlib import Path

from crawler.log.check_removed import check_redaction
from crawler.log.entries import EntryKind, entry_of_record
from crawler.log.findings import Finding, What
from crawler.log.records import crawl_record, decision_record
from crawler.retention.model import WarcSpan
from crawler.store.database import Connection
from crawler.store.places import lookup_key, url_hash
from crawler.store.queries.log import EntryRow
from crawler.store.queries.logged import (
    DecisionReader,
    LoggedDecision,
    ObservedRow,
    UnreadableRowError,
    logged_crawl,
)
from crawler.store.queries.retention import is_removed
from crawler.store.warc import (
    BodyTooLargeError,
    UnreadableEncodingError,
    WarcIntegrityError,
    decoded_body,
    read_record,
)

EVIDENCE_FILES = "evidence/"
_MAX_CHECKED = 500_000
_ROOM = 2**20
"""For the heads of a record, and a coding that made the body larger."""

Problem = tuple[What, str]


class RowCheck:
    """Opens the commitments of entries, page by page."""

    def __init__(
        self, connection: Connection, data: Path, altered: Mapping[str, str], redacted: Set[int]
    ) -> None:
        self._connection = connection
        self._reader = DecisionReader(connection)
        self._data = data
        self._altered = altered
        self._redacted = redacted
        self._checked: dict[int, str | None] = {}
        self.documents = 0
        """Kept documents read so far."""
        self.erased = 0
        """Entries so far that nothing opens any more, as a redaction says."""

    def page(self, rows: Sequence[EntryRow]) -> Iterator[Finding]:
        """What is wrong behind these entries."""
        wanted = [row.decision_id for row in rows if row.decision_id is not None]
        logged = self._reader.read(wanted) if wanted else {}
        for row in rows:
            decision = logged.get(row.decision_id) if row.decision_id is not None else None
            for what, text in self._entry(row, decision):
                yield Finding(what=what, entry=row.position, text=text)

    def _entry(
        self, row: EntryRow, decision: LoggedDecision | UnreadableRowError | None
    ) -> Iterator[Problem]:
        if row.kind == EntryKind.REDACTION:
            yield from check_redaction(self._connection, row)
        elif row.salt is None:
            if row.position in self._redacted:
                self.erased += 1
            else:
                yield What.MISSING, "what opens it was taken away, and no redaction says so"
        elif row.kind == EntryKind.CRAWL and row.crawl_id is not None:
            yield from self._crawl(row, row.salt, row.crawl_id)
        elif row.kind == EntryKind.DECISION and decision is not None:
            yield from self._decision(row, row.salt, decision)
        else:
            yield What.RECORD, f"an entry of the kind {row.kind[:40]!r} about nothing"

    def _crawl(self, row: EntryRow, salt: bytes, number: int) -> Iterator[Problem]:
        try:
            crawl = logged_crawl(self._connection, number)
        except UnreadableRowError as error:
            yield What.RECORD, str(error)
            return
        if not _opens(row, salt, crawl_record(crawl)):
            yield What.COMMITMENT, f"crawl {number}, with its software and terms"

    def _decision(
        self, row: EntryRow, salt: bytes, decision: LoggedDecision | UnreadableRowError
    ) -> Iterator[Problem]:
        if isinstance(decision, UnreadableRowError):
            yield What.RECORD, str(decision)
            return
        url = decision.row.url
        try:
            same = _opens(row, salt, decision_record(decision))
        except ValueError as error:
            yield What.RECORD, f"decision {decision.row.id} about {url}: {error}"
            return
        if not same:
            # Nothing of it may be trusted now, not even where its files lie.
            yield What.COMMITMENT, f"decision {decision.row.id} about {url}"
            return
        if (decision.url_hash, decision.lookup_key) != (url_hash(url), lookup_key(url)):
            yield What.RECORD, f"decision {decision.row.id} is not found under its URL, {url}"
        for observed in decision.observations:
            yield from self._observation(observed)
        problem = self._document(decision)
        if problem:
            yield What.STORED, f"{problem} (the document of {url})"

    def _observation(self, observed: ObservedRow) -> Iterator[Problem]:
        altered = self._altered.get(observed.evidence_sha256)
        if altered:
            yield (
                What.EVIDENCE,
                f"{observed.kind} of {observed.url}, {observed.evidence_sha256[:16]}, {altered}",
            )
        if observed.id not in self._checked:
            if len(self._checked) > _MAX_CHECKED:
                self._checked.clear()
            self._checked[observed.id] = self._evidence_file(observed)
        problem = self._checked[observed.id]
        if problem:
            yield What.STORED, f"{problem} ({observed.kind} of {observed.url})"

    def _evidence_file(self, observed: ObservedRow) -> str | None:
        if observed.warc_file is None or not observed.warc_file.startswith(EVIDENCE_FILES):
            return None
        place = (self._data / observed.warc_file, observed.warc_offset or 0, observed.warc_length or 0)
        if is_removed(self._connection, WarcSpan(file=observed.warc_file, offset=place[1], length=place[2])):
            return None  # whether it is gone is asked of the redaction
        try:
            body = read_record(*place).body
        except WarcIntegrityError as error:
            return str(error)
        if sha256(body).hexdigest() != observed.evidence_sha256:
            return f"{place[0]} at byte {place[1]}: not the bytes that were received"
        return None

    def _document(self, decision: LoggedDecision) -> str | None:
        place, held = decision.row.warc, decision.document
        if place is None or held is None or held.withdrawn_at is not None:
            return None
        stated = (held.url, held.url_hash, held.bytes, held.body_sha256)
        if stated != (decision.row.url, decision.url_hash, decision.row.bytes, decision.body_sha256):
            return f"the row of document {decision.row.id} does not say what its decision says"
        self.documents += 1
        path = self._data / place.file
        try:
            record = read_record(path, place.offset, place.length, limit=2 * held.bytes + _ROOM)
            body = decoded_body(record, limit=held.bytes)
        except WarcIntegrityError as error:
            return str(error)
        except (BodyTooLargeError, UnreadableEncodingError) as error:
            return f"{path} at byte {place.offset}: {error}"
        if sha256(body).hexdigest() != held.body_sha256:
            return f"{path} at byte {place.offset}: not the body that was kept"
        return None


def _opens(row: EntryRow, salt: bytes, record: bytes) -> bool:
    try:
        return entry_of_record(EntryKind(row.kind), salt, record) == row.entry
    except ValueError:  # a salt of another length
        return False
