"""Terms that a site links: read once a day, advisory under `standard`, binding under `strict`."""

from __future__ import annotations

import asyncio
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
from crawler.store.schema import decision, evidence, observation

CLAUSE = "We expressly reserve the right to text and data mining."
LINK = '<a href="/terms">Terms of use</a>'


def site(number: int, *pages: Page, robots: str = "User-agent: *\nAllow: /\n") -> Site:
    file = Page(path="/robots.txt", text=robots, media_type="text/plain")
    made = (file, Page(path="/", html=LINK), Page(path="/b", html="B."), Page(path="/c", html=LINK), *pages)
    title, address = f"Terms {number}", f"127.0.3.{number}"
    return Site(name=f"t{number}", address=address, title=title, shows="terms", lang="en", page=made)


SITES = (
    site(1, Page(path="/terms", html=CLAUSE)),
    site(2, Page(path="/terms", html=CLAUSE), robots="User-agent: *\nDisallow: /terms\n"),
    site(3, Page(path="/terms", status=503, html="later", expect="unjudged")),
    site(4, Page(path="/terms", status=302, headers=(("Location", "http://127.0.3.1:{port}/x"),))),
    site(5, Page(path="/terms", html="Text and data mining is permitted.")),
)


@pytest.fixture
def web() -> Iterator[DemoWeb]:
    with DemoWeb(port=0, sites=SITES) as served:
        yield served


def config_in(folder: Path, profile: str) -> Config:
    config = demo_config(folder / "data")
    return config.merged(policy={"profile": profile}, politeness={"retries": 0, "give_up_after": 1})


def crawl(config: Config, seeds: list[str]) -> dict[str, tuple[str, str, str]]:
    """Verdict, reason and stage by path."""
    for seed in seeds:  # one after the other, as they would be met
        job = Job(config=config, seeds=(seed,))
        asyncio.run(run_job(job, Console(quiet=True, stderr=True)))
    with open_for_reading(config.database_url).connect() as connection:
        rows = connection.execute(select(decision).order_by(decision.c.id)).all()
    return {"/" + row.url.split("/", 3)[3]: (row.verdict, row.reason, row.stage) for row in rows}


def asked(web: DemoWeb, name: str) -> Counter[str]:
    return Counter(r.target for r in web.log(name))


def test_terms_are_reported_under_standard(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path, "standard")
    decided = crawl(config, [web.url("t1", "/")])
    assert decided["/"] == ("keep", "none", "body")
    with open_for_reading(config.database_url).connect() as connection:
        seen = connection.execute(select(observation).where(observation.c.kind == "terms")).one()
        stored = select(evidence.c.content).where(evidence.c.sha256 == seen.evidence_sha256)
        content = connection.execute(stored).scalar_one()
        notes = connection.execute(select(decision.c.notes)).scalars().all()
    assert content.startswith(b"Extract of a page of terms: ")
    assert CLAUSE.encode() in content
    assert "linked_from" in seen.details
    assert seen.warc_file is None
    assert any("natural_language.clause" in note for note in notes)


def test_terms_bind_the_whole_site_under_strict(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path, "strict")
    seeds = tuple(web.url("t1", path) for path in ("/", "/b", "/c"))
    job = Job(config=config.merged(crawl={"concurrency": 1}), seeds=seeds)
    asyncio.run(run_job(job, Console(quiet=True, stderr=True)))
    decided = crawl(config, [])
    assert {path: found[:2] for path, found in decided.items()} == dict.fromkeys(
        ("/", "/b", "/c"), ("exclude", "natural_language")
    )
    # the page that linked them was read; once they are known, nothing more of the site is asked for
    assert decided["/"][2] == "body"
    assert decided["/c"][2] == "before_fetch"
    assert asked(web, "t1")["/terms"] == 1
    assert "/c" not in asked(web, "t1")


def test_the_letter_asks_for_no_terms(web: DemoWeb, tmp_path: Path) -> None:
    assert crawl(config_in(tmp_path, "letter"), [web.url("t2", "/")])["/"][0] == "keep"
    assert crawl(config_in(tmp_path, "letter"), [web.url("t5", "/b")])["/b"][0] == "keep"
    assert asked(web, "t2")["/terms"] == 0


@pytest.mark.parametrize("profile", ["standard", "strict"])
def test_terms_behind_robots_txt_are_not_asked_for(web: DemoWeb, tmp_path: Path, profile: str) -> None:
    decided = crawl(config_in(tmp_path, profile), [web.url("t2", "/")])
    assert decided["/"][:2] == ("keep", "none")
    assert asked(web, "t2")["/terms"] == 0


@pytest.mark.parametrize(("profile", "verdict"), [("standard", "keep"), ("strict", "defer")])
def test_terms_that_cannot_be_had(web: DemoWeb, tmp_path: Path, profile: str, verdict: str) -> None:
    decided = crawl(config_in(tmp_path, profile), [web.url("t3", "/")])
    assert decided["/"][0] == verdict


def test_terms_that_permit_change_nothing(web: DemoWeb, tmp_path: Path) -> None:
    decided = crawl(config_in(tmp_path, "strict"), [web.url("t5", "/")])
    assert decided["/"][:2] == ("keep", "none")


def test_a_check_reads_the_terms_too(web: DemoWeb, tmp_path: Path) -> None:
    (found,) = asyncio.run(examine(config_in(tmp_path, "strict"), web.url("t1", "/")))
    assert found.decision.reason == "natural_language"
    assert CLAUSE in found.decision.reasons[0].quote


def test_why_quotes_what_was_only_reported(
    web: DemoWeb, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_in(tmp_path, "standard")
    crawl(config, [web.url("t1", "/")])
    build_app()(["why", web.url("t1", "/"), "--data", str(config.storage.data)], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "no reservation found" in shown
    assert f"noted: A reservation was found in plain words only: “{CLAUSE}”" in shown
