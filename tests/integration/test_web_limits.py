"""Limits that all workers share: what is counted, what is kept of who asked, and what is forgotten."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.store.limits import DAY, MAX_ROWS, LimitError, Limits, Rate, open_limits
from crawler.web.secret import SIZE, secret_of

TWO = (Rate(2, 60), Rate(3, 3600))
ADDRESS = "lookup 192.0.2.0/24"


@pytest.fixture
def limits(database_url: str, tmp_path: Path) -> Iterator[Limits]:
    found = open_limits(database_url, tmp_path / "data")
    yield found
    found.close()


def test_what_is_used_up_comes_back_with_time(limits: Limits) -> None:
    assert [limits.take("a", TWO, 1000.0) for _ in range(3)] == [0, 0, 30]
    assert limits.take("b", TWO, 1000.0) == 0
    assert limits.take("a", TWO, 1060.0) == 0
    assert limits.take("a", TWO, 1060.0) == 1140
    assert limits.take("a", TWO, 1060.0 + 1140) == 0


def test_a_refused_question_costs_nothing(limits: Limits) -> None:
    waits = [limits.take("a", (Rate(1, 10),), 1000.0 + n / 10) for n in range(100)]
    assert [n for n, wait in enumerate(waits) if wait == 0] == [0]
    assert limits.take("a", (Rate(1, 10),), 1010.0) == 0


def test_a_new_day_and_its_new_key_forgive_nothing(limits: Limits) -> None:
    midnight = 20_000.0 * DAY
    rates = (Rate(2, DAY),)
    assert [limits.take("a", rates, midnight - 10) for _ in range(2)] == [0, 0]
    assert limits.take("a", rates, midnight + 10) > 43_000
    assert limits.take("a", rates, midnight + 11) > 43_000
    assert limits.take("b", rates, midnight + 10) == 0
    assert limits.take("a", rates, midnight - 10 + DAY / 2) == 0


def test_a_clock_set_back_locks_nobody_out_for_longer_than_a_limit(limits: Limits) -> None:
    assert limits.take("a", (Rate(2, 60),), 1_000_000.0) == 0
    assert 0 <= limits.take("a", (Rate(2, 60),), 1000.0) <= 60


def test_nothing_kept_tells_who_asked(tmp_path: Path) -> None:
    limits = open_limits(f"sqlite:///{tmp_path / 'forbear.db'}", tmp_path)
    begun = 20_000.0 * DAY
    assert limits.take(ADDRESS, TWO, begun) == 0
    limits.forget(begun)
    assert _rows(limits) == (1, 1)
    limits.forget(begun + 3600)
    assert _rows(limits) == (0, 1), "a row goes when it limits nobody any more"
    limits.forget(begun + 2 * DAY)
    assert _rows(limits) == (0, 0), "and a day later the key that could tell whose it was"
    limits.close()
    written = b"".join(file.read_bytes() for file in tmp_path.glob("limits.db*"))
    assert b"192.0.2" not in written
    assert (tmp_path / "limits.db").stat().st_mode & 0o077 == 0


def test_beyond_the_bound_those_are_forgotten_that_asked_least(limits: Limits) -> None:
    busy = [limits.take("busy", (Rate(100, DAY),), 1000.0) for _ in range(100)]
    assert busy == [0] * 100
    limits.take("idle", (Rate(100, DAY),), 1000.0)
    limits.forget(1000.0, most=1)
    assert limits.take("busy", (Rate(100, DAY),), 1000.0) > 0
    assert MAX_ROWS >= 10_000


def _rows(limits: Limits) -> tuple[int, int]:
    with limits._engine.connect() as connection:
        count = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("asked", "asked_key")
        ]
    return count[0], count[1]


def _take_many(url: str, folder: str, start: float, number: int) -> int:
    limits = open_limits(url, Path(folder))
    taken = sum(limits.take("a", (Rate(50, 3600),), start) == 0 for _ in range(number))
    limits.close()
    return taken


def test_processes_share_what_is_left(database_url: str, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(3) as pool:
        asked = [(database_url, str(tmp_path / "data"), 5000.0, 40)] * 3
        taken = pool.starmap(_take_many, asked, chunksize=1)
    assert sum(taken) == 50


def test_a_file_that_is_no_database_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "limits.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(LimitError, match="delete it"):
        open_limits(f"sqlite:///{tmp_path / 'forbear.db'}", tmp_path)


def _secret(folder: str) -> bytes:
    return secret_of(Path(folder))


def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(4) as pool:
        keys = set(pool.map(_secret, [str(tmp_path / "data")] * 8, chunksize=1))
    assert len(keys) == 1
    assert {len(key) for key in keys} == {SIZE}
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["web.secret"]
