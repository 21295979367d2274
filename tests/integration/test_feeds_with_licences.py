"""Licences in a feed bind the pages of its origin, and no others: crawl, check, recheck and replay."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import select

from crawler.cli import build_app
from crawler.components.run import Job, run_job
from crawler.config import Config
from crawler.demo import demo_config
from crawler.demoweb.catalog import Page, Site
from crawler.demoweb.server import DemoWeb
from crawler.examine import examine
from crawler.store.database import open_for_reading
from crawler.store.schema import decision, document, evidence, observation
from tests.integration.rawserver import answer
from tests.integration.recheck_tools import Kept, not_modified, page
from tests.integration.recheck_tools import site as raw_site


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.5.1", 0))
        return int(probe.getsockname()[1])


PORT = free_port()
"""Known before the feeds are written, since they name addresses."""
ROBOTS = Page(path="/robots.txt", text="User-agent: *\nAllow: /\n", media_type="text/plain")


def item(path: str, number: int, says: str = "prohibits") -> str:
    address = f"http://127.0.5.{number}:{PORT}{path}"
    terms = f'<rsl:{says} type="usage">ai-train</rsl:{says}>'
    licence = f"<rsl:license>{terms}</rsl:license>"
    return f'<item><link>{address}</link><rsl:content url="{address}">{licence}</rsl:content></item>'


def feed(*items: str) -> str:
    root = '<rss xmlns:rsl="https://rslstandard.org/rsl" version="2.0"><channel>'
    return f"{root}{''.join(items)}</channel></rss>"


def site(number: int, text: str, *pages: Page, media_type: str = "application/rss+xml") -> Site:
    made = (
        ROBOTS,
        Page(path="/a", html="<p>A.</p>"),
        Page(path="/b", html="<p>B.</p>"),
        Page(path="/feed", text=text, media_type=media_type),
        *pages,
    )
    return Site(name=f"f{number}", address=f"127.0.5.{number}", title="F", shows="rsl", lang="en", page=made)


LINKS = Page(
    path="/linking", html='<link rel="alternate" type="application/rss+xml" href="/feed"><p>Words.</p>'
)
SITES = (
    site(1, feed(item("/a", 1))),
    site(2, feed(item("/a", 2), item("/linking", 2)), LINKS),
    site(3, feed(item("/a", 4))),
    site(4, feed(item("/a", 4, "permits"))),
    site(5, feed(item("/a", 5)), media_type="text/xml"),
    site(6, feed(item("/b", 6)), LINKS),
)


@pytest.fixture
def web() -> Iterator[DemoWeb]:
    with DemoWeb(port=PORT, sites=SITES) as served:
        yield served


def config_in(folder: Path, profile: str = "standard") -> Config:
    config = demo_config(folder / "data")
    return config.merged(policy={"profile": profile}, politeness={"retries": 0, "give_up_after": 1})


def crawl(config: Config, *seeds: str) -> dict[str, tuple[str, str, str]]:
    """Verdict, reason and stage by path; one seed a crawl, so that each reads the record of the last."""
    for seed in seeds:
        asyncio.run(run_job(Job(config=config, seeds=(seed,)), Console(quiet=True, stderr=True)))
    with open_for_reading(config.database_url).connect() as connection:
        rows = connection.execute(select(decision).order_by(decision.c.id)).all()
    return {"/" + row.url.split("/", 3)[3]: (row.verdict, row.reason, row.stage) for row in rows}


def asked(web: DemoWeb, name: str) -> Counter[str]:
    return Counter(r.target for r in web.log(name))


def stored(config: Config) -> list[bytes]:
    """The extracts of feeds that the record holds."""
    statement = (
        select(evidence.c.content)
        .join(observation, observation.c.evidence_sha256 == evidence.c.sha256)
        .where(observation.c.kind == "rsl-embedded")
    )
    with open_for_reading(config.database_url).connect() as connection:
        return list(connection.execute(statement).scalars())


@pytest.mark.parametrize("profile", ["letter", "standard", "strict"])
def test_a_feed_met_earlier_binds_a_page_before_it_is_asked_for(
    web: DemoWeb, tmp_path: Path, profile: str
) -> None:
    config = config_in(tmp_path, profile)
    decided = crawl(config, web.url("f1", "/feed"), web.url("f1", "/a"), web.url("f1", "/b"))
    assert decided["/a"] == ("exclude", "rsl.prohibited", "before_fetch")
    assert decided["/b"] == ("keep", "none", "body")
    assert "/a" not in asked(web, "f1")
    (content,) = set(stored(config))
    assert b"rsl:content" not in content  # what is kept are the licences, not the feed
    assert b"ai-train" in content


def test_a_feed_of_a_kind_that_is_not_kept_is_read_for_its_licences(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path, "letter")
    assert crawl(config, web.url("f1", "/feed"))["/feed"] == ("exclude", "error.media_type", "body")
    with open_for_reading(config.database_url).connect() as connection:
        assert connection.execute(select(document)).all() == []
    assert not any(b"<rss" in file.read_bytes() for file in config.storage.data.rglob("*.warc*"))


def test_a_feed_sent_as_plain_xml_counts_too(web: DemoWeb, tmp_path: Path) -> None:
    decided = crawl(config_in(tmp_path), web.url("f5", "/feed"), web.url("f5", "/a"))
    assert decided["/a"][:2] == ("exclude", "rsl.prohibited")


def test_a_page_that_links_its_feed_is_decided_with_it(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path)
    decided = crawl(config, web.url("f2", "/linking"), web.url("f2", "/a"))
    assert decided["/linking"] == ("exclude", "rsl.prohibited", "body")
    assert decided["/a"] == ("exclude", "rsl.prohibited", "before_fetch")
    assert asked(web, "f2")["/feed"] == 1
    with open_for_reading(config.database_url).connect() as connection:
        seen = connection.execute(select(observation).where(observation.c.kind == "rsl-embedded")).one()
    assert seen.warc_file is None
    assert "linked_from" in seen.details


def test_a_page_decided_before_its_feed_was_seen_is_found_by_a_second_look(
    web: DemoWeb, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_in(tmp_path)
    decided = crawl(config, web.url("f6", "/b"), web.url("f6", "/linking"))
    assert decided["/b"][0] == "keep"  # nothing said a word about it then
    assert decided["/linking"][0] == "keep"
    where = ["--data", str(config.storage.data)]
    app = build_app()
    app(
        ["recheck", "--older-than", "0", "--config", str(written(tmp_path)), *where],
        standalone_mode=False,
    )
    capsys.readouterr()
    decided = crawl(config)
    assert decided["/b"] == ("exclude", "rsl.prohibited", "recheck")
    app(["why", web.url("f6", "/b"), *where], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "rsl.prohibited" in shown
    assert "/feed" in shown


def written(folder: Path) -> Path:
    """The configuration as a file."""
    file = folder / "forbear.toml"
    file.write_text("[network]\nallow_private = true\n[politeness]\ndelay = 0.0\n", "utf-8")
    return file


def test_no_feed_speaks_for_another_site(web: DemoWeb, tmp_path: Path) -> None:
    decided = crawl(config_in(tmp_path), web.url("f3", "/feed"), web.url("f4", "/a"))
    assert decided["/a"] == ("keep", "none", "body")


def test_a_feed_that_permits_opens_nothing_and_closes_nothing(web: DemoWeb, tmp_path: Path) -> None:
    decided = crawl(config_in(tmp_path), web.url("f4", "/feed"), web.url("f4", "/a"), web.url("f4", "/b"))
    assert (decided["/a"][0], decided["/b"][0]) == ("keep", "keep")


def test_a_check_reads_the_feed_that_the_page_links(web: DemoWeb, tmp_path: Path) -> None:
    (found,) = asyncio.run(examine(config_in(tmp_path), web.url("f2", "/linking")))
    assert found.decision.reason == "rsl.prohibited"
    assert found.decision.reasons[0].evidence in {
        e.sha256 for e in found.decision.evidence if e.url.endswith("/feed")
    }


def rss(*paths: str, url: str) -> bytes:
    """A feed with a licence that withholds training for each of these pages."""
    licence = '<rsl:license><rsl:prohibits type="usage">ai-train</rsl:prohibits></rsl:license>'
    items = "".join(f'<item><rsl:content url="{url}{path}">{licence}</rsl:content></item>' for path in paths)
    root = f'<rss xmlns:rsl="https://rslstandard.org/rsl" version="2.0"><channel>{items}</channel></rss>'
    return answer(root.encode(), Content_Type="application/rss+xml")


def test_a_feed_that_a_page_links_is_read_again_though_the_page_has_not_changed(tmp_path: Path) -> None:
    linking = b"<link rel='alternate' type='application/rss+xml' href='/feed'><p>Words.</p>"
    with raw_site(a=page(linking, ETag='"1"'), b=page(ETag='"1"'), feed=answer(b"<rss/>")) as web:
        kept = Kept(tmp_path, web.url("/a"), web.url("/b"))
        web["/a"] = web["/b"] = not_modified(ETag='"1"')
        kept.look()
        assert kept.exported() == {web.url("/a"), web.url("/b")}
        web["/feed"] = rss("/a", "/b", url=web.url(""))
        web.forget()
        kept.look()
        assert len(web.asked("/feed")) == 1
        assert kept.last(web.url("/a")) == ("recheck", "exclude", "rsl.prohibited")
        assert kept.last(web.url("/b")) == ("recheck", "exclude", "rsl.prohibited")
        web["/feed"] = answer(b"<rss/>", Content_Type="application/rss+xml")
        kept.look()
        assert kept.last(web.url("/a")) == ("recheck", "keep", "none")
