"""One attempt at one URL: what is known so far, from admission to the settled decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import urljoin

from blocklists.model import Hit
from crawler.gate import Decision
from crawler.redaction import redacted
from reservations.model import RESPONSE, Evidence, Hop, Outcome, Reason
from reservations.read import Reader

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, kw_only=True)
class Wire:
    """An answer's head as it came over the wire, before any library tidied it."""

    version: bytes
    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    ip: str = ""

    @property
    def status_line(self) -> bytes:
        """As it goes into a WARC record; a missing reason phrase stays missing."""
        return b"%s %d %s" % (self.version, self.status, self.reason)

    def get(self, name: str) -> str:
        """The last value of a field, decoded as latin-1; empty where there is none."""
        return self._last.get(name.lower().encode(), b"").decode("latin-1").strip()

    @cached_property
    def _last(self) -> dict[bytes, bytes]:
        return {name.lower(): value for name, value in self.headers}

    def redirect_from(self, url: str) -> str:
        """The absolute URL that a redirect leads to; empty where this is none, or leads nowhere."""
        location = self.get("location")
        if self.status not in _REDIRECTS or not location:
            return ""
        try:
            return urljoin(url, location)
        except ValueError:  # a broken IPv6 literal
            return ""

    @cached_property
    def media_type(self) -> str:
        """Media type of the body, without parameters, in lower case."""
        return self.get("content-type").partition(";")[0].strip().lower()[:200]

    @property
    def content_length(self) -> int | None:
        """The announced length of the body in bytes, if it is a number."""
        value = self.get("content-length")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None


@dataclass(slots=True, kw_only=True)
class Exchange:
    """The state of one attempt. Mutable: the shell fills it in as the answer arrives."""

    url: str
    via: str | None = None
    attempt: int = 1
    location: tuple[Evidence, ...] = ()
    """Location files in force when the request was admitted."""
    hits: tuple[Hit, ...] = ()
    found: tuple[Reason, ...] = ()
    found_later: tuple[Reason, ...] = ()
    """Reasons that count once the body was read, for the sake of what it says about other pages."""
    decision: Decision | None = None
    wire: Wire | None = None
    received: int = 0
    """Bytes of the body that were read."""
    settled: bool = False
    reader: Reader | None = None
    """What was read of the URL's evidence so far, for all stages."""
    source: str = "link"
    """How the URL was found; what a sitemap's own URL gives is read and not kept."""
    redirect: str = ""
    """Where the answer leads on to, if it may be followed."""
    retry_at: float | None = None
    """When the host asked to be asked again, in seconds since the epoch."""
    raw: bytes = b""
    """The body as received, until it is stored."""
    body_sha256: str | None = None
    length: int | None = None
    """Bytes of the decoded body."""
    nofollow: bool = False
    _head: tuple[Wire, Evidence] | None = None

    def head(self, wire: Wire, when: datetime) -> Evidence:
        """The answer's head as evidence, the same object at each stage; `when` counts the first time."""
        if self._head is None or self._head[0] is not wire:
            self._head = wire, response_evidence(self.url, wire, when)
        return self._head[1]


def response_evidence(
    url: str, wire: Wire, when: datetime, *, body: bytes = b"", redirects: tuple[Hop, ...] = ()
) -> Evidence:
    """The answer as evidence; cookies and credentials are replaced by a marker."""
    fields = redacted((k.decode("latin-1"), v.decode("latin-1")) for k, v in wire.headers)
    return Evidence(
        kind=RESPONSE,
        url=url,
        outcome=Outcome.FOUND,
        fetched_at=when,
        status=wire.status,
        fields=fields,
        body=body,
        redirects=redirects,
    )
