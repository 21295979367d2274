"""Whatever is put, leased, acknowledged, blocked or killed, in whatever order: nothing is lost, nothing
is out twice, and no host is asked more than it should be."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crawler.frontier import Candidate, Lease
from crawler.frontier.sql import SqlFrontier
from crawler.store.database import open_database
from crawler.store.writer import Writer

HOSTS = ("a.example", "b.example", "c.example")
DELAYS = {"a.example": 0.0, "b.example": 0.0, "c.example": 2.0}
PER_HOST = 2
LATER = 1000.0

_kept = tempfile.TemporaryDirectory(prefix="forbear-frontier-")
_folder = Path(_kept.name)
_template = _folder / "template.db"


def _fresh_database() -> Path:
    if not _template.exists():
        open_database(f"sqlite:///{_template}").dispose()
    file = Path(tempfile.mkstemp(suffix=".db", dir=_folder)[1])
    shutil.copy(_template, file)
    return file


@dataclass
class Known:
    """What the model knows of one URL."""

    host: str
    order: tuple[int, int]
    attempt: int = 0
    due: float = 0.0
    out: int | None = None
    done: bool = False


@dataclass
class Lane:
    """What the model knows of one host."""

    blocked_until: float = 0.0
    last_lease: float = field(default=float("-inf"))


class FrontierMachine(RuleBasedStateMachine):
    """Runs the frontier and a model of it side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.file = _fresh_database()
        self.now = LATER
        self.urls: dict[str, Known] = {}
        self.lanes = {host: Lane() for host in HOSTS}
        self.puts = 0
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.writer = Writer(open_database(f"sqlite:///{self.file}"))
        self.writer.start()
        self.frontier = SqlFrontier(self.writer, lambda: self.now, PER_HOST, DELAYS.__getitem__)
        await self.frontier.recover()

    async def _close(self) -> None:
        await self.writer.close()
        self.writer.engine.dispose()

    def teardown(self) -> None:
        """Let go of the files."""
        self.runner.run(self._close())
        self.runner.close()
        for file in _folder.glob(self.file.name + "*"):
            file.unlink()

    @rule(
        batch=st.lists(
            st.tuples(st.sampled_from(HOSTS), st.integers(0, 9), st.integers(-1, 1)), min_size=1, max_size=12
        )
    )
    def put(self, batch: list[tuple[str, int, int]]) -> None:
        """Known URLs are left alone, new ones are added in order."""
        candidates = [Candidate(url=f"https://{h}/{n}", host=h, priority=p) for h, n, p in batch]
        new = {c.url for c in candidates} - self.urls.keys()
        for candidate in candidates:
            self.puts += 1
            self.urls.setdefault(
                candidate.url, Known(host=candidate.host, order=(-candidate.priority, self.puts))
            )

        async def go() -> int | None:
            return await self.frontier.put(candidates)  # type: ignore[misc]

        assert self.runner.run(go()) == len(new)

    @rule(limit=st.integers(1, 8))
    def lease(self, limit: int) -> None:
        """Only what may go out does, in order, and all that may if there is room."""

        async def go() -> Lease:
            return await self.frontier.lease(limit)

        lease = self.runner.run(go())
        assert len(lease.rows) <= limit
        for row in lease.rows:
            known, lane = self.urls[row.url], self.lanes[row.host]
            assert known.out is None
            assert not known.done
            assert known.due <= self.now
            assert row.attempt == known.attempt
            assert lane.blocked_until <= self.now
            assert lane.last_lease + DELAYS[row.host] <= self.now
            waiting = [k for k in self.urls.values() if self._waits(k, row.host)]
            assert known.order == min(k.order for k in waiting)
            known.out, lane.last_lease = row.id, self.now
        if len(lease.rows) < limit:
            assert not [host for host in HOSTS if self._may_go(host, self.now)]
            self._check_next_due(lease)

    def _waits(self, known: Known, host: str) -> bool:
        return known.host == host and known.out is None and not known.done and known.due <= self.now

    def _may_go(self, host: str, now: float) -> bool:
        """Whether a row of a host might go out at a moment, as things stand."""
        lane = self.lanes[host]
        out = sum(k.out is not None for k in self.urls.values() if k.host == host)
        ready = [
            k for k in self.urls.values() if k.host == host and k.out is None and not k.done and k.due <= now
        ]
        return (
            bool(ready) and out < PER_HOST and max(lane.blocked_until, lane.last_lease + DELAYS[host]) <= now
        )

    def _check_next_due(self, lease: Lease) -> None:
        moments = [lane.blocked_until for lane in self.lanes.values()]
        moments += [lane.last_lease + DELAYS[host] for host, lane in self.lanes.items()]
        moments += [k.due for k in self.urls.values() if not k.done and k.out is None]
        possible = [at for at in moments if at > self.now and any(self._may_go(h, at) for h in HOSTS)]
        # It may be early, which costs a question; late or missing would cost a stall.
        if possible:
            assert lease.next_due is not None
            assert self.now < lease.next_due <= min(possible)

    @precondition(lambda self: any(k.out is not None for k in self.urls.values()))
    @rule(pick=st.randoms(use_true_random=False), wait=st.none() | st.sampled_from([-1.0, 0.0, 1.0, 30.0]))
    def ack(self, pick: object, wait: float | None) -> None:
        """A row that is out is finished or put off."""
        out = sorted(url for url, known in self.urls.items() if known.out is not None)
        known = self.urls[pick.choice(out)]  # type: ignore[attr-defined]
        row_id = known.out
        assert row_id is not None
        known.out = None
        if wait is None:
            known.done = True
        else:
            known.due, known.attempt = self.now + wait, known.attempt + 1

        async def go() -> None:
            await self.frontier.ack(row_id, None if wait is None else self.now + wait)

        self.runner.run(go())

    @rule(host=st.sampled_from(HOSTS), seconds=st.sampled_from([-5.0, 1.0, 10.0]))
    def block(self, host: str, seconds: float) -> None:
        """A block only ever lengthens a wait."""
        lane = self.lanes[host]
        lane.blocked_until = max(lane.blocked_until, self.now + seconds)

        async def go() -> None:
            await self.frontier.block(host, self.now + seconds)

        self.runner.run(go())

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, 40.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule()
    def die(self) -> None:
        """The process ends with rows out; the next one leases them again."""
        self.runner.run(self._close())
        for known in self.urls.values():
            known.out = None
        self.runner.run(self._open())

    @invariant()
    def nothing_is_lost_and_no_host_has_more_than_its_share(self) -> None:
        """Open rows are exactly the URLs put and not finished."""

        async def go() -> int:
            return await self.frontier.open_rows()

        assert self.runner.run(go()) == sum(not known.done for known in self.urls.values())
        out = Counter(known.host for known in self.urls.values() if known.out is not None)
        assert all(count <= PER_HOST for count in out.values())
        ids = [known.out for known in self.urls.values() if known.out is not None]
        assert len(ids) == len(set(ids))


FrontierMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
TestFrontier = FrontierMachine.TestCase
