"""The site as it runs: workers that share their limits, and answers given twice."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.store.database import open_database
from crawler.store.queries.status import RecordVersion
from crawler.web.remember import MAX_AGE, Answer
from crawler.web.serving import listening
from tests.integration.test_web_callers import ask, connect, status
from tests.integration.web_tools import AUTH, config_for, running, small_record
from tests.record_tools import HTML, kept_page, place, record_all

LIMIT = 20


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """`forbear serve --workers 2`: port and process id."""
    folder = tmp_path_factory.mktemp("served")
    config = config_for(folder / "data")
    small_record(config)
    file = folder / "forbear.toml"
    file.write_text(f'[publish]\nlookups_per_minute = {LIMIT}\ntrusted_proxies = ["127.0.0.1"]\n')
    with listening("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "crawler", "serve", "--workers", "2", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--config", str(file), "--data", str(folder / "data")], stderr=subprocess.DEVNULL
    )
    try:
        _until_both_answer(port, process.pid)
        yield port, process.pid
    finally:
        process.terminate()
        assert process.wait(20) is not None


def _until_both_answer(port: int, parent: int) -> None:
    """Hold connections until each worker has some: then both take part."""
    held: list[socket.socket] = []
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            held.append(connect(port))
        except OSError:
            time.sleep(0.2)
            continue
        time.sleep(0.01)
        counts = [_connections(pid) for pid in _children(parent)]
        if len(held) > 5 and sum(count > 2 for count in counts) >= 2:
            break
    else:
        pytest.fail("two workers never answered")
    for made in held:
        made.close()


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text("ascii", "replace").rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and b"spawn_main" in (folder / "cmdline").read_bytes():
            found.append(int(folder.name))
    return found


def _connections(pid: int) -> int:
    links = (os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.exists())
    return sum(link.startswith("socket:") for link in links) - 4


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
def test_workers_share_one_limit(workers: tuple[int, int]) -> None:
    port, _ = workers
    asked = [
        ask(port, f"/d/site{n}.example.json", b"X-Forwarded-For: 198.51.100.%d\r\n" % (n % 200))
        for n in range(3 * LIMIT)
    ]
    answers = [status(answer) for answer in asked]
    # Every two seconds one more question is free again.
    assert LIMIT <= answers.count(200) <= LIMIT + 5
    assert set(answers) == {200, 429}
    refused = next(answer for answer in asked if status(answer) == 429)
    assert b"retry-after: " in refused.lower()
    assert status(ask(port, "/d/site.example.json", b"X-Forwarded-For: 203.0.113.9\r\n")) == 200


def test_a_worker_that_dies_is_replaced(workers: tuple[int, int]) -> None:
    port, parent = workers
    before = _children(parent)
    os.kill(before[0], 9)
    end = time.monotonic() + 30
    while time.monotonic() < end and (len(_children(parent)) < 2 or before[0] in _children(parent)):
        time.sleep(0.2)
    assert len(_children(parent)) == 2
    assert status(ask(port)) == 200


def test_a_forged_line_before_the_proxys_own_is_not_believed(tmp_path: Path) -> None:
    config = config_for(tmp_path, lookups_per_minute=2, trusted_proxies=["127.0.0.1"])
    small_record(config)
    with running(config) as web:
        name = "X-Forwarded-For"
        lines = [[(name, f"10.{n}.0.1"), (name, "203.0.113.7")] for n in range(3)]
        answers = [web.get("/d/a.example", headers=each) for each in lines]
        assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_without_a_trusted_proxy_the_line_means_nothing(tmp_path: Path) -> None:
    config = config_for(tmp_path, lookups_per_minute=2)
    small_record(config)
    with running(config) as web:
        answers = [web.get("/d/a.example", headers={"X-Forwarded-For": f"10.{n}.0.1"}) for n in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_an_answer_given_again_counts_as_a_question(tmp_path: Path) -> None:
    config = config_for(tmp_path, lookups_per_minute=3)
    small_record(config)
    with running(config) as web:
        answers = [web.get("/d/example.org.json") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert len({answer.content for answer in answers[:3]}) == 1


def test_a_known_answer_is_not_sent_again(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    small_record(config)
    with running(config) as web:
        for path in ("/d/example.org.json", "/d/example.org.atom", "/api/v1/domains/example.org"):
            tag = web.get(path).headers["etag"]
            again = web.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["content-security-policy"]


def test_what_one_language_said_is_not_given_in_another(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    small_record(config)
    with running(config) as web:
        english, german = web.get("/d/example.org").text, web.get("/de/d/example.org").text
        assert '<html lang="en">' in english
        assert '<html lang="de">' in german


def test_a_growing_record_shows_within_seconds(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    small_record(config)
    with running(config) as web:
        before = web.get("/d/later.example.json").json()
        engine = open_database(config.database_url)
        record_all(engine, (kept_page(7, "https://later.example"), {"answer": HTML, "document": place(7)}))
        engine.dispose()
        end = time.monotonic() + 15
        while (now := web.get("/d/later.example.json").json()) == before and time.monotonic() < end:
            time.sleep(0.2)
        assert now != before
        assert web.get("/d/later.example").text.count("/d/later.example.zip") == 1


def test_staff_are_not_given_what_was_remembered_for_others(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    small_record(config)
    with running(config) as web:
        assert web.get("/api/v1/decisions").status_code == 401
        assert web.get("/api/v1/decisions", auth=AUTH).status_code == 200
        assert web.get("/api/v1/decisions").status_code == 401


GROWN, TOLD = (1, 1, 100), (5, 1)


@pytest.mark.parametrize(
    ("grown", "told", "age", "cost", "holds"),
    [
        (GROWN, TOLD, 59.0, 0.001, True),
        (GROWN, TOLD, MAX_AGE + 1, 10.0, False),
        ((1, 1, 101), TOLD, 0.5, 0.001, True),
        ((1, 1, 101), TOLD, 1.5, 0.001, False),
        ((1, 1, 101), TOLD, 4.0, 0.5, True),
        ((1, 1, 101), TOLD, 6.0, 0.5, False),
        ((1, 1, 101), TOLD, 11.0, 100.0, False),
        (GROWN, (6, 1), 0.1, 100.0, False),
    ],
)
def test_how_long_an_answer_holds(
    grown: tuple[Any, ...], told: tuple[Any, ...], age: float, cost: float, holds: bool
) -> None:
    made = RecordVersion(grown=GROWN, told=TOLD)
    answer = Answer(headers=[], body=b"", counted=(), version=made, made=100.0, cost=cost)
    assert answer.holds(RecordVersion(grown=grown, told=told), 100.0 + age) is holds


def test_a_taken_port_is_told_with_a_remedy(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    small_record(config)
    with listening("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "crawler", "serve", "--port", str(port), "--data", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "choose another --port" in done.stderr


def test_a_crowd_is_told_to_come_back(tmp_path: Path) -> None:
    from crawler.web.crowd import AT_ONCE, Crowd

    waiting = asyncio.Event()
    sent: list[dict[str, Any]] = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await waiting.wait()

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        crowd = Crowd(slow)
        open_ones = [asyncio.create_task(crowd({"type": "http"}, send, send)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        await crowd({"type": "http"}, send, send)
        waiting.set()
        await asyncio.gather(*open_ones)
        await crowd({"type": "http"}, send, send)

    asyncio.run(run())
    assert [message.get("status") for message in sent] == [503, None]
