"""Location files fetched for an audit, as a crawl would: politely, once per origin, no listed host."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from blocklists.index import Index
from crawler.audit.judging import Prepared
from crawler.config import Config
from crawler.evidence import EvidenceClient, EvidenceStore, Limits
from crawler.gate import Terms, reason_of_hit
from crawler.identity.signing import open_signer
from crawler.network import ACCEPT_ANY, AddressGuard, Client, identity_headers, read_proxies
from crawler.politeness import Pace
from crawler.received import as_received
from crawler.revalidation import was_confirmed
from crawler.store.warc import WarcFile, response_record
from reservations.model import Evidence, EvidenceRequest, Reason
from reservations.plan import plan_for

_ROUNDS = 16


class LiveFiles:
    """Asks for what pages need. One instance an audit; close it when done."""

    def __init__(
        self,
        config: Config,
        terms: Terms,
        index: Index,
        runner: asyncio.Runner,
        kept: WarcFile | None = None,
    ) -> None:
        """`kept` is where what is received goes; it is closed with the rest."""
        self._terms = terms
        self._index = index
        self._runner = runner
        self._guard = AddressGuard(
            allow_private=config.network.allow_private, proxies=read_proxies(config.network.proxy)
        )
        self._client = Client(
            self._guard,
            identity_headers(config, accept=ACCEPT_ANY),
            timeout=config.network.timeout,
            signer=open_signer(config),
        )
        fetcher = EvidenceClient(
            self._client,
            hop_check=self._objection,
            pace=Pace(config.politeness.delay, config.politeness.per_host),
            limits=Limits(seconds=config.network.timeout),
        )
        self._kept = kept
        self._store = EvidenceStore(
            fetcher, terms.agent, terms.policy.profile, on_fetched=self._keep if kept else None
        )

    def gather(self, pages: Sequence[Prepared]) -> list[tuple[Evidence, ...]]:
        """The location files that each page needs beside what is known of it, asked for together."""
        return self._runner.run(self._all(pages))

    def close(self) -> None:
        """Give up what is in flight."""
        self._runner.run(self._end())
        if self._kept is not None:
            self._kept.close()

    def _keep(self, evidence: Evidence) -> None:
        if self._kept is not None and evidence.status is not None and not was_confirmed(evidence.details):
            self._kept.append(response_record(as_received(evidence, evidence.status)))

    async def _end(self) -> None:
        await self._store.aclose()
        await self._client.aclose()

    async def _all(self, pages: Sequence[Prepared]) -> list[tuple[Evidence, ...]]:
        return list(await asyncio.gather(*map(self._gather, pages)))

    async def _gather(self, prepared: Prepared) -> tuple[Evidence, ...]:
        case, reader = prepared.case, prepared.reader
        if reader is None or case.hits or self._guard.check_url(case.url):
            return ()
        found: tuple[Evidence, ...] = ()
        asked: set[EvidenceRequest] = set()
        for _ in range(_ROUNDS):
            facts = reader.facts((*case.evidence, *found))
            wanted = [
                r for r in plan_for(reader, facts.evidence, self._terms.policy.profile) if r not in asked
            ]
            if not wanted:
                break
            asked.update(wanted)
            found += tuple(await asyncio.gather(*map(self._store.get, wanted)))
        return found

    def _objection(self, url: str) -> Reason | None:
        hits = self._index.lookup(url, datetime.now(UTC).date())
        return reason_of_hit(hits[0]) if hits else self._guard.check_url(url)
