"""One crawl on one instance: asks, judges, acts and records. The shell round the pure gate.

Scrapy's components call it; it knows nothing of Scrapy. Every rule is elsewhere: what evidence to
ask for in `reservations.plan`, what it means in `reservations.read`, what follows in `crawler.gate`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from crawler.config import Config
from crawler.exchange import Exchange, Wire
from crawler.failures import failure
from crawler.frontier import Candidate, Frontier
from crawler.gate import Case, Decision, Terms, judge
from crawler.instance import Instance
from crawler.network.bodies import BodyError, decode_whole
from crawler.pacing import apply_limits
from crawler.politeness import Backoff, retry_after
from crawler.scope import Scope, failed, left_out, objections, outside, scope_of
from crawler.store.writer import WriterError
from crawler.tally import Tally
from reservations.facts import Facts
from reservations.model import Evidence, Reason, Stage, Verdict
from reservations.origins import origin_of
from reservations.plan import plan_for
from reservations.read import Reader, signals
from reservations.readers.robots_directives import nofollow
from reservations.readers.robots_limits import crawl_limits

log = logging.getLogger(__name__)

_BACKOFF = Backoff(start=2.0, cap=900.0)
_MAX_MET = 2_000_000
_PATIENCE = 30.0
"""Seconds a request waits for its host's turn; beyond it the URL goes back into the frontier."""


