"""The clock of a host, without a network: time is passed in."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.politeness import MAX_RETRY_AFTER, Backoff, Clock, Pace, VisitWindow, retry_after

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class FakeTime:
    """Time that passes only where somebody sleeps; sleepers wake in order."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    @property
    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now, wall=self.wall, sleep=self.sleep)

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.now)

    async def sleep(self, seconds: float) -> None:
        done = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.now + seconds, len(self.sleepers), done))
        await done

    async def run(self, *work: Coroutine[Any, Any, Any]) -> None:
        tasks = [asyncio.ensure_future(w) for w in work]
        while not all(t.done() for t in tasks):
            for _ in range(10):
                await asyncio.sleep(0)
            if self.sleepers:
                at, _, done = min(self.sleepers)
                self.sleepers.remove(min(self.sleepers))
                self.now = max(self.now, at)
                if not done.done():
                    done.set_result(None)
        await asyncio.gather(*tasks)


def turns(
    pace: Pace, times: FakeTime, hosts: list[str], before: Callable[[], None] | None = None
) -> list[float]:
    started: list[float] = []

    async def one(host: str) -> None:
        await pace.turn(host)
        started.append(times.now)

    async def late() -> None:
        if before:
            before()

    asyncio.run(times.run(*(one(h) for h in hosts), late()))
    return started


def test_turns_of_one_host_are_a_delay_apart_and_hosts_do_not_wait_for_each_other() -> None:
    times = FakeTime()
    pace = Pace(2.0, clock=times.clock)
    assert sorted(turns(pace, times, ["a", "a", "a", "b"])) == [0.0, 0.0, 2.0, 4.0]
    assert pace.wait_for("a") == 2.0
    assert pace.wait_for("never seen") == 0.0


def test_crawl_delay_is_clamped_both_ways() -> None:
    pace = Pace(1.0)
    assert pace.set_delay("a", 10) == 10.0
    assert pace.set_delay("a", 0) == 1.0
    assert pace.set_delay("a", -5) == 1.0
    assert pace.set_delay("a", 604_800) == 120.0
    assert pace.set_delay("a", float("inf")) == 120.0
    assert pace.set_delay("a", float("nan")) == 120.0


def test_configured_delay_above_the_clamp_stands() -> None:
    assert Pace(300.0).set_delay("a", 10) == 300.0


def test_blocked_host_waits_and_its_waiters_stay_a_delay_apart() -> None:
    times = FakeTime()
    pace = Pace(1.0, clock=times.clock)
    block = lambda: pace.block("a", times.wall() + timedelta(seconds=60))  # noqa: E731
    # The first was under way when the block came; the others had taken slots at 1 and 2 s.
    assert turns(pace, times, ["a", "a", "a"], block) == [60.0, 61.0, 62.0]


def test_a_block_is_never_shortened_and_never_longer_than_a_day() -> None:
    times = FakeTime()
    pace = Pace(clock=times.clock)
    pace.block("a", times.wall() + timedelta(seconds=100))
    pace.block("a", times.wall() + timedelta(seconds=10))
    assert pace.wait_for("a") == 100.0
    pace.block("a", times.wall() + timedelta(days=400))
    assert pace.wait_for("a") == MAX_RETRY_AFTER


def test_cancelled_waiter_leaves_the_clock_usable() -> None:
    async def scenario() -> None:
        pace = Pace(0.01)
        await pace.turn("a")
        waiter = asyncio.create_task(pace.turn("a"))
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.wait_for(pace.turn("a"), 1)

    asyncio.run(scenario())


def test_no_more_in_flight_than_places() -> None:
    async def scenario() -> int:
        pace = Pace(0.0, per_host=2)
        now = most = 0

        async def one() -> None:
            nonlocal now, most
            async with pace.visit("a"):
                now += 1
                most = max(most, now)
                await asyncio.sleep(0.002)
                now -= 1

        await asyncio.gather(*(one() for _ in range(9)))
        return most

    assert asyncio.run(scenario()) == 2


def test_memory_is_bounded_and_keeps_hosts_that_are_blocked() -> None:
    times = FakeTime()
    pace = Pace(1.0, max_hosts=10, clock=times.clock)
    pace.block("blocked", times.wall() + timedelta(hours=1))
    for n in range(1000):
        pace.set_delay(f"host{n}", 5)
    assert len(pace._hosts) <= 11
    assert pace.wait_for("blocked") == 3600.0
    for n in range(1000):
        pace.block(f"host{n}", times.wall() + timedelta(hours=1))
    assert len(pace._hosts) <= 20


@pytest.mark.parametrize(
    ("start", "end", "now", "expected"),
    [
        ((4, 0), (8, 45), (12, 0), 16 * 3600.0),
        ((4, 0), (8, 45), (4, 0), 0.0),
        ((4, 0), (8, 45), (8, 45), 19.25 * 3600),
        ((4, 0), (8, 45), (3, 59), 60.0),
        ((22, 0), (6, 0), (23, 0), 0.0),
        ((22, 0), (6, 0), (5, 0), 0.0),
        ((22, 0), (6, 0), (12, 0), 10 * 3600.0),
        ((0, 0), (0, 0), (12, 0), 0.0),
    ],
)
def test_visit_window(
    start: tuple[int, int], end: tuple[int, int], now: tuple[int, int], expected: float
) -> None:
    window = VisitWindow(start=time(*start), end=time(*end))
    assert window.seconds_until_open(datetime(2026, 11, 24, *now, tzinfo=UTC)) == expected


def test_turn_waits_for_the_visit_window() -> None:
    times = FakeTime()
    pace = Pace(1.0, clock=times.clock)
    pace.set_visit_window("a", VisitWindow(start=time(13, 0), end=time(14, 0)))
    assert pace.wait_for("a") == 3600.0
    assert turns(pace, times, ["a", "a"]) == [3600.0, 3601.0]
    pace.set_visit_window("a", None)
    assert pace.wait_for("a") == 1.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("999999999", MAX_RETRY_AFTER),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120.0),
        ("Tue, 24 Nov 2026 12:02:00 -0000", 120.0),
        ("Tuesday, 24-Nov-26 12:02:00 GMT", 120.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("9" * 5000, MAX_RETRY_AFTER),
        ("٣", None),
    ],
)
def test_retry_after(value: str | None, expected: float | None) -> None:
    assert retry_after(value, START) == expected


@given(st.text())
def test_retry_after_never_raises(value: str) -> None:
    seconds = retry_after(value, START)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER


def test_backoff_doubles_up_to_its_cap() -> None:
    assert [Backoff().seconds(n) for n in (0, 1, 2, 3, 8, 9, 10**9)] == [0, 30, 60, 120, 3600, 3600, 3600]
