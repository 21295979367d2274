"""A crawl among listed hosts and look-alikes; the log of the proxy they all lie behind is the witness."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import pytest
from rich.console import Console
from sqlalchemy import select

from blocklists.hostnames import canonical_host
from crawler.components.run import Job, run_job
from crawler.config import Config
from crawler.lists import import_list, load_lists
from crawler.store.database import open_for_reading
from crawler.store.schema import crawl, decision
from tests.integration.blocklist_tools import config_in, entry, write_list

IDN = "bücher-film.example"
A_LABEL = "xn--bcher-film-9db.example"

LISTED = (
    entry("film.example"),
    entry(IDN),
    entry("tenant.hosting.example", scope="exact_host"),
    entry("folders.example/f/abc", value_kind="url_prefix", scope="url_prefix"),
    entry("198.18.0.7", value_kind="ip", scope="ip_literal"),
    entry("lifted.example", status="lifted"),
    entry("live.example", recognition_kind="live_event"),
    entry("*.wild.example"),
)

CLOSED = (
    "http://film.example/",
    "http://FILM.example./odd",
    "http://film.example:8080/port",
    "http://www.film.example/",
    "http://a.b.cdn.film.example/deep",
    "http://user@film.example/",
    f"http://{IDN}/",
    f"http://{A_LABEL}/a",
    "http://BÜCHER-Film.example/b",
    "http://tenant.hosting.example/",
    "http://folders.example/f/abc",
    "http://folders.example/f/abc/part",
    "http://folders.example/x/../f/%61bc",
    "http://198.18.0.7/",
    "http://0xC6120007/",
    "http://www.wild.example/",
)
OPEN = (
    "http://notfilm.example/",
    "http://film.example.other.example/",
    "http://film-example.example/",
    "http://bucher-film.example/",
    "http://hosting.example/",
    "http://other.hosting.example/",
    "http://www.tenant.hosting.example/",
    "http://folders.example/f/abcd",
    "http://folders.example/",
    "http://lifted.example/",
    "http://live.example/",
    "http://wild.example/",
    "http://search.example/?u=http://film.example/",
)
REDIRECTS = {
    "/to-listed": "http://film.example/seven",
    "/to-idn": f"http://{A_LABEL}/hop",
    "/to-idn-raw": "http://BÜCHER-film.example/raw",
    "/to-sibling": "http://other.hosting.example/from-redirect",
    "/two-hops": "/to-listed",
    "/to-path": "http://folders.example/f/abc/hop",
}
START = "start.example"


class NamesProxy:
    """Answers for every name there is, and keeps every URL that was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = head.split(" ", 2)[1]
        self.asked.append(target)
        status, fields, body = _page(target)
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *fields]
        writer.write("\r\n".join([*lines, "", ""]).encode("utf-8") + body)
        await writer.drain()
        writer.close()


def _page(target: str) -> tuple[str, list[str], bytes]:
    parts = urlsplit(target)
    html = ["Content-Type: text/html; charset=utf-8"]
    if parts.hostname == "sly.example" and parts.path == "/robots.txt":
        return "302 Found", ["Location: http://film.example/robots.txt"], b""
    if parts.path in ("/robots.txt", "/ai.txt", "/trust.txt") or parts.path.startswith("/.well-known/"):
        return "404 Not Found", html, b"<p>nothing here"
    if parts.hostname == START and parts.path in REDIRECTS:
        return "302 Found", [f"Location: {REDIRECTS[parts.path]}"], b""
    if parts.hostname == START and parts.path == "/":
        links = [*CLOSED, *OPEN, *REDIRECTS, "http://sly.example/page"]
        return "200 OK", html, "".join(f'<a href="{link}">x</a>\n' for link in links).encode()
    return "200 OK", html, f"<title>{parts.hostname}</title><p>A page.".encode()