class Session:
    """The state of one crawl."""

    def __init__(self, config: Config, *, now: Callable[[], float] = time.time) -> None:
        self.config = config
        self.now = now
        self.terms = Terms(agent=config.agent, policy=config.reading_policy, types=config.crawl.types)
        self.instance = Instance(config, now=now)
        self.guard = self.instance.guard
        self.identity_headers = self.instance.identity_headers
        self.stripped_headers = self.instance.stripped_headers
        self.scope = Scope(hosts=frozenset())
        self.tally = Tally()
        self.stopped = ""
        self._kept_per_domain: Counter[str] = Counter()
        self._met: set[int] = set()
        self._open = False

    @property
    def frontier(self) -> Frontier:
        """The queue of this instance."""
        return self.instance.frontier

    async def ensure_open(self, command: str, seeds: Iterable[str] = ()) -> None:
        """Open the instance once: lock, database, lists, WARC files, a row for this crawl."""
        if self._open:
            return
        await self.instance.open(command, self.terms, stop=self.stop)
        self._kept_per_domain.update(self.instance.kept_per_domain())
        self._open = True
        self.scope = scope_of(self.config.crawl, (*seeds, *self.instance.earlier_seeds))

    async def close(self, status: str) -> None:
        """Flush everything and end the crawl's row."""
        if self._open:
            self._open = False
            await self.instance.close(status)

    def stop(self, why: str) -> None:
        """Ask for the end of the crawl; the first cause counts."""
        self.stopped = self.stopped or why

    def host_of(self, url: str) -> str:
        """The queue a URL belongs to: its host name, whatever scheme and port."""
        try:
            return (urlsplit(url).hostname or "").removesuffix(".")
        except ValueError:
            return ""

    def proxy_for(self, url: str) -> str | None:
        """The operator's proxy for a URL, with its credentials."""
        endpoint = self.guard.proxies.for_url(url)
        return endpoint.url if endpoint else None

    # ---- before a fetch

    def considers(self, candidate: Candidate) -> bool:
        """Whether a found URL enters the frontier; a link that does not is recorded or counted."""
        reason = self._out_of_bounds(candidate)
        if reason is None:
            return True
        if self._is_new(candidate.url):
            self._leave_out(candidate, reason)
        return False

    def _out_of_bounds(self, candidate: Candidate) -> Reason | None:
        reason = outside(candidate, self.config.crawl, self.scope)
        # a link to a listed host is settled by the list, which is what its owner will ask about
        return None if reason and self.instance.hits(candidate.url) else reason

    def _is_new(self, url: str) -> bool:
        """Whether this crawl has not settled the URL yet: a left-out link is recorded once, a kept page
        that is linked from too deep is not left out after all."""
        key = hash(url)
        if key in self._met:
            return False
        if len(self._met) >= _MAX_MET:
            self._met.clear()
        self._met.add(key)
        return True

    def _leave_out(self, candidate: Candidate, reason: Reason) -> None:
        exchange = Exchange(url=candidate.url, via=candidate.via, found=(reason,))
        self.instance.record.decide(judge(self._case(exchange, stage=Stage.FRONTIER), self.terms))

    async def admit(
        self, url: str, *, via: str | None = None, attempt: int = 1, method: str = "GET"
    ) -> Exchange:
        """Gather what must be known before a request, and judge. Fetches evidence where needed."""
        await self.ensure_open("scrapy")
        exchange = Exchange(url=url.partition("#")[0], via=via, attempt=attempt)
        self._is_new(exchange.url)
        try:
            await self._gather(exchange, method)
            self._judge(exchange, self._case(exchange, stage=Stage.BEFORE_FETCH))
        except Exception as error:  # whatever a hostile file made of our readers, the URL is not asked
            self.broken(exchange, "admission", error)
        return exchange

    async def _gather(self, exchange: Exchange, method: str) -> None:
        """Everything that must be known before the URL may be requested, in the order of the gate."""
        url = exchange.url
        unsafe = self.guard.check_url(url) or self._wrong_method(method)
        exchange.hits = () if unsafe else self.instance.hits(url)
        reason = unsafe or (None if exchange.hits else self._over_budget(url))
        if reason:
            exchange.found = (reason,)
        elif not exchange.hits:
            reader = self._reader(exchange)
            gathered = await self.instance.evidence.gather(url, reader)
            known = await self.instance.other_pages.known(url)
            exchange.location = (*gathered, *known) if known else gathered
            self._pace(exchange, reader.facts(exchange.location))

    def _reader(self, exchange: Exchange) -> Reader:
        exchange.reader = exchange.reader or Reader(exchange.url, self.terms.agent)
        return exchange.reader

    def _judge(self, exchange: Exchange, case: Case) -> Decision:
        exchange.decision = judge(case, self.terms, exchange.reader)
        return exchange.decision

    def _wrong_method(self, method: str) -> Reason | None:
        return None if method in ("GET", "HEAD") else left_out("method", f"{method[:20]} is never sent")

    def _over_budget(self, url: str) -> Reason | None:
        limit = self.config.crawl.max_pages_per_domain
        if limit and self._kept_per_domain[self.instance.domain_of(url)] >= limit:
            return left_out("budget", f"{limit} pages of this domain are kept already")
        return None

    def _pace(self, exchange: Exchange, facts: Facts) -> None:
        host, pace = self.host_of(exchange.url), self.instance.pace
        if facts.robots is not None:
            apply_limits(pace, host, crawl_limits(facts.robots, self.terms.agent))
        wait = pace.wait_for(host)
        if wait > _PATIENCE:
            exchange.found = (
                *exchange.found,
                failed("waiting", f"the host's next turn is {wait:.0f} s away"),
            )
            exchange.retry_at = self.now() + wait
            self.frontier.block(host, self.now() + wait)

    async def turn(self, exchange: Exchange) -> None:
        """Wait for the host's next slot."""
        await self.instance.pace.turn(self.host_of(exchange.url))

    async def refuse(self, exchange: Exchange) -> float | None:
        """Settle what was not admitted; when to try again, if at all."""
        return await self.settle(exchange)

    # ---- while the answer arrives

    def read_head(self, exchange: Exchange) -> bool:
        """Judge the head of an answer; whether its body is wanted."""
        wire = exchange.wire
        if wire is None:
            return False
        self._throttle(exchange, wire)
        if exchange.source != "sitemap":
            found, exchange.found_later = objections(wire, self.config.crawl)
            exchange.found = (*exchange.found, *found)
        redirect = wire.redirect_from(exchange.url)
        if redirect:
            exchange.redirect = redirect
            exchange.found = (
                *exchange.found,
                left_out("redirect", f"answered {wire.status} to {redirect[:500]}"),
            )
        decision = self._judge(exchange, self._case(exchange, stage=Stage.HEADERS))
        if redirect and any(r.code.startswith(("access.", "security.")) for r in decision.reasons):
            exchange.redirect = ""
        if decision.verdict is Verdict.KEEP or redirect:
            return True
        self.tally.saved_bytes += wire.content_length or 0
        return False

    def _throttle(self, exchange: Exchange, wire: Wire) -> None:
        if wire.status in (429, 503):
            wait = retry_after(wire.get("retry-after"), datetime.fromtimestamp(self.now(), UTC))
            until = self.now() + (wait if wait is not None else _BACKOFF.seconds(exchange.attempt))
            exchange.retry_at = until
            self.instance.pace.block(self.host_of(exchange.url), datetime.fromtimestamp(until, UTC))
            self.frontier.block(self.host_of(exchange.url), until)

    async def read_body(self, exchange: Exchange, raw: bytes) -> bytes:
        """Decode and judge the body; the decoded bytes (empty where nothing of it may be used)."""
        wire = exchange.wire
        if wire is None or (exchange.decision and exchange.decision.verdict is not Verdict.KEEP):
            return b""
        exchange.received = len(raw)
        exchange.found = (*exchange.found, *exchange.found_later)
        try:
            body = decode_whole(raw, wire.get("content-encoding"), self.config.crawl.max_body)
        except BodyError as error:
            self._fails(exchange, left_out(error.code, str(error)))
            return b""
        case = self._case(exchange, stage=Stage.BODY, body=body)
        case = await self._completed(case, exchange, body)
        decision = self._judge(exchange, case)
        self.instance.other_pages.met(decision)
        exchange.body_sha256 = sha256(body).hexdigest()
        exchange.raw = raw
        exchange.length = len(body)
        exchange.nofollow = nofollow(self._reader(exchange).facts(decision.evidence))
        return body

    async def _completed(self, case: Case, exchange: Exchange, body: bytes) -> Case:
        """The case with what the answer itself holds or points to: credentials, a licence, terms, feeds."""
        profile = self.terms.policy.profile
        credentials = await self.instance.credentials(case.url, case.decided_at, exchange, body)
        if credentials:
            case = replace(case, evidence=(*case.evidence, *credentials))
        while wanted := plan_for(self._reader(exchange), case.evidence, profile):
            more = [await self.instance.evidence.get(request) for request in wanted]
            case = replace(case, evidence=(*case.evidence, *more))
        return replace(case, evidence=await self.instance.other_pages.complete(case, body))

    def broken(self, exchange: Exchange, where: str, error: Exception) -> None:
        """A defect of ours met while judging: nothing is kept, and the record says so.

        Where it is that nothing can be written any more, such as on a full disk, the crawl ends.
        """
        if isinstance(error, (WriterError, OSError)):
            self.stop(f"the crawl's files cannot be written: {error}")
        else:
            log.error("judging failed at %s of %s", where, exchange.url[:200], exc_info=error)
        reason = failed("internal", f"{where}: {type(error).__name__}: {str(error)[:200]}")
        # nothing is read again: what broke a reader once would break it twice
        case = Case(
            url=exchange.url,
            via=exchange.via,
            stage=Stage.BEFORE_FETCH if exchange.wire is None else Stage.BODY,
            decided_at=datetime.fromtimestamp(self.now(), UTC),
            found=(reason,),
        )
        exchange.decision = judge(case, self.terms)

    def failed(self, exchange: Exchange, error: BaseException) -> None:
        """A download that ended in an exception."""
        self._fails(exchange, failure(error))

    def _fails(self, exchange: Exchange, reason: Reason) -> None:
        exchange.found = (*exchange.found, reason)
        stage = Stage.HEADERS if exchange.wire is None else Stage.BODY
        exchange.decision = judge(self._case(exchange, stage=stage), self.terms)

    # ---- afterwards

    async def settle(self, exchange: Exchange) -> float | None:
        """Record the decision, once, with the document of a kept page; when to try again, if at all.

        Returns after the rows are queued; for a kept page after they are durable.
        """
        decision = exchange.decision
        if exchange.settled or decision is None:
            return None
        exchange.settled = True
        durable = self.instance.store(exchange, decision)
        if decision.verdict is Verdict.KEEP:
            await durable
            self._kept_per_domain[self.instance.domain_of(exchange.url)] += 1
        await self.instance.writer.room()
        self._count(decision)
        return self._next_try(exchange, decision)

    def _count(self, decision: Decision) -> None:
        self.tally.add(decision)
        limit = self.config.crawl.max_pages
        if limit and self.tally.kept >= limit:
            self.stop(f"{limit} pages are kept")

    def is_full(self, in_flight: int) -> bool:
        """Whether what is in flight may bring this crawl to the number of pages it takes at most."""
        limit = self.config.crawl.max_pages
        return bool(limit) and self.tally.kept + in_flight >= limit

    def _next_try(self, exchange: Exchange, decision: Decision) -> float | None:
        if decision.verdict is not Verdict.DEFER:
            return None
        later = exchange.retry_at or self.now() + _BACKOFF.seconds(exchange.attempt)
        if decision.stage is Stage.BEFORE_FETCH:
            return self.instance.evidence.next_try(origin_of(exchange.url)) or later
        return None if exchange.attempt > self.config.politeness.retries else later

    def _case(self, exchange: Exchange, *, stage: Stage, body: bytes = b"") -> Case:
        when = datetime.fromtimestamp(self.now(), UTC)
        answer: tuple[Evidence, ...] = ()
        if exchange.wire is not None:
            head = exchange.head(exchange.wire, when)
            answer = (head, *signals(head, body, self.terms.agent))
        return Case(
            url=exchange.url,
            via=exchange.via,
            stage=stage,
            decided_at=when,
            evidence=(*exchange.location, *answer),
            hits=exchange.hits or self.instance.hits(exchange.url),
            found=exchange.found,
        )
