"""Asking for a page again: on the condition that it has changed, where what is kept allows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from urllib.parse import urlsplit

from crawler.exchange import Wire
from crawler.gate import Case, Decision
from crawler.network import Answer, NetworkError
from crawler.politeness import retry_after
from crawler.recheck.model import ASK_LATER, Hop, Means, Read
from crawler.revalidation import NOT_MODIFIED, conditions, confirms, freshened
from crawler.scope import failed, left_out, unwanted
from crawler.store.queries.recheck import Page
from reservations.model import Effect, Evidence, Reason, Stage, Verdict
from reservations.plan import plan_for
from reservations.read import Reader, signals

Judge = Callable[[Hop, Stage], Decision]

_READ_APART = 200_000
"""Bytes of a body beyond which it is read off the event loop."""
_WAIT = 30.0
"""Seconds for which a host is left alone that says 429 or 503 without a Retry-After."""
_FINAL = frozenset({"too_large", "undecodable"})
_CODES = {"connect": "connection", "tls": "connection", "protocol": "connection", "url": "connection"}
"""Words of the network for which the record has one of its own."""


class Asking:
    """Asks for pages that the files of their sites leave open, and judges what comes."""

    def __init__(self, means: Means, judge: Judge) -> None:
        self._means = means
        self._judge = judge

    async def ask(self, hop: Hop) -> None:
        """Settle a page that may be asked for; a redirect is left in `hop.exchange.redirect`."""
        if self._means.files_only:
            await self._from_record(hop)
            return
        page = hop.known.page
        asked = conditions(page.head) if page is not None and self._still_reads(page) else {}
        try:
            answer = await self._get(hop, asked)
            if answer.status == NOT_MODIFIED and asked and page and not confirms(page.head, answer.fields):
                asked, answer = {}, await self._get(hop, {})  # a 304 about an answer we do not hold
        except NetworkError as error:
            self._find(hop, _reason_of(error))
            return
        if answer.status == NOT_MODIFIED:
            await self._not_modified(hop, answer, page if asked else None)
        elif not hop.exchange.redirect:
            await self._read(hop, answer)

    def _still_reads(self, page: Page) -> bool:
        """Whether the extract holds what would be taken out of the same body now.

        It does not where the readers or the terms are others: an extract has what was looked for then.
        """
        return (page.software, page.policy_id) == (self._means.software, self._means.terms.policy_id)

    async def _get(self, hop: Hop, asked: dict[str, str]) -> Answer:
        means, url = self._means, hop.exchange.url
        async with means.instance.pace.visit(urlsplit(url).hostname or ""):
            return await means.client.get(
                url, extra=asked, cap=means.config.crawl.max_body, wants=partial(self._wants, hop)
            )

    def _wants(self, hop: Hop, answer: Answer) -> bool:
        """Judge the head of an answer; whether its body is wanted."""
        exchange = hop.exchange
        wire = exchange.wire = _wire(answer)
        self._slow_down(hop, answer)
        if answer.status == NOT_MODIFIED:
            return True
        hop.read, hop.evidence = Read.HEAD, (exchange.head(wire, self._means.moment()),)
        exchange.found = (*exchange.found, *unwanted(wire, self._means.config.crawl))
        open_still = self._judge(hop, Stage.HEADERS).verdict is Verdict.KEEP
        exchange.redirect = wire.redirect_from(exchange.url).partition("#")[0] if open_still else ""
        return open_still

    def _slow_down(self, hop: Hop, answer: Answer) -> None:
        if answer.status in ASK_LATER:
            now = self._means.moment()
            seconds = retry_after(answer.field("retry-after"), now)
            until = now + timedelta(seconds=_WAIT if seconds is None else seconds)
            self._means.instance.pace.block(urlsplit(hop.exchange.url).hostname or "", until)

    async def _read(self, hop: Hop, answer: Answer) -> None:
        exchange, terms = hop.exchange, self._means.terms
        if hop.decision.verdict is not Verdict.KEEP:
            self._judge(hop, Stage.RECHECK)  # its body was not read
            return
        head, body, when = hop.evidence[0], answer.body, self._means.moment()
        apart = len(body) > _READ_APART
        found = (
            await asyncio.to_thread(signals, head, body, terms.agent)
            if apart
            else signals(head, body, terms.agent)
        )
        credentials = await self._means.instance.credentials(exchange.url, when, exchange, body)
        exchange.body_sha256, exchange.length = sha256(body).hexdigest(), len(body)
        hop.read = Read.WHOLE
        await self.settle(hop, (head, *found, *credentials))
        self._add(hop, await self._means.instance.other_pages.complete(self._case(hop), body))
        self._means.instance.other_pages.met(hop.decision)

    async def _not_modified(self, hop: Hop, answer: Answer, page: Page | None) -> None:
        if page is None:
            self._find(hop, failed("not_modified", "answered 304 to a request that set no condition"))
            return
        ip = (("ip", answer.ip),) if answer.ip else ()
        head = freshened(page.head, answer.fields, self._means.moment(), ip)
        await self._confirm(hop, page, head)

    async def _from_record(self, hop: Hop) -> None:
        """Judge the files of the site as they are now, and the page as it was read last."""
        page = hop.known.page
        if page is None:
            self._find(hop, failed("not_asked", "the record does not hold the page as it was read last"))
            return
        self._means.instance.record.recall(page.head, page.head_id)
        await self._confirm(hop, page, page.head)

    async def _confirm(self, hop: Hop, page: Page, head: Evidence) -> None:
        for number, part in page.parts:
            self._means.instance.record.recall(part, number)
        hop.confirmed, hop.read = page, Read.WHOLE
        await self.settle(hop, (head, *(part for _, part in page.parts)))
        if not self._means.files_only:
            case = self._case(hop)
            self._add(hop, await self._means.instance.other_pages.again(case, page.terms))

    async def settle(self, hop: Hop, evidence: Iterable[Evidence]) -> None:
        """The decision, after what the page points to was asked for: a licence."""
        exchange, terms = hop.exchange, self._means.terms
        hop.evidence = tuple(evidence)
        reader = exchange.reader or Reader(exchange.url, terms.agent)
        while wanted := plan_for(reader, (*exchange.location, *hop.evidence), terms.policy.profile):
            more = [await self._means.instance.evidence.get(request) for request in wanted]
            hop.evidence = (*hop.evidence, *more)
        self._judge(hop, Stage.RECHECK)

    def _case(self, hop: Hop) -> Case:
        return self._means.case(hop, Stage.RECHECK)

    def _add(self, hop: Hop, evidence: tuple[Evidence, ...]) -> None:
        """Judge once more where the terms or feeds of the site came to what was known."""
        more = evidence[len(hop.exchange.location) + len(hop.evidence) :]
        if more:
            hop.evidence = (*hop.evidence, *more)
            self._judge(hop, Stage.RECHECK)

    def _find(self, hop: Hop, reason: Reason) -> None:
        hop.exchange.found, hop.exchange.redirect = (*hop.exchange.found, reason), ""
        self._judge(hop, Stage.RECHECK)


def _wire(answer: Answer) -> Wire:
    lines = tuple(
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in answer.fields
    )
    return Wire(version=b"HTTP/1.1", status=answer.status, reason=b"", headers=lines, ip=answer.ip or "")


def _reason_of(error: NetworkError) -> Reason:
    if error.code == "address":
        code = "security.address"
        return Reason(code=code, effect=Effect.EXCLUDE, protocol="security", why=error.why)
    if error.code in _FINAL:
        return left_out(error.code, error.why)
    return failed(_CODES.get(error.code, error.code), error.why)