@dataclass(frozen=True)
class Crawled:
    """What the crawl asked for, and what it decided."""

    config: Config
    code: int
    asked: list[str]
    decided: dict[str, tuple[str, list[str], str | None]]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("listed")
    with NamesProxy() as proxy:
        config = config_in(
            folder,
            network={"proxy": f"http://127.0.0.1:{proxy.port}"},
            crawl={"scope": ["*"]},
        )
        imported = import_list(config, write_list(folder / "oslo.jsonl", *LISTED), "jsonl")
        assert imported.parsed.rejected == ()
        job = Job(config=config, seeds=(f"http://{START}/",))
        code = asyncio.run(run_job(job, Console(stderr=True, quiet=True)))
        with open_for_reading(config.database_url).connect() as connection:
            rows = connection.execute(select(decision).order_by(decision.c.id)).all()
        decided = {
            row.url: (row.verdict, [r["code"] for r in json.loads(row.reasons)], row.via) for row in rows
        }
        yield Crawled(config=config, code=code, asked=list(proxy.asked), decided=decided)


def _listed(url: str) -> bool:
    host, path = canonical_host(url) or "", urlsplit(url).path.replace("/x/..", "").replace("%61", "a")
    return (
        host in ("film.example", A_LABEL, "tenant.hosting.example", "198.18.0.7")
        or host.endswith((".film.example", f".{A_LABEL}", ".wild.example"))
        or (host == "folders.example" and (path + "/").startswith("/f/abc/"))
    )


def test_it_ends_well(crawled: Crawled) -> None:
    assert crawled.code == 0


def test_no_request_of_any_kind_reached_what_is_listed(crawled: Crawled) -> None:
    assert [url for url in crawled.asked if _listed(url)] == []


def test_look_alikes_and_neighbours_were_visited(crawled: Crawled) -> None:
    asked = Counter(crawled.asked)
    missing = [url for url in OPEN if not asked[url]]
    assert missing == []


def test_every_listed_link_has_a_decision_that_names_the_list(crawled: Crawled) -> None:
    refused = {url: codes for url, (verdict, codes, _) in crawled.decided.items() if verdict == "exclude"}
    listed = {url for url, codes in refused.items() if "blocklist.oslo" in codes}
    assert len(listed) >= len(CLOSED) - 1  # a link with a user name is refused for that
    assert not [url for url in listed if not _listed(url)]
    assert not [url for url, (verdict, _, _) in crawled.decided.items() if verdict == "keep" and _listed(url)]


@pytest.mark.parametrize("start", ["/to-listed", "/to-idn", "/to-idn-raw", "/to-path", "/two-hops"])
def test_a_redirect_to_a_listed_host_stops_and_is_reported(crawled: Crawled, start: str) -> None:
    hop = f"http://{START}{start}"
    assert hop in crawled.asked
    if start == "/two-hops":
        assert crawled.decided[f"http://{START}/to-listed"][0] == "exclude"
        return
    stopped = [codes for verdict, codes, via in crawled.decided.values() if via == hop]
    # A Location in raw bytes is no URL to us, so it stops for that reason, before any list is asked.
    assert stopped == [["security.url"] if start == "/to-idn-raw" else ["blocklist.oslo"]]


def test_a_redirect_to_a_neighbour_is_followed(crawled: Crawled) -> None:
    assert "http://other.hosting.example/from-redirect" in crawled.asked


def test_a_robots_txt_that_redirects_to_a_listed_host_is_not_followed(crawled: Crawled) -> None:
    assert "http://sly.example/robots.txt" in crawled.asked
    assert "http://film.example/robots.txt" not in crawled.asked
    verdict, _, _ = crawled.decided["http://sly.example/page"]
    assert verdict != "keep"


def test_the_crawl_names_the_set_it_decided_by(crawled: Crawled) -> None:
    with open_for_reading(crawled.config.database_url).connect() as connection:
        found = connection.scalar(select(crawl.c.blocklist_set))
    assert found == load_lists(crawled.config).set_id
