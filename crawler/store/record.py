"""The record: what was seen, what was decided and what was kept, append only.

Rows are queued without waiting, under ids given out here; the future of `decide` tells when a decision
and all it rests on are durable. Nothing may count as kept before.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from crawler.store import schema
from crawler.store.codec import evidence_to_row, ids_to_json, notes_to_json, reasons_to_json, to_json
from crawler.store.looks import LOOK, LOOK_AT_FILES
from crawler.store.model import NO_ANSWER, Answer, CrawlStart, CrawlStatus, Identity, WarcPlace
from crawler.store.places import lookup_key, site_of, url_hash
from crawler.store.seen import SeenReservations, Sighting
from crawler.store.writer import Writer
from reservations.model import RESPONSE, Evidence, Stage, Verdict

if TYPE_CHECKING:
    from crawler.gate import Decision

__all__ = [
    "NO_ANSWER",
    "Answer",
    "CrawlStart",
    "CrawlStatus",
    "Identity",
    "Record",
    "RecordError",
    "WarcPlace",
]

ROWS_PER_REASON = 200
"""Links left out for one reason at one origin that get a row each; beyond it, a count."""
REMEMBERED = 50_000
"""Pieces of evidence, digests and counters kept in memory."""
REMEMBERED_OBJECTS = 4096
"""Evidence objects kept alive to be recognised: they may be as large as a robots.txt can be."""


class RecordError(Exception):
    """The record was used in a way that would make it untrue."""


class Record:
    """Append-only writing of one crawl. `start_crawl` comes first; one instance per data folder."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._ids: dict[str, int] = {}
        self._context: dict[str, Any] = {}
        self.software = ""
        """What reads and decides in this crawl."""
        self._seen: SeenReservations
        self._by_object: OrderedDict[int, tuple[Evidence, int, Sighting]] = OrderedDict()
        self._by_content: dict[tuple[str, int], int] = {}
        self._stored: set[str] = set()
        self._rows: dict[tuple[str, str], int] = {}
        self._counting: dict[tuple[str, ...], tuple[int, dict[str, Any], asyncio.Future[None]]] = {}
        ignoring = _insert_for(writer.engine.dialect.name)
        self._add_evidence = _restoring(ignoring(schema.evidence))
        self._add_document = ignoring(schema.document).on_conflict_do_nothing()
        self._add_observation = insert(schema.observation)
        self._add_decision = insert(schema.decision)
        counted = ignoring(schema.omitted)
        self._add_omitted = counted.on_conflict_do_update(
            index_elements=list(schema.omitted.primary_key),
            set_={"count": schema.omitted.c.count + counted.excluded.count},
        )

    async def start_crawl(self, start: CrawlStart) -> int:
        """Open a crawl; the answer is its id. A crawl left running by a dead process is closed."""
        self._seen = SeenReservations(self._writer, start.terms.agent)
        self.software = start.software
        return await self._writer.call(lambda connection: self._start(connection, start))

    @property
    def crawl_id(self) -> int:
        """The number of the crawl."""
        return int(self._context["crawl_id"])

    async def end_crawl(self, status: CrawlStatus, ended_at: datetime) -> None:
        """Close the crawl, after everything recorded before is durable."""
        ended = update(schema.crawl).where(schema.crawl.c.id == self._context["crawl_id"])
        values = {"status": status.value, "ended_at": ended_at}
        await self._writer.call(lambda connection: connection.execute(ended, values).rowcount)

    def observe(self, evidence: Evidence, warc: WarcPlace | None = None) -> int:
        """Record what came back for a request, once per crawl; the answer is the observation's id."""
        return self._observe(evidence, warc)[0]

    def recall(self, evidence: Evidence, observation: int) -> None:
        """Name an observation of an earlier crawl, which a decision of this one rests on too."""
        sighting = Sighting(evidence=evidence, sha256=evidence.sha256)
        self._by_object[id(evidence)] = (evidence, observation, sighting)
        if len(self._by_object) > REMEMBERED_OBJECTS:
            self._by_object.popitem(last=False)

    def looked_at(self, decision: Decision, *, files_only: bool = False) -> None:
        """Mark the documents of a URL as looked at when the decision fell, which is recorded right after."""
        row = {"of_hash": url_hash(decision.url), "at": decision.decided_at}
        self._writer.push(LOOK_AT_FILES if files_only else LOOK, row)

    def decide(
        self, decision: Decision, answer: Answer = NO_ANSWER, document: WarcPlace | None = None
    ) -> asyncio.Future[None]:
        """Record a decision with the evidence in force, and the document kept by it.

        The future fires when all of it is durable, in one transaction. At the frontier, links beyond
        ROWS_PER_REASON of an origin and reason are counted instead. Raises RecordError for a document
        whose decision is not to keep it.
        """
        self._check(decision, document)
        site = site_of(decision.url)
        if decision.stage is Stage.FRONTIER and self._has_enough_rows(site.origin, decision.reason):
            return self.omit(site.origin, decision.reason, decision.stage, decision.verdict)
        observed = [
            self._observe(item, document if item.kind == RESPONSE else None) for item in decision.evidence
        ]
        if decision.reasons:
            self._seen.record(decision, site, [sighting for _, sighting in observed])
        row = {
            **self._context,
            "id": self._next_id("decision"),
            "url": decision.url,
            "url_hash": url_hash(decision.url),
            "via": decision.via,
            "host": site.host,
            "domain": site.domain,
            "lookup_key": lookup_key(decision.url),
            "decided_at": decision.decided_at,
            "stage": decision.stage.value,
            "verdict": decision.verdict.value,
            "reason": decision.reason,
            "reasons": reasons_to_json(decision.reasons),
            "notes": notes_to_json(decision.notes),
            "observations": ids_to_json(number for number, _ in observed),
            "status": answer.status,
            "media_type": answer.media_type,
            "bytes": answer.bytes,
            "body_sha256": answer.body_sha256,
            "attempt": answer.attempt,
        }
        done = self._writer.insert(self._add_decision, row)
        if document is not None:
            self._keep(row, document)
        return done

    def omit(
        self, origin: str, reason: str, stage: Stage, verdict: Verdict = Verdict.EXCLUDE
    ) -> asyncio.Future[None]:
        """Count a link that was left out without a row of its own; the future fires when durable."""
        key = (origin, reason, stage.value, verdict.value)
        batch, row, done = self._counting.get(key, (0, {}, None))
        if done is not None and batch == self._writer.batch and not done.done():
            row["count"] += 1
            return done
        row = {
            "crawl_id": self._context["crawl_id"],
            "origin": origin,
            "reason": reason,
            "stage": stage.value,
            "verdict": verdict.value,
            "domain": site_of(origin).domain,
            "count": 1,
        }
        done = self._writer.insert(self._add_omitted, row)
        _bound(self._counting, REMEMBERED)
        self._counting[key] = (self._writer.batch, row, done)
        return done

    def _check(self, decision: Decision, document: WarcPlace | None) -> None:
        if document is not None and decision.verdict is not Verdict.KEEP:
            raise RecordError(f"nothing is kept by a decision to {decision.verdict}: {decision.url[:200]}")
        if decision.policy_id != self._context["policy_id"]:
            raise RecordError(f"decided under other terms than the crawl's: {decision.policy_id}")

    def _start(self, connection: Connection, start: CrawlStart) -> int:
        stale = update(schema.crawl).where(schema.crawl.c.status == CrawlStatus.RUNNING.value)
        connection.execute(stale.values(status=CrawlStatus.INTERRUPTED.value))
        identity_id = _identity(connection, start)
        _policy(connection, start)
        crawl_id = connection.execute(
            insert(schema.crawl).returning(schema.crawl.c.id),
            {
                "started_at": start.started_at,
                "command": start.command,
                "software": start.software,
                "config": to_json(start.config),
                "identity_id": identity_id,
                "policy_id": start.terms.policy_id,
                "publication_id": start.publication_id,
                "keyid": start.identity.keyid,
                "blocklist_set": start.blocklist_set,
                "status": CrawlStatus.RUNNING.value,
            },
        ).scalar_one()
        self._context = {"crawl_id": crawl_id, "identity_id": identity_id, "policy_id": start.terms.policy_id}
        self._ids = {t.name: _last_id(connection, t) for t in (schema.decision, schema.observation)}
        self._seen.load(connection)
        return int(crawl_id)

    def _observe(self, evidence: Evidence, warc: WarcPlace | None) -> tuple[int, Sighting]:
        known = self._by_object.get(id(evidence))
        if known is not None and known[0] is evidence:
            self._by_object.move_to_end(id(evidence))
            return known[1], known[2]
        content = evidence.content
        sighting = Sighting(evidence=evidence, sha256=sha256(content).hexdigest())
        key = (sighting.sha256, _hash_beside_content(evidence))
        number = self._by_content.get(key)
        if number is None:
            number = self._add(sighting, content, warc)
            _bound(self._by_content, REMEMBERED)
            self._by_content[key] = number
        self._by_object[id(evidence)] = (evidence, number, sighting)
        if len(self._by_object) > REMEMBERED_OBJECTS:
            self._by_object.popitem(last=False)
        return number, sighting

    def _add(self, sighting: Sighting, content: bytes, warc: WarcPlace | None) -> int:
        evidence, digest = sighting.evidence, sighting.sha256
        if digest not in self._stored:
            _bound(self._stored, REMEMBERED)
            self._stored.add(digest)
            self._writer.push(
                self._add_evidence,
                {
                    "sha256": digest,
                    "length": len(content),
                    "content": content,
                    "first_seen": evidence.fetched_at,
                },
            )
        origin = site_of(evidence.url).origin
        number = self._next_id("observation")
        self._writer.push(
            self._add_observation,
            {
                **evidence_to_row(evidence),
                "id": number,
                "crawl_id": self._context["crawl_id"],
                "origin": origin,
                "evidence_sha256": digest,
                "warc_file": warc.file if warc else None,
                "warc_offset": warc.offset if warc else None,
                "warc_length": warc.length if warc else None,
            },
        )
        self._seen.file_observed(origin, sighting)
        return number

    def _keep(self, row: Mapping[str, Any], place: WarcPlace) -> None:
        self._writer.push(
            self._add_document,
            {
                "decision_id": row["id"],
                "crawl_id": row["crawl_id"],
                "url": row["url"],
                "url_hash": row["url_hash"],
                "domain": row["domain"],
                "media_type": row["media_type"] or "",
                "bytes": row["bytes"],
                "body_sha256": row["body_sha256"],
                "warc_file": place.file,
                "warc_offset": place.offset,
                "warc_length": place.length,
                "kept_at": row["decided_at"],
                "looked_at": row["decided_at"],
                "files_at": row["decided_at"],
            },
        )

    def _has_enough_rows(self, origin: str, reason: str) -> bool:
        rows = self._rows.get((origin, reason), 0)
        if rows >= ROWS_PER_REASON:
            return True
        _bound(self._rows, REMEMBERED)
        self._rows[origin, reason] = rows + 1
        return False

    def _next_id(self, table: str) -> int:
        number = self._ids[table] = self._ids[table] + 1
        return number


