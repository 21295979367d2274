"""Decisions as the cases they were: everything that was judged, ready to be judged again, page by page.

The one way back from rows to cases: `why`, the log's replay and the impact of other terms all read here.
Memory is bounded in rows and in bytes of evidence; a file that many decisions rest on is read once.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, or_, select
from sqlalchemy.exc import SQLAlchemyError

from crawler.gate import Case, Decision, Terms
from crawler.retention.model import Redaction, What
from crawler.store.codec import evidence_from_row, notes_from_json, reasons_from_json
from crawler.store.queries.retention import redaction_of, removed_evidence
from crawler.store.retention.tables import removed as removed_table
from crawler.store.schema import crawl, decision, evidence, observation, policy_version
from crawler.store.terms import terms_from_canonical
from reservations.model import Evidence, Reason, Stage, Verdict, digest

CHUNK = 500
MAX_BYTES = 32 * 2**20
"""Bytes of evidence that one batch of cases may newly bring into memory; a single case may bring more."""
REMEMBERED = 64 * 2**20
"""Bytes of evidence kept for the cases to come."""
_OVERHEAD = 2000
"""Bytes that a piece of evidence is counted for beside its content."""
NOT_READ = frozenset({"blocklist", "error", "security"})
"""Protocols of reasons that no evidence yields: lists of that day, and what the crawler met itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which decisions; everything that is set must hold."""

    since: datetime | None = None
    domains: tuple[str, ...] = ()
    """Registrable domains; empty: all."""
    latest: bool = False
    """Of each URL only the last decision. One that was settled at the frontier says how far a crawl goes,
    and counts where there is no other."""
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    """A decision with what it was made from. `judge(case, terms)` makes it again.

    Hits of lists and reasons found by the crawler itself are those that were stored.
    """

    number: int
    case: Case
    terms: Terms
    stored: Decision
    crawl: int
    software: str
    domain: str
    bytes: int | None
    """Length of the body, where one was read."""
    damaged: tuple[str, ...]
    """Digests under which other bytes are stored now."""
    removed: Redaction | None
    """Set where something that was read has been removed since: then nothing can be judged again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableCase:
    """A decision whose rows hold what no release ever wrote, or are gone."""

    number: int
    url: str
    software: str
    why: str


@dataclass(frozen=True, slots=True)
class _Observed:
    evidence: Evidence | Exception
    damaged: str | None
    removed: Redaction | None
    size: int


def cases(connection: Connection, wanted: CaseFilter | None = None) -> Iterator[StoredCase | UnreadableCase]:
    """Cases in the order in which they were decided, in bounded memory."""
    wanted = wanted or CaseFilter()
    reader, after = CaseReader(connection), wanted.after
    while True:
        page = _heads().where(*_conditions(wanted), decision.c.id > after).order_by(decision.c.id)
        heads = connection.execute(page.limit(CHUNK)).all()
        yield from reader.read(heads)
        if len(heads) < CHUNK:
            return
        after = heads[-1].id


def case_of(connection: Connection, number: int) -> StoredCase | None:
    """The case of one decision; None where there is none of that number. What cannot be read raises."""
    heads = connection.execute(_heads().where(decision.c.id == number)).all()
    return next(CaseReader(connection).strictly(heads), None)


