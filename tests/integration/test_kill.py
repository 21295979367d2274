"""Stop a crawl in every rude way, run the same command again, and see what is lost: nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator
from sqlalchemy import func, select

from crawler.demoweb.server import DemoWeb
from crawler.store.database import open_for_reading
from crawler.store.schema import decision, document, reservation
from tests.integration.many_pages import make_sites
from tests.integration.scrapy_runs import CHECKOUT, write_config

HOSTS, PAGES = 8, 40
KILLS = int(os.environ.get("FORBEAR_KILLS", "5"))
CONCURRENCY = 8


@dataclass(frozen=True)
class Place:
    web: DemoWeb
    folder: Path
    config: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> subprocess.Popen[str]:
        seeds = self.folder / "seeds.txt"
        seeds.write_text("\n".join(self.web.seeds()) + "\n", "utf-8")
        command = [sys.executable, "-m", "crawler", "crawl", "--seeds", str(seeds)]
        return subprocess.Popen(
            [*command, "--config", str(self.config), "-s", f"CONCURRENT_REQUESTS={CONCURRENCY}"],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> None:
        process = self.start()
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, out + err

    def wait_for(self, requests: int, process: subprocess.Popen[str]) -> None:
        """Until the server has seen so many more requests."""
        goal = len(self.web.log()) + requests
        deadline = time.monotonic() + 60
        while len(self.web.log()) < goal and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with DemoWeb(port=0, sites=make_sites(HOSTS, PAGES)) as web:
        yield Place(web=web, folder=tmp_path, config=write_config(tmp_path))


def assert_nothing_is_lost(place: Place) -> None:
    expected = {url for url, e in place.web.expected().items() if e.verdict == "keep"}
    left_out = {url for url, e in place.web.expected().items() if e.verdict == "exclude"}
    engine = open_for_reading(f"sqlite:///{place.data / 'forbear.db'}")
    with engine.connect() as connection:
        kept = Counter(connection.scalars(select(document.c.url)))
        verdicts = dict(
            connection.execute(select(decision.c.url, decision.c.verdict).order_by(decision.c.id)).all()
        )
        reservations = connection.scalar(select(func.count()).select_from(reservation))
    assert set(kept) == expected
    assert set(kept.values()) == {1}
    assert {url for url, verdict in verdicts.items() if verdict == "exclude"} >= left_out
    assert reservations
    assert place.web.violations() == ()
    stored = Counter(url for path in sorted((place.data / "warc").glob("*.gz")) for url in targets(path))
    assert stored == kept


def targets(path: Path) -> Iterator[str]:
    """Every response of a WARC file; reading it whole proves that no member is broken."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, parse_http=False):
            assert record.verify_block_digest()
            if record.headers["WARC-Type"] == "response":
                yield record.headers["WARC-Target-URI"]


@pytest.mark.slow
def test_kill_9_again_and_again(place: Place) -> None:
    generator = random.Random(KILLS)
    for _ in range(KILLS):
        process = place.start()
        place.wait_for(generator.randint(1, HOSTS * PAGES // KILLS), process)
        process.kill()
        process.communicate()
    place.finish()
    assert_nothing_is_lost(place)
    pages = Counter((r.site, r.target) for r in place.web.log() if r.target.startswith("/p/"))
    twice = sum(number - 1 for number in pages.values())
    print(f"{KILLS} kills: {sum(pages.values())} page requests, {twice} of them repeated")
    assert twice <= KILLS * (CONCURRENCY + 8)


@pytest.mark.slow
def test_ctrl_c_once_stops_cleanly_and_nothing_is_asked_again(place: Place) -> None:
    process = place.start()
    place.wait_for(60, process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "the same command goes on" in out
    place.finish()
    assert_nothing_is_lost(place)
    pages = Counter((r.site, r.target) for r in place.web.log() if r.target.startswith("/p/"))
    assert set(pages.values()) == {1}


@pytest.mark.slow
def test_ctrl_c_twice_stops_at_once_and_loses_nothing(place: Place) -> None:
    process = place.start()
    place.wait_for(60, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    place.finish()
    assert_nothing_is_lost(place)


@pytest.mark.slow
def test_a_second_crawl_on_the_same_data_is_refused(place: Place) -> None:
    first = place.start()
    place.wait_for(10, first)
    first.send_signal(signal.SIGSTOP)
    second = place.start()
    _, err = second.communicate(timeout=60)
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert f"process {first.pid}" in " ".join(err.split())
    first.communicate(timeout=120)
    assert_nothing_is_lost(place)


@pytest.mark.slow
def test_running_a_finished_crawl_again_asks_nobody(place: Place) -> None:
    place.finish()
    before = len(place.web.log())
    place.finish()
    assert len(place.web.log()) == before
    assert_nothing_is_lost(place)
