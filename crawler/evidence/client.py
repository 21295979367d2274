"""Fetch one location file. Every way this can end is an Evidence; nothing raises.

`Evidence.details` says in machine-readable form what `why` says in words:
`redirects` (`loop`, `no_location`, `too_many`), `refused` (a reason code), `network` (the code of a
NetworkError, or `waiting` where the host's clock forbade to ask for `wait` seconds more),
`revalidated` and `replaced` (a 304, see `crawler.revalidation`), `ip`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from crawler.network import Answer, Client, NetworkError
from crawler.politeness import Clock, Pace, retry_after
from crawler.redaction import redacted
from crawler.revalidation import NOT_MODIFIED, conditions, confirms, freshened
from reservations.model import Evidence, EvidenceRequest, Hop, Outcome, Reason
from reservations.outcomes import outcome_of

HopCheck = Callable[[str], Reason | Awaitable[Reason | None] | None]
"""Why a URL may not be asked (lists, addresses), None where it may. Called for every hop."""

_REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
_WAIT_AFTER_429 = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one fetch."""

    seconds: float = 30.0
    """For all hops together; waiting for the host's turn does not count."""
    size: int = 5 * 2**20
    """Bytes after decoding. RFC 9309 section 2.5 asks for 500 KiB at least."""
    redirects: int = 10
    patience: float = 60.0
    """Seconds to wait for a host's turn; beyond, the evidence is unreachable for now."""


