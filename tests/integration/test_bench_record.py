"""The record that benches fill is one: its decisions come out again, and its sums are those of its rows."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, update

from bench.filling import Shape, domain_name, fill
from crawler.store.database import open_database
from crawler.store.queries.folders import has_sums
from crawler.store.queries.lookup import LookupFilter, lookup, sums_of
from crawler.store.rebuild import rejudge
from crawler.store.summary import counted, hour_decisions, site_decisions, site_documents, site_pages
from crawler.store.tallies import count_all
from crawler.web.domain_view import MOST, domain_view
from crawler.web.language import language
from tests.integration.web_tools import config_for, running

SUMS = (counted, site_decisions, site_pages, site_documents, hour_decisions)


def test_every_decision_comes_out_again_and_the_sums_are_right(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("store.queries.folders.LARGE", 20), ("store.tallies.EACH", 1)):
        monkeypatch.setattr(f"crawler.{name}", value)
    monkeypatch.setattr("bench.sums.LARGE", 20)
    fill(database_url, Shape(decisions=1000, sites=60))
    engine = open_database(database_url)
    with engine.connect() as connection:
        assert all(rejudge(connection, number).same for number in range(1, 1001, 7))
        assert lookup(connection, LookupFilter(subject=domain_name(0))).documents > 0
        assert has_sums(connection, f"/example,{domain_name(0).partition('.')[0]})/archive/")
    made = _sums(engine)
    with engine.begin() as connection:
        for table in SUMS:
            connection.execute(delete(table))
    assert count_all(engine) == 1000
    assert made == _sums(engine)
    engine.dispose()


def _sums(engine: Engine) -> list[list[dict[str, Any]]]:
    with engine.connect() as connection:
        found = [connection.execute(select(t).order_by(*t.primary_key)).mappings().all() for t in SUMS]
    # When a page first came to stand so depends on how many decisions were added at a time.
    return [[{k: v for k, v in row.items() if k != "first"} for row in rows] for rows in found]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of one site with more pages in a folder than are looked through, and no sums of folders."""
    folder = tmp_path_factory.mktemp("large")
    database = f"sqlite:///{folder / 'forbear.db'}"
    fill(database, Shape(decisions=8 * MOST, sites=1))
    engine = open_database(database)
    with engine.begin() as connection:
        for table in (site_decisions, site_pages, site_documents):
            connection.execute(delete(table).where(table.c.site.startswith("/")))
        connection.execute(update(counted).values(folders=0))
    engine.dispose()
    return folder


@pytest.mark.slow
def test_a_large_folder_is_answered_in_full_once_its_sums_are_kept(large: Path, tmp_path: Path) -> None:
    shutil.copy(large / "forbear.db", tmp_path)
    engine = open_database(f"sqlite:///{tmp_path / 'forbear.db'}")
    wanted = LookupFilter(subject=f"https://{domain_name(0)}/archive/")
    with engine.connect() as connection:
        read = lookup(connection, wanted)
    assert count_all(engine) == 0
    with engine.connect() as connection:
        assert sums_of(connection, wanted) is not None
        assert lookup(connection, wanted) == read
        view = domain_view(connection, wanted, language("en"))
    engine.dispose()
    assert not view.bounded
    assert view.answer.decisions == read.decisions > MOST


@pytest.mark.slow
def test_a_large_folder_is_answered_with_lower_bounds(large: Path) -> None:
    engine = open_database(f"sqlite:///{large / 'forbear.db'}")
    host = domain_name(0)
    with engine.connect() as connection:
        whole = domain_view(connection, LookupFilter(subject=host), language("en"))
        folder = domain_view(connection, LookupFilter(subject=f"https://{host}/archive/"), language("en"))
    engine.dispose()
    assert not whole.bounded
    assert whole.answer.decisions == 8 * MOST
    assert folder.bounded
    assert 0.9 * MOST < folder.pages() <= MOST
    with running(config_for(large)) as web:
        page = web.get("/lookup", params={"prefix": f"https://{host}/archive/"}).text
        assert f"{folder.pages():,}+</dd>" in page
        assert "its first 10,000 decisions were counted" in page
        assert "all of them" not in page
        assert "+</dd>" not in web.get(f"/d/{host}").text
        assert "+</dd>" not in web.get("/lookup", params={"prefix": f"https://{host}/"}).text


@pytest.mark.slow
def test_the_api_asks_for_a_smaller_folder(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.web.pages.api.MOST_IN_FOLDER", 1000)
    with running(config_for(large)) as web:
        asked = {"prefix": f"https://{domain_name(0)}/archive/"}
        answer = web.get("/api/v1/lookup", params=asked)
        assert answer.status_code == 422
        assert "folder below" in answer.json()["detail"]
        below = {"prefix": f"https://{domain_name(0)}/archive/nothing/"}
        assert web.get("/api/v1/lookup", params=below).status_code == 200


@pytest.mark.slow
def test_the_load_bench_asks_every_kind_of_page_without_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "serve", "--rows", "3000", "--seconds", "2", "--workers", "1"]
    done = subprocess.run(
        [*command, "--rate", "40", "--folder", str(tmp_path)], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    open_loop, closed_loop = done.stdout.split("Closed loop")
    assert ", 0 errors" in open_loop
    assert ", 0 errors" in closed_loop
    for kind in ("start page", "URL page", "domain .atom", "API domain", "unknown domain", "404"):
        assert f"\n{kind} " in closed_loop
