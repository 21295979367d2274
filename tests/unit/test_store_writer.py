"""The writer: order, batches, back-pressure, failure and the end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from crawler.store.columns import iso
from crawler.store.database import open_database
from crawler.store.schema import crawler_identity, evidence, policy_version
from crawler.store.writer import ROOM, Writer, WriterError

ADD_POLICY = insert(policy_version)
ADD_EVIDENCE = insert(evidence)
RENAME_POLICY = update(policy_version).values(canonical="changed")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'forbear.db'}")
    yield engine
    engine.dispose()


def policy(name: str) -> dict[str, Any]:
    return {"id": name, "canonical": "{}", "first_used": datetime(2026, 11, 24, tzinfo=UTC)}


def blob(digest: str) -> dict[str, Any]:
    return {"sha256": digest, "length": 0, "content": b"", "first_seen": policy("")["first_used"]}


def written(engine: Engine, body: Callable[[Writer], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        writer = Writer(engine)
        writer.start()
        answer = await body(writer)
        await writer.close()
        return answer

    return asyncio.run(run())


def policies(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(policy_version.c.id).order_by(policy_version.c.id)))


def statements(engine: Engine) -> list[tuple[str, int]]:
    seen: list[tuple[str, int]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_c: Any, _u: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if statement.startswith("INSERT"):
            seen.append((statement.split()[2], len(parameters) if many else 1))

    return seen


def test_a_future_fires_once_its_row_is_durable(engine: Engine) -> None:
    async def body(writer: Writer) -> None:
        await writer.insert(ADD_POLICY, policy("a"))
        assert policies(engine) == ["a"]

    written(engine, body)


def test_rows_of_one_statement_become_one_executemany(engine: Engine) -> None:
    seen = statements(engine)

    async def body(writer: Writer) -> None:
        for number in range(5):
            writer.push(ADD_POLICY, policy(f"p{number}"))
            writer.push(ADD_EVIDENCE, blob(str(number)))

    written(engine, body)
    assert sorted(seen) == [("evidence", 5), ("policy_version", 5)]


def test_rows_of_one_table_keep_their_order_across_statements(engine: Engine) -> None:
    async def body(writer: Writer) -> None:
        writer.push(ADD_POLICY, policy("a"))
        writer.push(RENAME_POLICY, {"first_used": policy("")["first_used"]})
        writer.push(ADD_POLICY, policy("b"))

    written(engine, body)
    with engine.connect() as connection:
        rows = connection.execute(select(policy_version.c.id, policy_version.c.canonical)).all()
    assert sorted(tuple(r) for r in rows) == [("a", "changed"), ("b", "{}")]


def test_a_call_sees_all_rows_before_it_and_none_after(engine: Engine) -> None:
    def count(connection: Connection) -> int:
        return int(connection.scalar(select(func.count()).select_from(policy_version)) or 0)

    async def body(writer: Writer) -> list[int]:
        answers = []
        for number in range(3):
            writer.push(ADD_POLICY, policy(str(number)))
            answers.append(writer.call(count))
        return list(await asyncio.gather(*answers))

    assert written(engine, body) == [1, 2, 3]


def test_calls_apart_do_not_break_batches_and_run_in_order_before_the_commit(engine: Engine) -> None:
    seen = statements(engine)
    order: list[int] = []

    def note(number: int) -> Callable[[Connection], None]:
        return lambda _: order.append(number)

    async def body(writer: Writer) -> None:
        for number in range(4):
            writer.push(ADD_POLICY, policy(str(number)))
            writer.call(note(number), apart=True)
        durable = writer.insert(ADD_POLICY, policy("last"))
        await durable
        assert order == [0, 1, 2, 3]

    written(engine, body)
    assert seen == [("policy_version", 5)]


def test_callers_wait_while_the_queue_is_long(engine: Engine) -> None:
    async def body(writer: Writer) -> int:
        longest = 0
        for number in range(3 * ROOM):
            await writer.room()
            writer.push(ADD_EVIDENCE, blob(str(number)))
            longest = max(longest, len(writer._queue))
        return longest

    assert written(engine, body) == ROOM


def test_the_loop_turns_while_the_database_works(engine: Engine) -> None:
    async def body(writer: Writer) -> int:
        slow = writer.call(lambda _: time.sleep(0.2))
        turns = 0
        while not slow.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert written(engine, body) > 5


def test_a_batch_fails_as_a_whole_and_so_does_everything_after(engine: Engine) -> None:
    async def run() -> None:
        writer = Writer(engine)
        writer.start()
        await writer.insert(ADD_POLICY, policy("before"))
        fine = writer.insert(ADD_EVIDENCE, blob("0"))
        broken = writer.insert(ADD_POLICY, policy("before"))
        answer = writer.call(lambda _: 1)
        for future in (fine, broken, answer, writer.failed):
            with pytest.raises(WriterError, match="UNIQUE constraint failed") as caught:
                await future
            assert isinstance(caught.value.__cause__, IntegrityError)
        with pytest.raises(WriterError):
            writer.insert(ADD_POLICY, policy("after"))
        with pytest.raises(WriterError):
            writer.call(lambda _: 1)
        with pytest.raises(WriterError):
            await writer.room()
        with pytest.raises(WriterError):
            await writer.close()

    asyncio.run(run())
    assert policies(engine) == ["before"]
    with engine.connect() as connection:
        assert connection.execute(select(evidence)).all() == []


def test_an_exception_in_a_call_stops_the_writer_too(engine: Engine) -> None:
    def broken(_: Connection) -> None:
        raise LookupError("a defect")

    async def run() -> None:
        writer = Writer(engine)
        writer.start()
        with pytest.raises(WriterError, match="LookupError: a defect"):
            await writer.call(broken)
        with pytest.raises(WriterError):
            await writer.close()

    asyncio.run(run())


def test_waiters_for_room_learn_of_the_failure(engine: Engine) -> None:
    def fails_slowly(_: Connection) -> None:
        time.sleep(0.2)
        raise LookupError("a defect")

    async def run() -> None:
        writer = Writer(engine)
        writer.start()
        writer.call(fails_slowly)
        await asyncio.sleep(0.05)  # taken on, so that what follows is the queue behind it
        for number in range(ROOM):
            writer.push(ADD_EVIDENCE, blob(str(number)))
        with pytest.raises(WriterError):
            await writer.room()
        with pytest.raises(WriterError):
            await writer.close()

    asyncio.run(run())


def test_closing_writes_what_is_queued_and_refuses_more(engine: Engine) -> None:
    async def run() -> None:
        writer = Writer(engine)
        writer.start()
        for number in range(50):
            writer.push(ADD_POLICY, policy(f"{number:02}"))
        await writer.close()
        with pytest.raises(WriterError, match="closed"):
            writer.push(ADD_POLICY, policy("late"))

    asyncio.run(run())
    assert len(policies(engine)) == 50


def test_a_cancelled_future_hurts_nobody(engine: Engine) -> None:
    async def body(writer: Writer) -> None:
        writer.insert(ADD_POLICY, policy("a")).cancel()
        await writer.insert(ADD_POLICY, policy("b"))

    written(engine, body)
    assert policies(engine) == ["a", "b"]


KILLED = """
import asyncio, os, sys
from datetime import UTC, datetime
from sqlalchemy import insert
from crawler.store.database import open_database
from crawler.store.schema import policy_version, crawler_identity
from crawler.store.writer import Writer
async def run():
    writer = Writer(open_database(sys.argv[1])); writer.start()
    add, also, now = insert(policy_version), insert(crawler_identity), datetime.now(UTC)
    for n in range(100000):
        writer.push(also, {"id": n + 1, "hash": str(n), "product_token": "", "user_agent": "",
                           "from_address": "", "info_url": "", "first_used": now})
        done = writer.insert(add, {"id": f"{n:06}", "canonical": "{}", "first_used": now})
        if n % 7 == 0:
            await done
            print(n, flush=True)
        if n == 700:
            os.kill(os.getpid(), 9)
asyncio.run(run())
"""


def test_kill_9_loses_nothing_that_was_said_to_be_durable_and_halves_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    done = subprocess.run([sys.executable, "-c", KILLED, url], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    durable = int(done.stdout.split()[-1])
    engine = open_database(url)
    rows = policies(engine)
    with engine.connect() as connection:
        also = list(connection.scalars(select(crawler_identity.c.id).order_by(crawler_identity.c.id)))
    engine.dispose()
    assert rows == [f"{n:06}" for n in range(len(rows))]
    assert len(rows) >= durable + 1
    assert len(also) == len(rows)


def test_times_are_text_that_sorts_in_sqlite(engine: Engine) -> None:
    async def body(writer: Writer) -> None:
        await writer.insert(ADD_POLICY, policy("a"))

    written(engine, body)
    with engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT first_used FROM policy_version").scalar_one()
    assert stored == iso(policy("a")["first_used"])
