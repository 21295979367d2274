"""One look at one kept page: what its site and it say today, in the order of the gate.

The files of the site come first. Where they deny the page, or a list names the host, it is not asked for.
"""

from __future__ import annotations

import logging
from typing import assert_never
from urllib.parse import urlsplit

from crawler.exchange import Exchange
from crawler.gate import Decision, judge
from crawler.pacing import apply_limits
from crawler.recheck.asking import Asking
from crawler.recheck.model import Hop, Means, PutOffError
from crawler.scope import MAX_HOPS, failed, left_out
from crawler.store.queries.recheck import NOTHING, Known
from reservations.model import Evidence, Reason, Stage, Verdict
from reservations.origins import origin_of
from reservations.read import Reader
from reservations.readers.robots_limits import crawl_limits

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that one look waits for a host's turn; beyond, all pages of the host are put off."""


class Looker:
    """Looks at pages, one call a page; calls may overlap."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._asking = Asking(means, self._judge)
        self._recalled: set[str] = set()

    async def look(self, url: str, known: Known, attempt: int = 1) -> tuple[Hop, ...]:
        """The page's hop first, then those it redirects to, each with a decision.

        Raises PutOffError where a host's turn is too far away; nothing was decided then.
        """
        hops = [await self._hop(url, None, known, attempt)]
        while target := hops[-1].exchange.redirect:
            seen = {hop.exchange.url for hop in hops}
            if target in seen or len(hops) > MAX_HOPS:
                self._end(hops[-1], left_out("redirect_loop", f"redirects to {target[:500]} and on"))
                break
            hops.append(await self._hop(target, hops[-1].exchange.url, NOTHING))
        for hop, following in zip(reversed(hops[:-1]), reversed(hops[1:]), strict=True):
            await self._follow(hop, following.decision)
        return tuple(hops)

    async def _hop(self, url: str, via: str | None, known: Known, attempt: int = 1) -> Hop:
        exchange = Exchange(url=url.partition("#")[0], via=via, attempt=attempt)
        hop = Hop(exchange=exchange, known=known)
        try:
            await self._admit(hop)
            if hop.decision.verdict is Verdict.KEEP:
                await self._asking.ask(hop)
        except PutOffError:
            raise
        except Exception as error:  # whatever a hostile answer made of our readers, nothing is known now
            self._broken(hop, error)
        return hop

    async def _admit(self, hop: Hop) -> None:
        """Everything that must be known before the page may be asked for."""
        exchange, instance = hop.exchange, self._means.instance
        unsafe = instance.guard.check_url(exchange.url)
        exchange.hits = () if unsafe else instance.hits(exchange.url)
        if unsafe:
            exchange.found = (unsafe,)
        elif not exchange.hits:
            await self._gather(exchange)
        self._judge(hop, Stage.RECHECK)

    async def _gather(self, exchange: Exchange) -> None:
        instance, terms = self._means.instance, self._means.terms
        host = urlsplit(exchange.url).hostname or ""
        self.in_time(host)
        exchange.reader = Reader(exchange.url, terms.agent)
        await self._recall(origin_of(exchange.url))
        gathered = await instance.evidence.gather(exchange.url, exchange.reader)
        exchange.location = (*gathered, *await instance.other_pages.known(exchange.url))
        if (wait := max(map(_waiting, exchange.location), default=0.0)) > 0:
            raise PutOffError(host, wait)
        facts = exchange.reader.facts(exchange.location)
        if facts.robots is not None:
            apply_limits(instance.pace, host, crawl_limits(facts.robots, terms.agent))
        self.in_time(host)

    async def _recall(self, origin: str) -> None:
        """Before an origin is first asked for its files: what was found there last."""
        if origin in self._recalled:
            return
        self._recalled.add(origin)
        for evidence in await self._means.files_of(origin):
            self._means.instance.evidence.recall(evidence)

    def in_time(self, host: str) -> None:
        """Raise PutOffError where the host's next turn is too far away."""
        wait = self._means.instance.pace.wait_for(host)
        if wait > PATIENCE:
            raise PutOffError(host, wait)

    def _judge(self, hop: Hop, stage: Stage) -> Decision:
        exchange = hop.exchange
        exchange.decision = judge(self._means.case(hop, stage), self._means.terms, exchange.reader)
        return exchange.decision

    def _end(self, hop: Hop, reason: Reason) -> None:
        hop.exchange.redirect = ""
        hop.exchange.found = (*hop.exchange.found, reason)
        self._judge(hop, Stage.RECHECK)

    async def _follow(self, hop: Hop, then: Decision) -> None:
        """What a page that redirects comes to: what it leads to, beside what its own answer says."""
        where = f"answered with a redirect to {then.url[:500]}, which is"
        match then.verdict:
            case Verdict.KEEP:
                await self._asking.settle(hop, hop.evidence)
            case Verdict.EXCLUDE:
                self._end(hop, left_out("redirect", f"{where} left out: {then.reason}"))
            case Verdict.DEFER:
                self._end(hop, failed("redirect", f"{where} unknown for now: {then.reason}"))
            case _:
                assert_never(then.verdict)

    def _broken(self, hop: Hop, error: Exception) -> None:
        log.error("a second look failed at %s", hop.exchange.url[:200], exc_info=error)
        hop.evidence, hop.confirmed = (), None
        # nothing is read again: what broke a reader once would break it twice
        hop.exchange.location, hop.exchange.redirect, hop.exchange.reader = (), "", None
        self._end(hop, failed("internal", f"a second look: {type(error).__name__}: {str(error)[:200]}"))


def _waiting(evidence: Evidence) -> float:
    """Seconds that evidence would have had to wait for, where it was not asked for at all."""
    details = dict(evidence.details)
    return float(details.get("wait", 0.0)) if details.get("network") == "waiting" else 0.0
