"""One instance while it is open: lock, database, lists, WARC files, evidence, politeness.

References and life cycle only; `crawler.session` says what happens with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from blocklists.hostnames import canonical_host
from blocklists.hostnames import registrable_domain as registrable
from blocklists.model import Hit
from crawler.about import about
from crawler.c2pa_worker import C2paWorker
from crawler.config import Config
from crawler.evidence import EvidenceClient, EvidenceStore, Limits
from crawler.exchange import Exchange
from crawler.frontier.lock import InstanceLock
from crawler.frontier.sql import SqlFrontier
from crawler.gate import Decision, Terms, reason_of_hit
from crawler.identity.required import require_published
from crawler.identity.signing import SIGNATURE_FIELDS, open_signer
from crawler.lists.live import LiveLists, Scene
from crawler.log.keeper import close_log, keep_log
from crawler.network import ACCEPT_ANY, STRIPPED, AddressGuard, Client, identity_headers, read_proxies
from crawler.other_pages import OtherPages
from crawler.politeness import Clock, Pace
from crawler.received import as_received
from crawler.recorded_feeds import RecordedFeeds
from crawler.redaction import REDACTED, is_secret, without_secrets
from crawler.revalidation import was_confirmed
from crawler.store.database import open_database
from crawler.store.queries.resume import (
    committed_ends,
    kept_in_flight,
    kept_per_domain,
    seed_urls,
)
from crawler.store.record import Answer, CrawlStart, CrawlStatus, Identity, Record, WarcPlace
from crawler.store.tallies import count_all, keep_sums
from crawler.store.warc import (
    Position,
    Received,
    WarcFile,
    response_record,
    truncate_to,
)
from crawler.store.writer import Writer
from reservations.model import Evidence, Reason, Verdict
from reservations.read import read
from reservations.readers.rsl_embedded import KIND as FEED
from reservations.readers.terms_page import KIND as TERMS

WARC = "warc"
EVIDENCE = "evidence"
_READ_APART = 200_000
"""Bytes of a location file beyond which it is first read off the event loop."""


class Instance:
    """Everything an open instance holds."""

    record: Record
    writer: Writer
    frontier: SqlFrontier
    evidence: EvidenceStore
    other_pages: OtherPages

    def __init__(self, config: Config, *, now: Callable[[], float]) -> None:
        self.config = config
        self._now = now
        self.guard = AddressGuard(
            allow_private=config.network.allow_private, proxies=read_proxies(config.network.proxy)
        )
        self.identity_headers = identity_headers(config)
        self.stripped_headers = (*STRIPPED, *SIGNATURE_FIELDS)
        self.signer = open_signer(config, now)
        self.clock = Clock(wall=lambda: datetime.fromtimestamp(now(), UTC))
        self.pace = Pace(config.politeness.delay, config.politeness.per_host, clock=self.clock)
        self._c2pa = C2paWorker()
        self._kept: Mapping[str, int] = {}
        self._kept_in_flight: set[str] = set()
        self.earlier_seeds: tuple[str, ...] = ()
        self.lists = LiveLists(config, now=now)

    async def open(self, command: str, terms: Terms, *, stop: Callable[[str], None] = lambda _: None) -> None:
        """Take the lock, bring the database up to date, cut files back to what was committed."""
        blocklist_set = self.lists.pin()
        data = self.config.storage.data
        self._lock = InstanceLock(data)
        engine = open_database(self.config.database_url)
        with engine.connect() as connection:
            ends = committed_ends(connection)
            self._kept = kept_per_domain(connection)
            self._kept_in_flight = kept_in_flight(connection)
            self.earlier_seeds = seed_urls(connection)
            moment, keyid = datetime.fromtimestamp(self._now(), UTC), getattr(self.signer, "keyid", None)
            self._publication = require_published(connection, self.config, moment, keyid)
        for folder in (WARC, EVIDENCE):
            truncate_to(data / folder, {k.removeprefix(folder + "/"): v for k, v in ends[folder].items()})
        self.writer = Writer(engine)
        self.writer.start()
        self.record = Record(self.writer)
        crawl = await self.record.start_crawl(self._start(command, terms, blocklist_set))
        self.frontier = SqlFrontier(
            self.writer, self._now, self.config.politeness.per_host, self.config.politeness.delay
        )
        await self.frontier.recover()
        self._log = asyncio.create_task(keep_log(self.writer, self._now), name="forbear-log")
        self._sums = asyncio.create_task(keep_sums(self.writer), name="forbear-sums")
        self._documents = WarcFile(data / WARC, f"forbear-{crawl:06d}", about(self.config))
        self._evidence_file = WarcFile(data / EVIDENCE, f"evidence-{crawl:06d}", about(self.config))
        self._open_evidence(terms)
        scene = Scene(
            crawl=crawl, record=self.record, writer=self.writer, client=self._client, terms=terms, stop=stop
        )
        await self.lists.begin(scene)

    def _open_evidence(self, terms: Terms) -> None:
        timeout = self.config.network.timeout
        headers = identity_headers(self.config, accept=ACCEPT_ANY)
        self._client = Client(self.guard, headers, timeout=timeout, signer=self.signer)
        fetcher = EvidenceClient(
            self._client,
            hop_check=self.objection,
            pace=self.pace,
            limits=Limits(seconds=timeout),
            clock=self.clock,
        )
        self.evidence = EvidenceStore(
            fetcher, terms.agent, terms.policy.profile, clock=self.clock, on_fetched=self.observed
        )
        self._feeds = RecordedFeeds(self.config.database_url, self.record, self._now)
        self.other_pages = OtherPages(terms, self.evidence, self.hits, self._feeds)

    async def close(self, status: str) -> None:
        """Flush and let go. The crawl's row says how it ended."""
        ended = {"finished": CrawlStatus.FINISHED, "planned": CrawlStatus.FINISHED}
        ended |= {"interrupted": CrawlStatus.INTERRUPTED, "shutdown": CrawlStatus.INTERRUPTED}
        try:
            self._log.cancel()
            self._sums.cancel()
            await self.lists.end()
            await self.evidence.aclose()
            await self._client.aclose()
            await self._c2pa.close()
            self._documents.close()
            self._evidence_file.close()
            if not self.writer.failed.done():
                await self.record.end_crawl(
                    ended.get(status, CrawlStatus.FAILED), datetime.fromtimestamp(self._now(), UTC)
                )
                await self.writer.close()
                await asyncio.to_thread(count_all, self.writer.engine)
                await close_log(self.writer.engine, self.config, self._now)
        finally:
            self._feeds.close()
            self.writer.engine.dispose()
            self._lock.close()

    def hits(self, url: str) -> tuple[Hit, ...]:
        """What the lists say about a URL today."""
        return self.lists.hits(url)

    def objection(self, url: str) -> Reason | None:
        """Why a redirect of a location file may not be followed there."""
        hits = self.hits(url)
        return reason_of_hit(hits[0]) if hits else self.guard.check_url(url)

    def kept_per_domain(self) -> Mapping[str, int]:
        """Documents that were kept before this process began."""
        return self._kept

    def domain_of(self, url: str) -> str:
        """The registrable domain of a URL's host; the host itself where there is none."""
        host = canonical_host(url) or ""
        return (registrable(host) or host) if host else ""

    async def observed(self, evidence: Evidence) -> None:
        """Keep a location file as received: in its own WARC, then in the record."""
        if len(evidence.body) > _READ_APART:
            # reading fills the readers' caches; a hostile file of 5 MiB takes seconds
            await asyncio.to_thread(read, evidence.url, (evidence,), self.config.agent)
        place = None
        # an extract, and a file that a 304 confirmed, is no answer as received: no place among them
        received_whole = evidence.kind not in (TERMS, FEED) and not was_confirmed(evidence.details)
        if evidence.status is not None and received_whole:
            received = as_received(evidence, evidence.status)
            place = _place(EVIDENCE, self._evidence_file.append(response_record(received)))
            self._sync(self._evidence_file)
        self.record.observe(evidence, place)

    async def credentials(
        self, url: str, when: datetime, exchange: Exchange, body: bytes
    ) -> tuple[Evidence, ...]:
        """Content credentials of a body, read in a process of their own; mostly there are none."""
        media_type = exchange.wire.media_type if exchange.wire else ""
        found = await self._c2pa.read_assertions(media_type, body, url=url, fetched_at=when)
        return () if found is None else (found,)

    def store(self, exchange: Exchange, decision: Decision) -> asyncio.Future[None]:
        """Record a decision; of a kept page its document first. The future fires when durable."""
        wire = exchange.wire
        document = None
        wanted = self.config.storage.warc and exchange.source != "sitemap"
        keeps = wanted and decision.verdict is Verdict.KEEP
        if exchange.url in self._kept_in_flight:
            # kept by a process that died before the frontier knew; asked again for its links only
            self._kept_in_flight.discard(exchange.url)
            keeps = False
        if keeps and wire is not None:
            received = Received(
                url=exchange.url,
                date=decision.decided_at,
                status_line=wire.status_line,
                header_lines=tuple(
                    (k, REDACTED.encode() if is_secret(k.decode("latin-1")) else v) for k, v in wire.headers
                ),
                body=exchange.raw,
                ip=wire.ip or None,
            )
            document = _place(WARC, self._documents.append(response_record(received)))
            self._sync(self._documents)
        exchange.raw = b""
        return self.record.decide(decision, _answer(exchange), document)

    def _sync(self, file: WarcFile) -> None:
        """Have the file on disk before the rows that point into it are committed."""
        self.writer.call(lambda connection: file.sync(), apart=True)

    def _start(self, command: str, terms: Terms, set_id: str) -> CrawlStart:
        config = self.config
        identity = Identity(
            product_token=config.crawler.product_token,
            user_agent=config.user_agent,
            from_address=config.from_address,
            info_url=config.crawler.info_url,
            signature_agent=self.signer.agent if self.signer else None,
            keyid=self.signer.keyid if self.signer else None,
            signature_profile=self.signer.profile if self.signer else None,
        )
        return CrawlStart(
            started_at=datetime.fromtimestamp(self._now(), UTC),
            command=command,
            config=without_secrets(config.model_dump(mode="json", by_alias=True)),
            identity=identity,
            terms=terms,
            blocklist_set=set_id,
            publication_id=self._publication,
        )


def _place(folder: str, position: Position) -> WarcPlace:
    return WarcPlace(file=f"{folder}/{position.file}", offset=position.offset, length=position.length)


def _answer(exchange: Exchange) -> Answer:
    wire = exchange.wire
    return Answer(
        status=wire.status if wire else None,
        media_type=wire.media_type if wire else None,
        bytes=exchange.length,
        body_sha256=exchange.body_sha256,
        attempt=exchange.attempt,
    )