class _NotAsked(Exception):  # noqa: N818
    """The host's next turn is too far away to wait for."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not asked: the host's next turn is {seconds:.0f} s away")
        self.seconds = seconds


@dataclass(slots=True, kw_only=True)
class _Walk:
    """The state of one fetch on its way through redirects."""

    request: EvidenceRequest
    previous: Evidence | None
    url: str
    seconds: float
    hops: list[Hop] = field(default_factory=list)

    def conditions(self) -> dict[str, str]:
        """Conditional fields, only for the URL whose answer is kept (RFC 9110 section 13)."""
        kept = self.previous
        return conditions(kept) if kept is not None and kept.final_url == self.url else {}


class EvidenceClient:
    """Asks for location files, with redirects walked hop by hop through the caller's check."""

    def __init__(
        self,
        client: Client,
        *,
        hop_check: HopCheck | None = None,
        pace: Pace | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._hop_check = hop_check
        self._pace = pace
        self._limits = limits or Limits()
        self._clock = clock or Clock()

    async def fetch(self, request: EvidenceRequest, previous: Evidence | None = None) -> Evidence:
        """Ask once. `previous` is what is kept of the same request, to be revalidated."""
        walk = _Walk(request=request, previous=previous, url=request.url, seconds=self._limits.seconds)
        try:
            while (ended := await self._step(walk)) is None:
                pass
        except NetworkError as error:
            return self._failed(walk, error)
        except _NotAsked as error:
            details = (("network", "waiting"), ("wait", f"{error.seconds:.1f}"))
            return self._ended(walk, Outcome.UNREACHABLE, why=str(error), details=details)
        except Exception as error:  # a defect of ours must not become a permission
            why = f"internal: {type(error).__name__}: {str(error)[:150]}"
            return self._ended(walk, Outcome.UNREACHABLE, why=why, details=(("network", "internal"),))
        return ended

    async def _step(self, walk: _Walk) -> Evidence | None:
        """One hop: None to go on with the next."""
        reason = await self._refusal(walk.url)
        if reason is not None:
            return self._refused(walk, reason.code, reason.why)
        asked = walk.conditions()
        answer = await self._ask(walk, asked)
        if answer.status == NOT_MODIFIED and asked and walk.previous is not None:
            if confirms(walk.previous, answer.fields):
                return self._revalidated(walk, walk.previous, answer)
            walk.previous = None  # about an answer we do not hold: the same URL once more, without conditions
            return None
        if answer.status // 100 == 3:
            return self._follow(walk, answer)
        return self._ended(walk, outcome_of(answer.status), answer=answer)

    async def _refusal(self, url: str) -> Reason | None:
        reason = self._client.guard.check_url(url)
        if reason is not None or self._hop_check is None:
            return reason
        checked = self._hop_check(url)
        return await checked if inspect.isawaitable(checked) else checked

    async def _ask(self, walk: _Walk, asked: dict[str, str]) -> Answer:
        host = urlsplit(walk.url).hostname or ""
        if self._pace is not None and (wait := self._pace.wait_for(host)) > self._limits.patience:
            raise _NotAsked(wait)
        if walk.seconds <= 0:
            raise NetworkError("timeout", "no whole answer in time")
        async with self._pace.visit(host) if self._pace is not None else nullcontext():
            started = self._clock.monotonic()
            answer = await self._client.get(
                walk.url, extra=asked, cap=self._limits.size, seconds=walk.seconds
            )
            walk.seconds -= self._clock.monotonic() - started
        self._slow_down(host, answer)
        return answer

    def _slow_down(self, host: str, answer: Answer) -> None:
        if self._pace is None or answer.status not in (429, 503):
            return
        now = self._clock.wall()
        seconds = retry_after(answer.field("retry-after"), now)
        if seconds is None and answer.status == 429:
            seconds = _WAIT_AFTER_429
        if seconds:
            self._pace.block(host, now + timedelta(seconds=seconds))

    def _follow(self, walk: _Walk, answer: Answer) -> Evidence | None:
        location = answer.field("location") if answer.status in _REDIRECTS else None
        target = _target(walk.url, location) if location else None
        if target is None:
            return self._lost(walk, answer, "no_location", f"status {answer.status} leads to no location")
        seen = {walk.request.url, *(hop.location for hop in walk.hops)}
        walk.hops.append(Hop(status=answer.status, location=target))
        if target in seen:
            return self._lost(walk, answer, "loop", "redirect loop")
        if len(walk.hops) > self._limits.redirects:
            return self._lost(walk, answer, "too_many", f"more than {self._limits.redirects} redirects")
        walk.url = target
        return None

    def _lost(self, walk: _Walk, answer: Answer, how: str, why: str) -> Evidence:
        bare = replace(answer, body=b"")
        return self._ended(walk, Outcome.MALFORMED, answer=bare, why=why, details=(("redirects", how),))

    def _refused(self, walk: _Walk, code: str, why: str) -> Evidence:
        return self._ended(walk, Outcome.REFUSED, why=f"{code}: {why}", details=(("refused", code),))

    def _failed(self, walk: _Walk, error: NetworkError) -> Evidence:
        if error.code == "address":
            return self._refused(walk, "security.address", error.why)
        outcome = Outcome.TOO_LARGE if error.code == "too_large" else Outcome.UNREACHABLE
        bare = None if error.status is None else Answer(status=error.status, fields=())
        return self._ended(walk, outcome, answer=bare, why=error.why, details=(("network", error.code),))

    def _revalidated(self, walk: _Walk, kept: Evidence, answer: Answer) -> Evidence:
        fresh = freshened(kept, answer.fields, self._clock.wall(), (*walk.request.details, *_ip(answer)))
        return replace(fresh, redirects=tuple(walk.hops))

    def _ended(
        self,
        walk: _Walk,
        outcome: Outcome,
        *,
        answer: Answer | None = None,
        why: str = "",
        details: tuple[tuple[str, str], ...] = (),
    ) -> Evidence:
        status = answer.status if answer else None
        if not why and outcome is not Outcome.FOUND:
            why = f"status {status}"
        return Evidence(
            kind=walk.request.kind,
            url=walk.request.url,
            outcome=outcome,
            fetched_at=self._clock.wall(),
            status=status,
            fields=redacted(answer.fields) if answer else (),
            body=answer.body if answer else b"",
            redirects=tuple(walk.hops),
            details=(*walk.request.details, *details, *_ip(answer)),
            why=why,
        )


def _ip(answer: Answer | None) -> tuple[tuple[str, str], ...]:
    return (("ip", answer.ip),) if answer and answer.ip else ()


def _target(url: str, location: str) -> str | None:
    """The absolute URL that a Location leads to, without fragment; None where it makes no sense."""
    raw = location.strip().encode("latin-1", "replace")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = quote(raw, safe="!#$%&'()*+,/:;=?@[]~")
    try:
        return urldefrag(urljoin(url, text.replace(" ", "%20"))).url or None
    except ValueError:
        return None