class CaseReader:
    """Turns decisions into cases, remembering what many of them rest on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._terms: dict[str, Terms] = {}
        self._observed: OrderedDict[int, _Observed] = OrderedDict()
        self._size = 0
        self._redacted = connection.scalar(select(removed_table.c.id).limit(1)) is not None

    def read(self, heads: Sequence[Row[Any]]) -> Iterator[StoredCase | UnreadableCase]:
        """The cases of these heads in order; one that cannot be read says why."""
        try:
            rows = self._rows(heads)
        except (SQLAlchemyError, ValueError, LookupError, TypeError) as error:
            if len(heads) == 1:
                yield _unreadable(heads[0], error)
                return
            half = len(heads) // 2
            yield from self.read(heads[:half])
            yield from self.read(heads[half:])
            return
        for batch in self._batches(rows):
            for head, row, numbers in batch:
                try:
                    yield self._case(head, row, numbers)
                except Exception as error:  # what a stored row makes of our classes is the answer
                    yield _unreadable(head, error)
            self._forget()

    def strictly(self, heads: Sequence[Row[Any]]) -> Iterator[StoredCase]:
        """As `read`, but raises what an unreadable row makes of it."""
        for batch in self._batches(self._rows(heads)):
            yield from (self._case(*item) for item in batch)

    def _rows(self, heads: Sequence[Row[Any]]) -> list[tuple[Row[Any], Row[Any], list[int]]]:
        by_id = {
            row.id: row
            for row in self._connection.execute(
                select(decision).where(decision.c.id.in_([head.id for head in heads]))
            )
        }
        return [
            (head, by_id[head.id], [int(n) for n in json.loads(by_id[head.id].observations)])
            for head in heads
        ]

    def _batches(
        self, rows: Sequence[tuple[Row[Any], Row[Any], list[int]]]
    ) -> Iterator[list[tuple[Row[Any], Row[Any], list[int]]]]:
        """Runs of rows whose evidence fits into memory together, with that evidence looked up."""
        lengths = self._lengths({n for _, _, numbers in rows for n in numbers})
        batch: list[tuple[Row[Any], Row[Any], list[int]]] = []
        new: set[int] = set()
        size = 0
        for item in rows:
            more = {n for n in item[2] if n in lengths} - new
            size += sum(lengths[n] for n in more)
            if batch and size > MAX_BYTES:
                self._look_up(new)
                yield batch
                batch, new, size = [], set(), 0
                more = {n for n in item[2] if n not in self._observed and n in lengths}
                size = sum(lengths[n] for n in more)
            batch.append(item)
            new |= more
        self._look_up(new)
        yield batch

    def _lengths(self, numbers: set[int]) -> Mapping[int, int]:
        """Bytes of what is not in memory yet."""
        found: dict[int, int] = {}
        for chunk in _chunks(numbers - self._observed.keys()):
            rows = self._connection.execute(
                select(observation.c.id, evidence.c.length)
                .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
                .where(observation.c.id.in_(chunk))
            )
            found.update((row.id, row.length) for row in rows)
        return found

    def _look_up(self, numbers: set[int]) -> None:
        for chunk in _chunks(numbers):
            rows = self._connection.execute(
                select(observation, evidence.c.content)
                .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
                .where(observation.c.id.in_(chunk))
            )
            for row in rows:
                self._remember(row.id, _observed(row, self._removal(row)))

    def _removal(self, row: Row[Any]) -> Redaction | None:
        """Why bytes or header lines of an observation are gone, if they were removed."""
        if not self._redacted:
            return None
        if not row.content and digest(b"") != row.evidence_sha256:
            return removed_evidence(self._connection, [row.evidence_sha256]).get(row.evidence_sha256)
        return redaction_of(self._connection, What.HEAD, str(row.id)) if row.fields == "[]" else None

    def _remember(self, number: int, seen: _Observed) -> None:
        self._observed[number] = seen
        self._size += seen.size

    def _forget(self) -> None:
        while self._size > REMEMBERED and self._observed:
            self._size -= self._observed.popitem(last=False)[1].size

    def _case(self, head: Row[Any], row: Row[Any], numbers: list[int]) -> StoredCase:
        seen = [self._seen(number) for number in numbers]
        read = tuple(_evidence(item) for item in seen)
        reasons = reasons_from_json(row.reasons)
        case = Case(
            url=row.url,
            stage=Stage(row.stage),
            decided_at=row.decided_at,
            evidence=read,
            found=tuple(filter(_was_found, reasons)),
            via=row.via,
        )
        return StoredCase(
            number=row.id,
            case=case,
            terms=self._terms_of(row.policy_id),
            stored=_decision(row, reasons, read),
            crawl=row.crawl_id,
            software=head.software,
            domain=row.domain,
            bytes=row.bytes,
            damaged=tuple(sorted({item.damaged for item in seen if item.damaged})),
            removed=next((item.removed for item in seen if item.removed), None),
        )

    def _seen(self, number: int) -> _Observed:
        found = self._observed.get(number)
        if found is None:  # forgotten since its batch was put together
            self._look_up({number})
            found = self._observed.get(number)
        if found is None:
            raise LookupError(f"observation {number} is gone")
        self._observed.move_to_end(number)
        return found

    def _terms_of(self, policy_id: str) -> Terms:
        if policy_id not in self._terms:
            self._terms[policy_id] = stored_terms(self._connection, policy_id)
        return self._terms[policy_id]


def stored_terms(connection: Connection, policy_id: str) -> Terms:
    """The terms of a policy version."""
    return terms_from_canonical(
        connection.execute(
            select(policy_version.c.canonical).where(policy_version.c.id == policy_id)
        ).scalar_one()
    )


def _heads() -> Select[*tuple[Any, ...]]:
    columns = select(decision.c.id, decision.c.url, crawl.c.software)
    return columns.join(crawl, crawl.c.id == decision.c.crawl_id)


def _conditions(wanted: CaseFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield decision.c.decided_at >= wanted.since
    if wanted.domains:
        yield decision.c.domain.in_(wanted.domains)
    if wanted.latest:
        yield ~_superseded()


def _superseded() -> ColumnElement[bool]:
    """Another decision about the same URL counts instead."""
    other, frontier = decision.alias("other_of_url"), Stage.FRONTIER.value
    alike = (other.c.stage == frontier) == (decision.c.stage == frontier)
    later = (other.c.id > decision.c.id) & alike
    settled = (other.c.stage != frontier) & (decision.c.stage == frontier)
    return (
        select(other.c.id)
        .where(other.c.url_hash == decision.c.url_hash, or_(later, settled))
        .correlate(decision)
        .exists()
    )


def _observed(row: Row[Any], removal: Redaction | None) -> _Observed:
    content = row.content
    is_damaged = digest(content) != row.evidence_sha256 and not (removal and not content)
    damaged = row.evidence_sha256 if is_damaged else None
    size = len(content) + len(row.fields) + _OVERHEAD
    try:
        return _Observed(evidence_from_row(row, content), damaged, removal, size)
    except Exception as error:  # told with each decision that rests on it
        return _Observed(error, damaged, removal, size)


def _evidence(seen: _Observed) -> Evidence:
    if isinstance(seen.evidence, Exception):
        raise seen.evidence
    return seen.evidence


def _decision(row: Row[Any], reasons: tuple[Reason, ...], read: tuple[Evidence, ...]) -> Decision:
    return Decision(
        url=row.url,
        via=row.via,
        stage=Stage(row.stage),
        verdict=Verdict(row.verdict),
        reasons=reasons,
        notes=notes_from_json(row.notes),
        evidence=read,
        policy_id=row.policy_id,
        decided_at=row.decided_at,
    )


def _was_found(reason: Reason) -> bool:
    # What evidence yields is read again, also where the stored bytes no longer have the digest that
    # the reason names: a changed byte must not bring its own excuse.
    if reason.code == "error.evidence_missing":
        return False
    return reason.protocol in NOT_READ or reason.evidence is None


def _unreadable(head: Row[Any], error: Exception) -> UnreadableCase:
    why = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
    return UnreadableCase(number=head.id, url=head.url, software=head.software, why=why)


def _chunks(numbers: set[int]) -> Iterator[list[int]]:
    ordered = sorted(numbers)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
