"""The ways to run `forbear crawl`: plan, limits, spiders, proxy, PostgreSQL, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import create_engine, select
from typer.testing import CliRunner

from crawler.cli import build_app
from crawler.components.run import Job, run_job
from crawler.config import Config
from crawler.demo import demo_config
from crawler.demoweb.server import DemoWeb
from crawler.store.database import open_for_reading
from crawler.store.schema import decision
from tests.integration.forward_proxy import ForwardProxy
from tests.integration.many_pages import site_with_robots

LOCATION = ("/robots.txt", "/.well-known/", "/ai.txt", "/trust.txt")


@pytest.fixture
def web() -> Iterator[DemoWeb]:
    with DemoWeb(port=0) as served:
        yield served


def config_in(folder: Path, **sections: Any) -> Config:
    return demo_config(folder / "data").merged(**sections)


def run(config: Config, seeds: list[str], **options: Any) -> int:
    return asyncio.run(
        run_job(Job(config=config, seeds=tuple(seeds), **options), Console(quiet=True, stderr=True))
    )


def decided(config: Config) -> dict[str, tuple[str, list[str]]]:
    with open_for_reading(config.database_url).connect() as connection:
        rows = connection.execute(select(decision).order_by(decision.c.id)).all()
    return {row.url: (row.verdict, [r["code"] for r in json.loads(row.reasons)]) for row in rows}


def pages(web: DemoWeb, site: str | None = None) -> list[str]:
    return [r.target for r in web.log(site) if not r.target.startswith(LOCATION)]


def test_plan_asks_for_evidence_only(
    web: DemoWeb, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = [web.url(site, "/") for site in ("start", "kuestenbote", "archiwum")]
    assert run(config_in(tmp_path), seeds, plan=True) == 0
    assert pages(web) == []
    shown = capsys.readouterr().out
    assert "robots.disallow" in shown
    assert "robots.forbidden_403" in shown


def test_max_pages_stops_and_the_next_run_goes_on(web: DemoWeb, tmp_path: Path) -> None:
    seeds = [web.url("start", "/")]
    small = config_in(tmp_path, crawl={"max_pages": 3, "concurrency": 1})
    assert run(small, seeds) == 0
    first = {u for u, (v, _) in decided(small).items() if v == "keep"}
    assert 3 <= len(first) <= 5
    assert run(config_in(tmp_path), seeds) == 0
    assert len({u for u, (v, _) in decided(small).items() if v == "keep"}) > len(first)


def test_links_out_of_scope_are_counted_and_not_asked(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path)
    assert run(config, [web.url("start", "/")]) == 0
    assert {r.site for r in web.log()} == {"start"}
    out = [codes for _, codes in decided(config).values() if "error.out_of_scope" in codes]
    assert out


def test_depth_and_budget(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path, crawl={"depth": 0})
    run(config, [web.url("start", "/")])
    assert [u for u, (v, _) in decided(config).items() if v == "keep"] == [web.url("start", "/")]
    other = config_in(tmp_path / "other", crawl={"max_pages_per_domain": 2, "concurrency": 1})
    run(other, [web.url("start", "/")])
    kept = [u for u, (v, _) in decided(other).items() if v == "keep"]
    assert 2 <= len(kept) <= 3
    assert any("error.budget" in codes for _, codes in decided(other).values())


def test_the_urls_spider_takes_the_seeds_and_nothing_else(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path)
    run(config, [web.url("start", "/"), web.url("backstube", "/")], spider="urls")
    assert set(decided(config)) == {web.url("start", "/"), web.url("backstube", "/")}


def test_the_sitemap_spider_finds_sitemaps_in_robots_txt(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path)
    assert run(config, [web.url("start", "/")], spider="sitemap") == 0
    kept = {u for u, (v, _) in decided(config).items() if v == "keep"}
    assert web.url("start", "/sitemap.xml") in decided(config)
    assert any(u not in (web.url("start", "/sitemap.xml"), web.url("start", "/robots.txt")) for u in kept)
    assert web.violations() == ()


def test_a_proxy_is_used_for_pages_and_evidence_alike(web: DemoWeb, tmp_path: Path) -> None:
    address = web.origin("backstube").removeprefix("http://").split(":")
    hosts = {"baeckerei.invalid": (address[0], int(address[1]))}
    with ForwardProxy(hosts) as proxy:
        config = config_in(tmp_path, network={"proxy": f"http://127.0.0.1:{proxy.port}"})
        run(config, ["http://baeckerei.invalid/"], spider="urls")
        assert decided(config)["http://baeckerei.invalid/"] == ("keep", [])
        assert "http://baeckerei.invalid/robots.txt" in proxy.asked
        assert "http://baeckerei.invalid/" in proxy.asked


UNSAFE = (
    "http://127.0.0.1/",
    "http://localhost/",
    "http://[::1]/",
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://user:secret@example.org/",
)


def test_private_addresses_are_refused_by_default(tmp_path: Path) -> None:
    config = config_in(tmp_path, network={"allow_private": False})
    run(config, list(UNSAFE), spider="urls")
    found = decided(config)
    assert {url for url in UNSAFE if url in found} == set(UNSAFE)
    assert all(v == "exclude" and codes[0].startswith("security.") for v, codes in found.values())


@pytest.mark.slow
def test_the_whole_demo_on_postgresql(web: DemoWeb, tmp_path: Path, postgresql_url: str) -> None:
    config = config_in(tmp_path, storage={"database": postgresql_url})
    assert run(config, list(web.seeds())) == 0
    found = decided(config)
    wrong = [
        f"{url}: {found.get(url)}"
        for url, e in web.expected().items()
        if not (url in found and e.met_by(found[url][0], found[url][1] or ["none"]))
        and "streamhafen" not in e.site
        and not any(r.startswith("blocklist") for r in e.reasons)
    ]
    assert not wrong, "\n".join(wrong)


def test_a_crawl_of_public_hosts_without_identity_says_what_to_set(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(build_app(), ["crawl", "https://example.org/"])
    assert done.exit_code != 0
    assert "product_token" in str(done.exception)


def test_a_bad_seed_file_names_the_line(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "urls.txt").write_text("https://example.org/\nexample.org\n", "utf-8")
    done = CliRunner().invoke(build_app(), ["crawl", "--seeds", "urls.txt"])
    assert "urls.txt:2" in str(done.exception)


def test_a_redirect_to_a_private_address_is_refused(tmp_path: Path) -> None:
    from tests.integration.many_pages import redirecting_site

    with DemoWeb(port=0, sites=[redirecting_site("http://169.254.169.254/latest/")]) as web:
        config = config_in(tmp_path)
        run(config, list(web.seeds()), spider="urls")
        found = decided(config)
    assert found[web.url("many0", "/")][1] == ["error.redirect"]


def test_the_record_says_which_crawl_and_identity(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path)
    run(config, [web.url("backstube", "/")], spider="urls")
    engine = create_engine(config.database_url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select c.status, i.user_agent, i.from_address, p.id from crawl c "
            "join crawler_identity i on i.id = c.identity_id join policy_version p on p.id = c.policy_id"
        ).all()
    assert [tuple(row)[:3] for row in rows] == [
        ("finished", "ForbearDemo/1.0 (+https://forbear.example/bot)", "crawler@forbear.example")
    ]


HOSTILE = json.loads((Path(__file__).parents[1] / "unit" / "hostile_addresses.json").read_text("utf-8"))


def test_every_hostile_address_of_the_table_is_refused_by_the_crawl(tmp_path: Path) -> None:
    refused = [row["url"] for row in HOSTILE["urls"] if row.get("reason") == "security.address"]
    literals = [f"http://[{i}]/" if ":" in i else f"http://{i}/" for i in _private_ips()]
    urls = [url for url in (*refused, *literals) if url.startswith("http")]
    config = config_in(tmp_path, network={"allow_private": False}, crawl={"concurrency": 64})
    run(config, urls, spider="urls")
    found = decided(config)
    assert {
        u: d for u, d in found.items() if not (d[0] == "exclude" and d[1][0].startswith("security."))
    } == {}
    assert len(found) >= len(urls) * 0.8  # Scrapy writes some of them alike


def _private_ips() -> list[str]:
    return [row["ip"] for row in HOSTILE["ips"] if not row["public"] and "%" not in row["ip"]]


def test_a_closed_visit_window_is_waited_for(tmp_path: Path) -> None:
    hour = (datetime.now(UTC) + timedelta(hours=3)).hour
    window = f"{hour:02d}00-{(hour + 1) % 24:02d}00"
    with DemoWeb(port=0, sites=[site_with_robots(f"User-agent: *\nVisit-time: {window}\n")]) as web:
        config = config_in(tmp_path)
        run(config, list(web.seeds()))
        assert decided(config)[web.url("many0", "/")] == ("defer", ["error.waiting"])
        assert pages(web) == []


def test_a_defect_in_a_reader_keeps_nothing_and_is_recorded(
    web: DemoWeb, tmp_path: Path, monkeypatch: Any
) -> None:
    """Whatever breaks while judging, at any stage: no page of it is kept, and the record says why."""
    from crawler import session

    honest = session.judge
    for stage in ("before_fetch", "headers", "body"):
        config = config_in(tmp_path / stage)

        def broken(case: Any, *rest: Any, at: str = stage) -> Any:
            if case.stage == at and not case.found:
                raise RuntimeError("a defect")
            return honest(case, *rest)

        monkeypatch.setattr(session, "judge", broken)
        run(config, [web.url("backstube", "/")], spider="urls")
        found = decided(config)[web.url("backstube", "/")]
        assert found[0] == "defer", stage
        assert "error.internal" in found[1], stage
