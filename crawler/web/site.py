"""One running site: configuration, record, limits and templates. References only; pages do the work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from crawler.config import Config
from crawler.network.addresses import is_loopback
from crawler.store.database import Connection, open_database, open_for_reading
from crawler.store.limits import open_limits
from crawler.store.queries.status import RecordStatus, record_status
from crawler.version import VERSION
from crawler.web.because import USES
from crawler.web.hostile import hostile, plain, prose
from crawler.web.language import Language, available, is_translated, language
from crawler.web.limits import Limiter, Rate
from crawler.web.secret import secret_of
from crawler.words import in_words
from reservations.model import Use

COOL_DOWN = 30
"""Seconds between two live checks of one domain, whoever asks."""


@dataclass(frozen=True, slots=True)
class Part:
    """A link of the navigation."""

    name: str
    href: str
    key: str


PUBLIC = (
    Part("Look up", "/", "lookup"),
    Part("Check my site", "/check", "check"),
    Part("Who we are", "/bot/", "bot"),
    Part("Changes", "/changes/", "changes"),
    Part("Complain", "/complain", "complain"),
)
STAFF = (
    Part("Overview", "/staff", "overview"),
    Part("Decisions", "/staff/decisions", "decisions"),
    Part("Complaints", "/staff/complaints", "complaints"),
    Part("Audit trail", "/staff/audit", "audit"),
    Part("Public register", "/", "public"),
)


class Site:
    """What every page is given."""

    def __init__(self, config: Config, *, live: bool = False) -> None:
        """`live`: whether pages of the demo's own loopback web may be checked."""
        self.config = config
        self.live = live
        self.written = 0
        """Transactions that this worker wrote: what is remembered of the record is looked at anew."""
        self._status: tuple[RecordStatus | None, float] = None, 0.0
        self._writing = open_database(config.database_url)
        self._reading = open_for_reading(config.database_url)
        publish = config.publish
        self.limiter = Limiter(
            {
                "lookup": (
                    Rate(publish.lookups_per_minute, 60),
                    Rate(publish.lookups_per_day, 86_400),
                ),
                "check": (Rate(publish.checks_per_hour, 3600),),
                "complaint": (Rate(10, 3600),),
                "proof": (Rate(20, 3600),),
                "staff": (Rate(20, 300),),
                "checked": (Rate(1, COOL_DOWN),),
                "chores": (Rate(1, 600),),
            },
            open_limits(config.database_url, config.storage.data),
            time.time,
        )
        self.templates = _templates()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection through which nothing can be written."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; only complaints, proofs of ownership and the audit trail do."""
        with self._writing.begin() as connection:
            yield connection
        self.written += 1

    def close(self) -> None:
        """Let the database go."""
        self._reading.dispose()
        self._writing.dispose()
        self.limiter.close()

    @property
    def bot(self) -> str:
        """The crawler's name, as it stands in a server's log."""
        return self.config.crawler.product_token or "This crawler"

    @property
    def operator(self) -> str:
        """Who answers for it."""
        return self.config.operator.name or "the operator"

    @property
    def base_url(self) -> str:
        """Where this site is published, without a slash at the end; empty where it is not said."""
        return self.config.publish.base_url.rstrip("/")

    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC)

    def status(self) -> RecordStatus:
        """How far the record reaches, or did a second ago: every page says so at its foot."""
        known, looked = self._status
        if known is None or time.monotonic() - looked > 1:
            with self.reading() as connection:
                known = record_status(connection)
            self._status = known, time.monotonic()
        return known

    @cached_property
    def secret(self) -> bytes:
        """Key of cursors and form tokens, made once for an instance."""
        return secret_of(self.config.storage.data)

    def client(self, request: Request) -> str:
        """The address that asks; behind a proxy that is trusted, the one the proxy names."""
        address = request.client.host if request.client else ""
        trusted = self.config.publish.trusted_proxies
        if address in trusted:
            # A proxy may add a line of its own to one that the client sent (RFC 9110 section 5.3).
            lines = ",".join(request.headers.getlist("x-forwarded-for"))
            hops = [h.strip() for h in lines.split(",") if h.strip()]
            strangers = [h for h in hops if h not in trusted]
            address = strangers[-1] if strangers else address
        return address

    def may_be_plain(self, request: Request) -> bool:
        """Whether secrets may travel without TLS: on this very machine only."""
        return is_loopback(request.client.host) if request.client else False

    def page(
        self, request: Request, template: str, *, status: int = 200, public: bool = False, **values: Any
    ) -> HTMLResponse:
        """A page in the language that was asked for."""
        speech = language_of(request)
        body = self.templates.get_template(template).render(
            {
                "site": self,
                "L": speech,
                "_": speech.say,
                "here": here(request),
                "indexed": public,
                "languages": [language(c) for c in available()]
                if is_translated(request.scope["path"])
                else [],
                "nav": PUBLIC,
                "staff_nav": STAFF,
                "record": self.status(),
                "release": VERSION,
                **values,
            }
        )
        headers = {} if public else {"X-Robots-Tag": "noindex"}
        return HTMLResponse(body, status, headers)


def site_of(request: Request) -> Site:
    """The site a request came to."""
    site: Site = request.app.state.site
    return site


def language_of(request: Request) -> Language:
    """The language in the address: `/de/...`; English without one."""
    return language(request.scope.get("state", {}).get("language", "en"))


def local(request: Request, path: str) -> str:
    """A path of this site, in the language of the request."""
    return language_of(request).prefix + path


def here(request: Request) -> str:
    """Path and query of this page, without its language."""
    query = request.url.query
    return str(request.scope["path"]) + (f"?{query}" if query else "")


def _use(use: str | None, speech: Language) -> Markup:
    return speech.say(USES[Use(use)]) if use else speech.say("every use")


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("crawler.web"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "hostile": hostile,
        "plain": plain,
        "in_words": in_words,
        "prose": prose,
        "use_words": _use,
    }
    return environment