def _hash_beside_content(e: Evidence) -> int:
    # Python's hash is keyed per process, so nobody can make two observations look like one.
    return hash((e.kind, e.url, e.outcome, e.fetched_at, e.status, e.fields, e.redirects, e.details, e.why))


def _bound(memory: dict[Any, Any] | set[Any], size: int) -> None:
    # Forgetting costs a repeated row or a fresh count, never a missing one.
    if len(memory) >= size:
        memory.clear()


def _insert_for(dialect: str) -> Any:
    return postgresql.insert if dialect == "postgresql" else sqlite.insert


def _restoring(statement: Any) -> Any:
    # Bytes that were removed, and came again, are there again: what is decided now rests on them.
    table = schema.evidence.c
    emptied = (table.length > 0) & (func.length(table.content) == 0)
    return statement.on_conflict_do_update(
        index_elements=[table.sha256], set_={"content": statement.excluded.content}, where=emptied
    )


def _last_id(connection: Connection, table: Table) -> int:
    return int(connection.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0)


def _identity(connection: Connection, start: CrawlStart) -> int:
    table, identity = schema.crawler_identity, start.identity
    known = connection.scalar(select(table.c.id).where(table.c.hash == identity.hash))
    if known is None:
        row = {"hash": identity.hash, **asdict(identity), "first_used": start.started_at}
        known = connection.execute(insert(table).returning(table.c.id), row).scalar_one()
    return int(known)


def _policy(connection: Connection, start: CrawlStart) -> None:
    table, terms = schema.policy_version, start.terms
    statement = _insert_for(connection.dialect.name)(table).on_conflict_do_nothing()
    row = {"id": terms.policy_id, "canonical": terms.canonical, "first_used": start.started_at}
    connection.execute(statement, row)
