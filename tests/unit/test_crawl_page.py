"""The page of `report crawl`: one file that loads nothing, in which no value becomes markup."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from lxml import html as lxml_html
from sqlalchemy import Engine, insert, select

from crawler.config import Config
from crawler.reports.crawl_report import build, digest_of, write
from crawler.reports.figures import MOST_STEPS, figures
from crawler.reports.model import Ask
from crawler.store.database import Connection, open_database
from crawler.store.schema import decision
from tests.record_tools import HTML, START, closed_page, crawl_start, kept_page, place, recorded

HOSTILE = "<script>alert(1)</script>\u202e\"'><b>.example"


def ask(form: str = "html") -> Ask:
    return Ask(
        config=Config(), now=START + timedelta(days=30), form=form, software="Forbear/0", as_of=2, options={}
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A crawl of 20 days, whose domains have hostile names."""
    engine = open_database(f"sqlite:///{tmp_path / 'forbear.db'}")

    async def body(record: object, _: object) -> None:
        record.decide(kept_page(1), HTML, place(1))  # type: ignore[attr-defined]
        record.decide(closed_page())  # type: ignore[attr-defined]

    recorded(engine, body, replace(crawl_start(), command="forbear crawl </dd><script>"))
    with engine.begin() as connection:
        row = dict(connection.execute(select(decision).where(decision.c.id == 2)).one()._mapping)
        rows = [
            {**row, "id": 3 + n, "domain": HOSTILE, "decided_at": START + timedelta(days=n % 20, hours=n % 7)}
            for n in range(300)
        ]
        connection.execute(insert(decision), rows)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def page(connection: Connection) -> str:
    return write(connection, ask())


def test_it_loads_nothing_and_runs_nothing(page: str) -> None:
    tree = lxml_html.fromstring(page)
    assert not tree.xpath("//script|//link|//img|//iframe|//object|//base|//form|//a[not(@class='skip')]")
    assert not tree.xpath("//@style|//@src|//@onclick|//@onload|//@href[not(starts-with(., '#'))]")
    css = tree.xpath("//style")[0].text
    assert not re.search(r"@import|url\(", css)


def test_its_policy_allows_its_own_style_only(page: str) -> None:
    css = page.partition("<style>")[2].partition("</style>")[0]
    allowed = f"'sha256-{b64encode(sha256(css.encode()).digest()).decode()}'"
    assert f"default-src 'none'; style-src {allowed}" in page


def test_no_value_becomes_markup(page: str) -> None:
    assert "<script" not in page.replace(page.partition("<style>")[2].partition("</style>")[0], "")
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert 'title="right-to-left override">U+202E</span>' in page


def test_ids_are_unique_and_drawings_are_told_in_words(page: str) -> None:
    tree = lxml_html.fromstring(page)
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    charts = tree.xpath("//svg[contains(@class, 'chart')]")
    assert charts
    for chart in charts:
        assert chart.get("role") == "img"
        assert all(name in ids for name in chart.get("aria-labelledby").split())
    assert all(svg.get("aria-hidden") == "true" for svg in tree.xpath("//svg[not(@role)]"))


def test_the_answer_is_the_first_sentence(page: str) -> None:
    answer = lxml_html.fromstring(page).xpath("//p[@class='answer']")[0].text_content()
    assert answer == (
        "ExampleBot decided 302 pages of 2 domains. It kept 1 and left out 100%, most of them because "
        "robots.txt disallows the page. Every page kept has its evidence."
    )


def test_the_figures_have_a_digest_that_their_json_has_too(page: str, connection: Connection) -> None:
    digest = digest_of(build(figures(connection, None), ask("json")))
    assert f"sha256:{digest}" in page


def test_steps_of_time_fit_the_length_of_the_crawl(connection: Connection) -> None:
    found = figures(connection, 1)
    assert found.step.each == "a day"
    assert len(found.times) == 20
    assert sum(found.pace) == found.decisions == 302
    assert len(found.times) <= MOST_STEPS


def test_a_short_crawl_has_a_sentence_instead_of_a_chart(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'short.db'}")

    async def body(record: object, _: object) -> None:
        record.decide(kept_page(1), HTML, place(1))  # type: ignore[attr-defined]

    recorded(engine, body)
    with engine.connect() as connection:
        text = write(connection, ask())
    assert "The one page was decided at" in text
    assert 'class="chart' not in text
    engine.dispose()


def test_a_crawl_without_decisions_is_no_error(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'none.db'}")

    async def body(record: object, _: object) -> None:
        return None

    recorded(engine, body)
    with engine.connect() as connection:
        assert "has decided nothing in this crawl yet" in write(connection, ask())
    engine.dispose()
