"""The laws of `crawler.frontier.Frontier`, on every database the record can be kept in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from sqlalchemy import select, update

from crawler.frontier import Candidate, Lease, Leased
from crawler.frontier import sql as sql_module
from crawler.frontier.schema import State, host, url
from crawler.frontier.sql import SqlFrontier
from crawler.store.database import open_database
from crawler.store.writer import Writer


class Clock:
    """Time that passes when a test says so."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Setup:
    """Opens frontiers over one database, one after the other, as processes would."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.clock = Clock()

    def run(
        self,
        scenario: Callable[[SqlFrontier], Awaitable[None]],
        *,
        per_host: int = 2,
        delay: float | Callable[[str], float] = 1.0,
    ) -> None:
        async def go() -> None:
            writer = Writer(open_database(self.database))
            writer.start()
            frontier = SqlFrontier(writer, self.clock, per_host, delay)
            await frontier.recover()
            try:
                await scenario(frontier)
            finally:
                await writer.close()
                writer.engine.dispose()

        asyncio.run(go())


@pytest.fixture
def setup(database_url: str) -> Setup:
    return Setup(database_url)


def page(name: str, host_name: str = "a.example", **values: object) -> Candidate:
    return Candidate(url=f"https://{host_name}/{name}", host=host_name, **values)  # type: ignore[arg-type]


async def put(frontier: SqlFrontier, *candidates: Candidate) -> int:
    future = frontier.put(candidates)
    assert future is not None
    return await future


def names(rows: Lease | Sequence[Leased]) -> list[str]:
    return [row.url.rpartition("/")[2] for row in (rows.rows if isinstance(rows, Lease) else rows)]


def test_putting_twice_is_putting_once_whatever_became_of_the_url(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        assert await put(frontier, page("1"), page("2"), page("1")) == 2
        assert await put(frontier, page("2"), page("3")) == 1
        (row,) = (await frontier.lease(1)).rows
        assert await put(frontier, page("1")) == 0
        await frontier.ack(row.id)
        assert await put(frontier, page("1")) == 0
        assert await frontier.open_rows() == 2

    setup.run(scenario)


def test_nothing_to_put_needs_no_command(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        assert frontier.put([]) is None

    setup.run(scenario)


def test_what_was_put_is_what_is_leased(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(frontier, page("x", depth=3, via="https://b.example/", hops=2, source="redirect"))
        (row,) = (await frontier.lease(5)).rows
        assert row == Leased(
            id=row.id,
            url="https://a.example/x",
            host="a.example",
            depth=3,
            via="https://b.example/",
            hops=2,
            source="redirect",
            attempt=0,
        )

    setup.run(scenario)


def test_order_is_kept_within_a_host_and_the_higher_priority_goes_first(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(frontier, page("3"), page("1"), page("2"))
        await put(frontier, page("0"), page("first", priority=1), page("last", priority=-1))
        assert names(await frontier.lease(9)) == ["first", "3", "1", "2", "0", "last"]

    setup.run(scenario, per_host=9, delay=0)


def test_a_url_twice_in_one_batch_keeps_its_first_place(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(frontier, page("1"), page("0"), page("1", priority=-1))
        assert names(await frontier.lease(9)) == ["1", "0"]

    setup.run(scenario, per_host=9, delay=0)


def test_a_host_has_at_most_its_share_out(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(frontier, *(page(str(n)) for n in range(5)))
        first = await frontier.lease(9)
        assert names(first) == ["0", "1"]
        assert first.next_due is None
        assert names(await frontier.lease(9)) == []
        await frontier.ack(first.rows[1].id)
        assert names(await frontier.lease(9)) == ["2"]

    setup.run(scenario, delay=0)


def test_a_hosts_next_row_waits_for_its_delay(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(frontier, page("1"), page("2"))
        lease = await frontier.lease(9)
        assert (names(lease), lease.next_due) == (["1"], setup.clock.now + 2.5)
        setup.clock.now += 2.4
        assert names(await frontier.lease(9)) == []
        setup.clock.now += 0.2
        assert names(await frontier.lease(9)) == ["2"]

    setup.run(scenario, delay=lambda name: 2.5 if name == "a.example" else 99.0)


def test_the_host_that_was_ready_longest_goes_first(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        hosts = ["a.example", "b.example", "c.example"]
        await put(frontier, *(page(f"{h[0]}{n}", h) for h in hosts for n in range(3)))
        order: list[str] = []
        for _ in range(9):
            lease = await frontier.lease(1)
            order += names(lease)
            await frontier.ack(lease.rows[0].id)
            setup.clock.now += 1.0
        assert order == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]

    setup.run(scenario)


def test_turns_go_round_when_hosts_have_no_delay(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(
            frontier, *(page(f"a{n}") for n in range(3)), *(page(f"b{n}", "b.example") for n in range(3))
        )
        assert names(await frontier.lease(5)) == ["a0", "b0", "a1", "b1", "a2"]

    setup.run(scenario, per_host=3, delay=0)


def test_a_blocked_host_waits_and_a_block_is_never_shortened(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(frontier, page("a"), page("b", "b.example"))
        until = setup.clock.now + 60
        frontier.block("a.example", until)
        await frontier.block("a.example", until - 50)
        lease = await frontier.lease(9)
        assert (names(lease), lease.next_due) == (["b"], until)
        setup.clock.now = until
        assert names(await frontier.lease(9)) == ["a"]

    setup.run(scenario)


def test_a_host_can_be_blocked_before_anything_was_put_and_after_a_restart(setup: Setup) -> None:
    until = setup.clock.now + 60

    async def before(frontier: SqlFrontier) -> None:
        await frontier.block("a.example", until)
        await put(frontier, page("1"))

    async def after(frontier: SqlFrontier) -> None:
        lease = await frontier.lease(9)
        assert (names(lease), lease.next_due) == ([], until)

    setup.run(before)
    setup.run(after)


def test_a_row_to_be_tried_again_comes_back_when_due_with_its_attempt_counted(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(frontier, page("1"), page("2"))
        (row,) = (await frontier.lease(1)).rows
        due = setup.clock.now + 10
        await frontier.ack(row.id, retry_at=due)
        lease = await frontier.lease(9)
        assert (names(lease), lease.open_rows, lease.next_due) == (["2"], 2, due)
        await frontier.ack(lease.rows[0].id)
        setup.clock.now = due
        (again,) = (await frontier.lease(9)).rows
        assert (again.url, again.attempt, again.id) == (row.url, 1, row.id)

    setup.run(scenario, delay=0)


def test_an_acknowledgement_of_what_is_not_out_changes_nothing(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(frontier, page("1"))
        await frontier.ack(1)
        await frontier.ack(99, retry_at=5.0)
        (row,) = (await frontier.lease(9)).rows
        await frontier.ack(row.id)
        await frontier.ack(row.id, retry_at=5.0)
        lease = await frontier.lease(9)
        assert (lease.rows, lease.open_rows, lease.next_due) == ((), 0, None)

    setup.run(scenario)


def test_rows_that_were_out_when_the_process_died_are_leased_again(setup: Setup) -> None:
    async def before(frontier: SqlFrontier) -> None:
        await put(frontier, *(page(str(n)) for n in range(5)))
        lease = await frontier.lease(4)
        frontier.ack(lease.rows[0].id)
        await frontier.ack(lease.rows[1].id, retry_at=setup.clock.now + 5)

    async def after(frontier: SqlFrontier) -> None:
        assert await frontier.open_rows() == 4
        lease = await frontier.lease(9)
        assert (names(lease), lease.next_due) == (["2", "3", "4"], setup.clock.now + 5)

    setup.run(before, per_host=9, delay=0)
    setup.run(after, per_host=9, delay=0)


def test_what_lies_beyond_the_end_of_a_crawl_is_told(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        await put(frontier, page("soon"), page("late"), *(page(f"b{n}", "b.example") for n in range(3)))
        await put(frontier, page("c0", "c.example"))
        rows = {row.url.rpartition("/")[2]: row.id for row in (await frontier.lease(9)).rows}
        end = setup.clock.now + 900
        frontier.ack(rows["soon"], retry_at=end - 1)
        frontier.ack(rows["late"], retry_at=end + 1)
        frontier.ack(rows["b0"], retry_at=end - 1)
        frontier.ack(rows["c0"])
        frontier.block("b.example", end + 1)
        beyond = await frontier.deferred_beyond(end)
        assert names(beyond) == ["late", "b0", "b2"]
        assert [row.attempt for row in beyond] == [1, 1, 0]

    setup.run(scenario, delay=0, per_host=2)


def test_two_urls_with_one_key_are_two_urls(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_module, "key_of", lambda address, probe=0: probe)

    async def scenario(frontier: SqlFrontier) -> None:
        assert await put(frontier, page("1"), page("2")) == 2
        assert await put(frontier, page("3"), page("2")) == 1
        assert await put(frontier, page("3"), page("1")) == 0
        assert names(await frontier.lease(9)) == ["1", "2", "3"]

    setup.run(scenario, per_host=9, delay=0)


def test_many_urls_at_once(setup: Setup) -> None:
    async def scenario(frontier: SqlFrontier) -> None:
        many = [page(str(n), f"h{n % 7}.example") for n in range(1203)]
        assert await put(frontier, *many, *many[:100]) == 1203
        lease = await frontier.lease(9)
        assert (len(lease.rows), lease.open_rows) == (7, 1203)

    setup.run(scenario)


def test_counters_that_drifted_are_put_right_on_opening(setup: Setup) -> None:
    async def before(frontier: SqlFrontier) -> None:
        await put(frontier, page("1"), page("2"))

    setup.run(before)
    engine = open_database(setup.database)
    with engine.begin() as connection:
        connection.execute(update(host).values(waiting=0))
        assert set(connection.scalars(select(url.c.state))) == {State.WAITING}
    engine.dispose()

    async def after(frontier: SqlFrontier) -> None:
        assert (await frontier.lease(9)).open_rows == 2

    setup.run(after)


def test_a_second_crawl_on_the_database_server_is_refused(setup: Setup) -> None:
    if setup.database.startswith("sqlite"):
        pytest.skip("the data folder's lock does it")

    async def first(frontier: SqlFrontier) -> None:
        writer = Writer(open_database(setup.database))
        writer.start()
        with pytest.raises(Exception, match="another crawl is running on this database"):
            await SqlFrontier(writer, setup.clock, 2, 1.0).recover()
        with pytest.raises(Exception, match="another crawl"):
            await writer.close()
        writer.engine.dispose()

    setup.run(first)
