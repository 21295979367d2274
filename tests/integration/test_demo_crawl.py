"""The demo web, crawled for real and judged by the server's own access log."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import select

from crawler.components.run import Job, run_job
from crawler.demo import demo_instance
from crawler.demoweb.access_log import AccessRecord
from crawler.demoweb.server import DemoWeb
from crawler.store.database import open_for_reading
from crawler.store.schema import decision, document


@dataclass(frozen=True)
class Crawled:
    """What a crawl of the demo web left behind."""

    web: DemoWeb
    data: Path
    code: int
    decided: dict[str, tuple[str, list[str]]]
    """URL to verdict and reason codes of its last decision."""


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("demo")
    with demo_instance(folder, port=0) as (config, web):
        code = asyncio.run(run_job(Job(config=config, seeds=web.seeds()), Console(stderr=True, quiet=True)))
        with open_for_reading(config.database_url).connect() as connection:
            rows = connection.execute(select(decision).order_by(decision.c.id)).all()
        decided = {row.url: (row.verdict, _codes(row)) for row in rows}
        yield Crawled(web=web, data=folder, code=code, decided=decided)


def _codes(row: object) -> list[str]:
    codes = [reason["code"] for reason in json.loads(row.reasons)]  # type: ignore[attr-defined]
    return codes or ["none"]


def test_the_crawl_finishes(crawled: Crawled) -> None:
    assert crawled.code == 0


def test_no_forbidden_request_reached_a_server(crawled: Crawled) -> None:
    assert crawled.web.violations() == ()


def test_a_listed_host_saw_no_request_at_all(crawled: Crawled) -> None:
    for site in crawled.web.listed():
        assert crawled.web.log(site) == ()


def test_every_row_of_the_table_is_right(crawled: Crawled) -> None:
    wrong = []
    for url, expectation in crawled.web.expected().items():
        verdict, codes = crawled.decided.get(url, ("undecided", []))
        if not expectation.met_by(verdict, codes):
            wrong.append(f"{url}: {verdict} {codes}, expected {expectation.verdict} {expectation.reasons}")
    assert not wrong, "\n".join(wrong)


def test_every_request_names_us_and_carries_no_secret(crawled: Crawled) -> None:
    for record in crawled.web.log():
        assert record.user_agent == "ForbearDemo/1.0 (+https://forbear.example/bot)"
        assert record.from_address == "crawler@forbear.example"


def test_robots_txt_comes_before_any_page_of_a_site(crawled: Crawled) -> None:
    first: dict[str, AccessRecord] = {}
    for record in crawled.web.log():
        first.setdefault(record.site, record)
    assert {record.target for record in first.values()} == {"/robots.txt"}


def test_politeness_holds_per_host(crawled: Crawled) -> None:
    times = defaultdict(list)
    for record in crawled.web.log("langsam"):
        times[record.site].append(record.at)
    gaps = [b - a for moments in times.values() for a, b in pairwise(moments)]
    found = [r for r in crawled.web.log("langsam") if r.status == 200]
    pages = [r for r in found if not r.target.endswith((".txt", ".json"))]
    assert len(pages) >= 3
    # Crawl-delay: 1. The server runs in this very process and sees requests late when it is busy, so a
    # gap may look shorter than it was; without the delay it would be a twentieth of a second.
    assert sum(1 for gap in gaps if _seconds(gap) >= 0.6) >= len(pages) - 1


def _seconds(gap: object) -> float:
    return gap.total_seconds() if hasattr(gap, "total_seconds") else float(gap)  # type: ignore[arg-type]


def test_every_kept_document_has_its_decision(crawled: Crawled) -> None:
    with open_for_reading(f"sqlite:///{crawled.data / 'forbear.db'}").connect() as connection:
        documents = connection.execute(select(document.c.url, document.c.decision_id)).all()
        kept = dict(connection.execute(select(decision.c.id, decision.c.verdict)).all())
    assert documents
    assert all(kept[row.decision_id] == "keep" for row in documents)
    assert len({row.url for row in documents}) == len(documents)


def test_nothing_of_a_left_out_page_is_in_a_file_we_wrote(crawled: Crawled) -> None:
    from fastwarc.warc import ArchiveIterator

    left_out = {url for url, (verdict, _) in crawled.decided.items() if verdict != "keep"}
    for path in (crawled.data / "warc").glob("*.warc.gz"):
        with path.open("rb") as stream:
            targets = {record.headers.get("WARC-Target-URI") for record in ArchiveIterator(stream)}
        assert not targets & left_out
