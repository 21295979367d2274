"""One writer: rows go in without waiting, and a future says when they are durable.

Everything goes through one queue, one thread and one connection. Whatever has gathered while the last
transaction ran is the next one, so no timer delays a lone row and a busy crawl still writes batches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Delete, Engine, Insert, Update

from crawler.store.metadata import metadata

T = TypeVar("T")
Statement = Insert | Update | Delete

ROOM = 1000
"""Queued commands beyond which `room` makes the caller wait."""


class WriterError(Exception):
    """The database failed, or the writer is closed: nothing more is recorded."""

    is_said_at_the_end = True
    """By whoever ends the crawl: every request in flight meets it, and their log would fill screens."""


class _Command(NamedTuple):
    statement: Statement | None
    """None for a call."""
    row: Mapping[str, Any]
    function: Callable[[Connection], Any] | None
    apart: bool
    done: asyncio.Future[Any] | None


class Writer:
    """Rows and calls in, durable transactions out, in the order they were given.

    Between two calls the rows of a batch are written table by table, parents first, which a transaction
    hides from everyone; rows of one table keep their order.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="forbear-writer")
        self._connection: Connection | None = None
        self._queue: list[_Command] = []
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._ranks: dict[int, tuple[Statement, int]] = {}
        self._task: asyncio.Task[None] | None = None
        self._error: WriterError | None = None
        self._closing = False
        self.batch = 0
        """Counts transactions taken on: a row queued under another number may still be changed."""
        self.failed: asyncio.Future[None]
        """Gets the exception when the database fails, so that the crawl stops and keeps nothing."""

    def start(self) -> None:
        """Begin writing, in the running loop."""
        self.failed = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name="forbear-writer")

    def insert(self, statement: Statement, row: Mapping[str, Any]) -> asyncio.Future[None]:
        """Queue a row; the future fires once it is durable.

        Pass the same statement object for all rows of a kind: that is what batches them.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(_Command(statement, row, None, False, done))
        return done

    def push(self, statement: Statement, row: Mapping[str, Any]) -> None:
        """Queue a row whose durability the future of a row queued right after it tells: no await between."""
        self._put(_Command(statement, row, None, False, None))

    def call(self, function: Callable[[Connection], T], *, apart: bool = False) -> asyncio.Future[T]:
        """Queue a function that runs on the writer's connection, after everything queued before it.

        The future gives its answer once its effects are durable. `apart` promises that it touches no
        table that rows are queued for: then it does not break up their batches.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Command(None, {}, function, apart, done))
        return done

    async def room(self) -> None:
        """Wait until the queue is short enough to take more."""
        while len(self._queue) >= ROOM:
            self._raise_if_stopped()
            self._room.clear()
            await self._room.wait()
        self._raise_if_stopped()

    async def close(self) -> None:
        """Write everything that is queued, then stop. Raises WriterError if the database had failed."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()
        if self._error is not None:
            raise self._error

    def _put(self, command: _Command) -> None:
        if self._error is not None or self._closing:
            self._raise_if_stopped()
        self._queue.append(command)
        self._wake.set()

    def _raise_if_stopped(self) -> None:
        if self._error is not None:
            raise self._error
        if self._closing:
            raise WriterError("the record is closed; nothing more is recorded")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue or not self._closing:
            await self._wake.wait()
            self._wake.clear()
            commands, self._queue = self._queue, []
            self.batch += 1
            self._room.set()
            if not commands:
                continue
            try:
                answers = await loop.run_in_executor(self._thread, self._commit, commands)
            except Exception as error:
                self._fail(error, commands)
                return
            for command, answer in zip(commands, answers, strict=True):
                if command.done is not None and not command.done.done():
                    command.done.set_result(answer)

    def _fail(self, error: Exception, commands: list[_Command]) -> None:
        self._error = WriterError(f"the database failed, so nothing more is recorded: {_first_line(error)}")
        self._error.__cause__ = error
        for command in (*commands, *self._queue):
            _refuse(command.done, self._error)
        self._queue = []
        _refuse(self.failed, self._error)
        self._room.set()

    def _commit(self, commands: list[_Command]) -> list[Any]:
        if self._connection is None:
            self._connection = self.engine.connect()
        answers: list[Any] = [None] * len(commands)
        with self._connection.begin():
            rows: list[_Command] = []
            apart: list[int] = []
            for index, command in enumerate(commands):
                if command.function is None:
                    rows.append(command)
                elif command.apart:
                    apart.append(index)
                else:
                    self._write(rows, apart, commands, answers)
                    rows, apart = [], []
                    answers[index] = command.function(self._connection)
            self._write(rows, apart, commands, answers)
        return answers

    def _write(
        self, rows: list[_Command], apart: Iterable[int], commands: list[_Command], answers: list[Any]
    ) -> None:
        assert self._connection is not None
        for statement, batch in self._runs(rows):
            self._connection.execute(statement, batch)
        for index in apart:
            function = commands[index].function
            assert function is not None
            answers[index] = function(self._connection)

    def _runs(self, commands: list[_Command]) -> Iterator[tuple[Statement, list[Mapping[str, Any]]]]:
        """Consecutive rows of one statement, after a stable sort that puts parents first."""
        commands.sort(key=self._rank)
        for _, run in groupby(commands, key=_statement_id):
            batch = list(run)
            statement = batch[0].statement
            assert statement is not None
            yield statement, [command.row for command in batch]

    def _rank(self, command: _Command) -> int:
        statement = command.statement
        known = self._ranks.get(id(statement))
        if known is None:
            assert statement is not None
            # The statement is kept beside its rank: an id may be given again to a new object.
            known = (statement, metadata.sorted_tables.index(statement.table))  # type: ignore[arg-type]
            self._ranks[id(statement)] = known
        return known[1]

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _statement_id(command: _Command) -> int:
    return id(command.statement)


def _refuse(future: asyncio.Future[Any] | None, error: Exception) -> None:
    if future is not None and not future.done():
        future.set_exception(error)
        # Retrieved once, so that rows nobody waits for are not each reported when collected.
        future.exception()


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:500]}"
