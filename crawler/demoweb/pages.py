"""From a page's description to the bytes on the wire."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from crawler.demoweb.bodies import make
from crawler.demoweb.catalog import Page, Role, Site

_PLACEHOLDER = re.compile(r"\{(origin|host):([a-z0-9-]+)\}")
_BLOCK = re.compile(r"<(?:p|ul|ol|h\d|div|figure|table|form|script|img|pre|blockquote|section|meta)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response, apart from the status, which may change from request to request."""

    fields: tuple[tuple[str, str], ...]
    body: bytes
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """Fills in what is known only once the port is."""

    sites: tuple[Site, ...]
    port: int

    def answer(self, site: Site, page: Page) -> Answer:
        """What the server sends for a page."""
        body = self._body(site, page)
        if page.gzip:
            body = gzip.compress(body, mtime=0)
        fields = [(name, self.fill(value)) for name, value in page.headers]
        names = {name.lower() for name, _ in fields}
        if body and "content-type" not in names:
            fields.insert(0, ("Content-Type", _content_type(page)))
        if page.gzip:
            fields.append(("Content-Encoding", "gzip"))
        etag = None
        if site.role(page) is Role.EVIDENCE:
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            fields.append(("ETag", etag))
        return Answer(fields=tuple(fields), body=body, etag=etag)

    def fill(self, text: str) -> str:
        """Put the real origins and hosts in place of `{origin:name}` and `{host:name}`."""
        return _PLACEHOLDER.sub(self._replacement, text)

    def _replacement(self, match: re.Match[str]) -> str:
        site = self._by_name()[match[2]]
        return site.origin(self.port) if match[1] == "origin" else site.address

    def _by_name(self) -> Mapping[str, Site]:
        return {site.name: site for site in self.sites}

    def _body(self, site: Site, page: Page) -> bytes:
        if page.made is not None:
            return make(page.made)
        if page.text is not None:
            return self.fill(page.text).encode(page.charset)
        if page.html is None:
            return b""
        inner = page.html.replace("{directory}", self._directory())
        return self.fill(frame(site, page, inner)).encode(page.charset, "xmlcharrefreplace")

    def _directory(self) -> str:
        rows = (
            f'<li><a href="{site.origin(self.port)}/">{escape(site.title)}</a>: {escape(site.shows)}</li>'
            for site in self.sites[1:]
        )
        return "<ul>\n" + "\n".join(rows) + "\n</ul>"


def frame(site: Site, page: Page, inner: str) -> str:
    """A whole HTML document in the site's dress."""
    title = page.title or site.title
    return _frame().substitute(
        lang=site.lang,
        charset=page.charset,
        title=escape(f"{title} | {site.title}" if page.title else title),
        head=page.head,
        font="Georgia, serif" if site.serif else "system-ui, sans-serif",
        accent=site.accent,
        site=escape(site.title),
        tagline=escape(site.tagline),
        nav=" ".join(f'<a href="{href}">{escape(label)}</a>' for label, href in site.nav),
        heading=escape(title),
        body=paragraphs(inner),
        footer=site.footer,
    )


def paragraphs(text: str) -> str:
    """Blocks separated by blank lines become `<p>`, unless they are block elements already."""
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text))
    return "\n".join(b if _BLOCK.match(b) else f"<p>{b}</p>" for b in blocks if b)


def not_found(site: Site) -> Answer:
    """The page for a path the site does not have."""
    text = frame(site, Page(path="/404", title="404"), f"{site.title}: 404")
    return Answer(fields=(("Content-Type", "text/html; charset=utf-8"),), body=text.encode())


def _content_type(page: Page) -> str:
    # UTF-16 location files in the field carry a byte order mark and no charset parameter.
    named = page.media_type.startswith("text/") and not page.charset.startswith("utf-16")
    return f"{page.media_type}; charset={page.charset}" if named else page.media_type


@cache
def _frame() -> Template:
    return Template(files("crawler.demoweb").joinpath("frame.html").read_text(encoding="utf-8"))
