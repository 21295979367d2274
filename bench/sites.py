"""The local web that is crawled: made anew for each run, the same bytes every time.

24 hosts (127.0.0.2 to .25) of 50 pages: 28 to 64 KB of HTML, 40 links of which ten lead to other hosts,
sent compressed; one host in five names no charset; robots.txt of 0.5 to 4 KB; tdmrep.json on every third
host; a rights signal in the markup of every fifth page. Nothing that is linked is closed by a file.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

HOSTS = 24
PAGES = 50
LINKS, FAR_LINKS = 30, 10
SMALLEST, LARGEST = 28, 64
"""KB of a page."""
LONE = "/one.html"
"""A page without links: what fetching it costs is what starting costs."""
PERMITS = '<meta name="tdm-reservation" content="0">'
RESERVES = '<meta name="robots" content="noai, noimageai">'
FOOTER = (
    '<footer class="site"><p><small>Copyright 2026 Example Publishing. All rights of third parties are '
    'respected.</small> <a href="#terms">Terms of use</a> <a href="#legal">Legal notice</a></p></footer>'
)
_CHARACTERS = "abcdefghiklmnoprstu"


@dataclass(frozen=True, slots=True)
class Host:
    """What one address serves: path to a whole answer, ready for the wire."""

    address: str
    answers: dict[str, bytes] = field(default_factory=dict)


def addresses() -> list[str]:
    """The hosts' loopback addresses."""
    return [f"127.0.0.{number + 2}" for number in range(HOSTS)]


def path_of(page: int) -> str:
    """Path of a page."""
    return f"/section/{page % 7}/a-page-with-a-usual-name-{page}.html"


def make_hosts(port: int, *, reserving: bool) -> list[Host]:
    """All hosts. With `reserving`, the signal on every fifth page reserves; else it permits."""
    rng = random.Random(2019)
    words = ["".join(rng.choices(_CHARACTERS, k=rng.randint(2, 11))) for _ in range(4000)]
    return [_host(number, port, words, reserving=reserving) for number in range(HOSTS)]


def _host(number: int, port: int, words: list[str], *, reserving: bool) -> Host:
    rng = random.Random(number)
    host = Host(address=addresses()[number])
    host.answers["/robots.txt"] = _answer(_robots(rng, number), "text/plain; charset=utf-8")
    if number % 3 == 0:
        host.answers["/.well-known/tdmrep.json"] = _answer(_tdmrep(), "application/json")
    host.answers[LONE] = _answer(b"<!DOCTYPE html><title>One page</title>", "text/html; charset=utf-8")
    charset = "" if number % 5 == 4 else "; charset=utf-8"
    for page in range(PAGES):
        signal = "" if (page + number) % 5 else RESERVES if reserving else PERMITS
        html = _page(rng, page, words, "".join(_anchors(rng, number, page, port)), signal)
        host.answers[path_of(page)] = _answer(html, "text/html" + charset, packed=True)
    return host


def _answer(body: bytes, media_type: str, *, packed: bool = False) -> bytes:
    body = gzip.compress(body, 6, mtime=0) if packed else body
    encoding = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n" if packed else ""
    head = (
        "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\nServer: nginx\r\n"
        f"Content-Type: {media_type}\r\nLast-Modified: Mon, 23 Nov 2026 08:00:00 GMT\r\n"
        f'Cache-Control: max-age=600, public\r\nETag: W/"5f3c-18b2a7d4e10"\r\n{encoding}'
        f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _robots(rng: random.Random, number: int) -> bytes:
    lines = [f"# robots.txt of host {number}", "User-agent: AhrefsBot", "Disallow: /", ""]
    lines += ["User-agent: *", "Crawl-delay: 0", "Disallow: /admin/", "Allow: /admin/help.html"]
    size = rng.randint(512, 4096)
    while sum(len(line) + 1 for line in lines) < size:
        lines.append(f"Disallow: /{''.join(rng.choices(_CHARACTERS, k=8))}/*.{rng.choice(('php', 'pdf$'))}")
    return "\n".join(lines).encode() + b"\n"


def _tdmrep() -> bytes:
    rules = [{"location": f"/archive/{n}/*", "tdm-reservation": 1} for n in range(5)]
    return json.dumps([*rules, {"location": "/section/*", "tdm-reservation": 0}]).encode()


def _page(rng: random.Random, page: int, words: list[str], anchors: str, signal: str) -> bytes:
    title = " ".join(rng.choices(words, k=6))
    size = rng.randint(SMALLEST, LARGEST) * 1024
    text = _text(rng, words, size - len(anchors) - 1500)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="description" content="{title}">\n<meta property="og:title" content="{title}">\n'
        f'<meta property="og:type" content="article">\n<link rel="canonical" href="{path_of(page)}">\n'
        f'<link rel="stylesheet" href="/s.css">\n<link rel="icon" href="/favicon.ico">\n{signal}\n'
        f'<script type="application/ld+json">{{"@type": "Article", "headline": "{title}"}}</script>\n'
        f"<script>window.page = {page};</script>\n</head>\n<body>\n<nav><ul>{anchors}</ul></nav>\n"
        f"<main><h1>{title}</h1>\n{text}\n</main>\n{FOOTER}\n</body>\n</html>\n"
    ).encode()


def _text(rng: random.Random, words: list[str], size: int) -> str:
    parts: list[str] = []
    while size > 0:
        sentence = " ".join(words[min(int(rng.expovariate(1 / 150)), 3999)] for _ in range(40))
        parts.append(f'<div class="c"><p class="text">{sentence}.</p><span>{len(parts)}</span></div>\n')
        size -= len(parts[-1])
    return "".join(parts)


def _anchors(rng: random.Random, number: int, page: int, port: int) -> Iterator[str]:
    near: Callable[[int], str] = path_of
    targets = [near((page + step) % PAGES) for step in range(1, LINKS + 1)]
    others = [a for a in addresses() if a != addresses()[number]]
    targets += [f"http://{rng.choice(others)}:{port}{near(rng.randrange(PAGES))}" for _ in range(FAR_LINKS)]
    for target in targets:
        yield f'<li class="item"><a class="link" href="{target}">item {rng.randrange(10**6)}</a></li>\n'
