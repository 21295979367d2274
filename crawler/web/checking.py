"""Judge a page for its owner: live under our own rules, or from what was pasted. One engine for both."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from blocklists.hostnames import registrable_domain
from crawler.config import Config, ConfigError
from crawler.examine import RESPONSE_FILE, Examination, OfflineError, examine, examine_files
from crawler.lists import ListError, list_policy, load_lists
from crawler.web.errors import ProblemError
from crawler.web.limits import LimitError
from crawler.web.site import Site
from crawler.web.subject import MAX_SUBJECT, host_of
from reservations.model import ROBOTS_TXT

AT_ONCE = 4
"""Live checks that run at the same time in one worker; further ones are asked to come back."""
SECONDS = 90.0
MAX_PASTED = 512 * 1024
_BODY = 4 * 2**20
PORTS = frozenset({80, 443})
"""Usual ones: a check is no means to look at the other ports of a host, not by a redirect either."""


class Checker:
    """Live checks: few at a time, none of a listed host, none of one domain twice in a row."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._running = 0

    async def check(self, url: str) -> tuple[Examination, ...]:
        """Look at a page. Raises ProblemError where it may not be looked at, or not now."""
        config = self._site.config
        host = self._admit(url)
        if self._running >= AT_ONCE:
            raise ProblemError(503, "Other checks are running.", headers={"Retry-After": "20"})
        await asyncio.to_thread(self._let_rest, registrable_domain(host) or host)
        self._running += 1
        try:
            # Of the invented web, and of one's own network, pages are checked wherever they are.
            ports = frozenset() if config.network.allow_private else PORTS
            return await asyncio.wait_for(examine(_bounded(config), url, ports=ports), SECONDS)
        except TimeoutError as error:
            text = "%(host)s did not answer within %(n)s seconds."
            raise ProblemError(503, text, host=host, n=round(SECONDS)) from error
        except (ConfigError, ListError, OfflineError, ValueError) as error:
            raise ProblemError(422, str(error)) from error
        finally:
            self._running -= 1

    def _admit(self, url: str) -> str:
        config = self._site.config
        host = host_of(url)
        if not config.network.allow_private:
            if urlsplit(url).port not in (None, *PORTS):
                raise ProblemError(422, "Checks go to the usual ports only: 80 and 443.")
            try:
                config.require_identity()
            except ConfigError as error:
                raise ProblemError(503, "This instance has no identity to ask under yet.") from error
        refuse_listed(self._site, url)
        return host

    def _let_rest(self, host: str) -> None:
        """Nobody's server is asked again at once, whichever worker was asked to, or host of a domain."""
        if self._site.live:
            return
        try:
            wait = self._site.limiter.wait_for("checked", host)
        except LimitError as error:
            raise ProblemError(503, "Please come back in a minute.", headers={"Retry-After": "60"}) from error
        if wait:
            later = {"Retry-After": str(wait)}
            text = "%(host)s was checked a moment ago. Ask again in %(n)s seconds."
            raise ProblemError(429, text, headers=later, host=host, n=wait)


def refuse_listed(site: Site, url: str) -> None:
    """Nothing is asked of a listed host. Raises ProblemError that names the decision."""
    config = site.config
    hits = load_lists(config).index(list_policy(config)).lookup(url, site.now().date())
    if hits:
        entry = hits[0].entry
        raise ProblemError(
            422,
            "%(host)s is not visited, not even for a check: named in %(order)s, %(body)s, %(day)s.",
            host=host_of(url),
            order=entry.decision_ref or "an order",
            body=entry.body,
            day=entry.decided_on or "date not recorded",
        )


def _bounded(config: Config) -> Config:
    """Our own rules, within tighter bounds than a crawl has."""
    return config.merged(
        network={"timeout": min(config.network.timeout, 10.0)},
        crawl={"max_body": min(config.crawl.max_body, _BODY)},
    )


def check_pasted(config: Config, url: str, robots: str, headers: str, html: str) -> Examination:
    """Decide from pasted text, with the engine of `forbear check --offline`. Raises ProblemError."""
    if max(map(len, (robots, headers, html))) > MAX_PASTED:
        raise ProblemError(413, "At most 512 KiB of text each.")
    host_of(url)
    token = config.crawler.product_token or "ForbearCheck"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if robots.strip():
            (folder / ROBOTS_TXT).write_bytes(_encoded(robots))
        if headers.strip() or html.strip():
            (folder / RESPONSE_FILE).write_bytes(_response(headers, html))
        try:
            return examine_files(config.merged(crawler={"product_token": token}), url[:MAX_SUBJECT], folder)
        except (OfflineError, ValueError) as error:
            raise ProblemError(422, str(error).replace(f"{folder}/", "")) from error


def _response(headers: str, html: str) -> bytes:
    lines = [line.rstrip() for line in headers.splitlines() if line.strip()]
    if not lines or not lines[0].upper().startswith("HTTP/"):
        lines.insert(0, "HTTP/1.1 200 OK")
    if not any(line.lower().startswith("content-type:") for line in lines):
        lines.append("Content-Type: text/html; charset=utf-8")
    return _encoded("\n".join(lines)) + b"\n\n" + _encoded(html)


def _encoded(text: str) -> bytes:
    return text.replace("\r\n", "\n").encode("utf-8", "replace")
