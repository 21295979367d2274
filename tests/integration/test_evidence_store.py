"""Evidence per origin: shared, fresh, polite, bounded."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawler.evidence import EvidenceClient, EvidenceStore, Freshness
from crawler.network import AddressGuard, Client
from crawler.politeness import Clock, Pace
from reservations.model import Evidence, EvidenceRequest, Outcome
from tests.integration.evidence_tools import AGENT, HEADERS, detail, robots, run
from tests.integration.rawserver import (
    RawServer,
    Seen,
    answer,
    redirect,
    silence,
)

# Politeness


def test_evidence_counts_against_the_hosts_clock() -> None:
    async def work() -> float:
        async with (
            RawServer({"/robots.txt": answer(b"x")}) as server,
            Client(AddressGuard(allow_private=True), HEADERS) as client,
        ):
            pace = Pace(0.1)
            fetcher = EvidenceClient(client, pace=pace)
            started = asyncio.get_running_loop().time()
            await pace.turn("127.0.0.1")
            for _ in range(2):
                await fetcher.fetch(robots(server.url()))
            return asyncio.get_running_loop().time() - started

    assert run(work()) >= 0.2


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_retry_after_blocks_the_host_and_far_turns_are_not_waited_for(status: str) -> None:
    async def work() -> tuple[float, list[Evidence], RawServer, float | None]:
        async with (
            RawServer({"/robots.txt": answer(status=status, Retry_After="500")}) as server,
            Client(AddressGuard(allow_private=True), HEADERS) as client,
        ):
            pace = Pace(0.0)
            store = EvidenceStore(EvidenceClient(client, pace=pace), AGENT)
            first = await store.get(robots(server.url()))
            other = await store.get(
                EvidenceRequest(kind="tdmrep.json", url=server.url("/.well-known/tdmrep.json"))
            )
            return (
                pace.wait_for("127.0.0.1"),
                [first, other],
                server,
                store.next_try(server.url("").rstrip("/")),
            )

    wait, (first, other), server, next_try = run(work())
    assert 499 < wait <= 500
    assert (first.outcome, first.status) == (Outcome.UNREACHABLE, int(status[:3]))
    assert (other.outcome, detail(other, "network")) == (Outcome.UNREACHABLE, "waiting")
    assert len(server.seen) == 1
    assert next_try is not None
    assert 490 < next_try - datetime.now(UTC).timestamp() <= 501


# The store


class Script:
    """A fetcher that answers from a list, and a clock to go with it."""

    def __init__(
        self, *outcomes: Outcome, fields: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> None:
        self.outcomes = list(outcomes)
        self.fields = fields
        self.body = body
        self.asked: list[EvidenceRequest] = []
        self.now = 1000.0
        self.clock = Clock(monotonic=lambda: self.now, wall=self.wall)

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now)

    async def fetch(self, request: EvidenceRequest, previous: Evidence | None = None) -> Evidence:
        await asyncio.sleep(0)
        self.asked.append(request)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        return Evidence(
            kind=request.kind,
            url=request.url,
            outcome=outcome,
            fetched_at=self.wall(),
            fields=self.fields,
            body=self.body if outcome is Outcome.FOUND else b"",
        )


HOUR = 3600.0
SITE = "https://site.example"


def test_fifty_waiters_one_fetch_and_cancelled_waiters_cancel_nothing() -> None:
    async def slow(_: Seen, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(answer(b"User-agent: *\nDisallow: /\n"))

    async def work() -> tuple[list[Any], RawServer]:
        async with (
            RawServer({"/robots.txt": slow}) as server,
            Client(AddressGuard(allow_private=True), HEADERS) as client,
        ):
            store = EvidenceStore(EvidenceClient(client), AGENT)
            waiters = [asyncio.create_task(store.get(robots(server.url()))) for _ in range(50)]
            await asyncio.sleep(0.05)
            waiters[0].cancel()
            waiters[30].cancel()
            return await asyncio.gather(*waiters, return_exceptions=True), server

    results, server = run(work())
    assert len(server.seen) == 1
    assert sum(isinstance(r, asyncio.CancelledError) for r in results) == 2
    assert len({id(r) for r in results if isinstance(r, Evidence)}) == 1


def test_all_waiters_cancelled_still_leaves_the_answer() -> None:
    async def work() -> None:
        script = Script(Outcome.FOUND, body=b"x")
        store = EvidenceStore(script, AGENT, clock=script.clock)
        waiter = asyncio.create_task(store.get(robots(SITE + "/robots.txt")))
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.sleep(0.01)
        assert (await store.get(robots(SITE + "/robots.txt"))).body == b"x"
        assert len(script.asked) == 1

    run(work())


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.UNREACHABLE])
def test_answer_holds_24_hours_and_no_longer(outcome: Outcome) -> None:
    async def work() -> None:
        script = Script(outcome)
        store = EvidenceStore(script, AGENT, clock=script.clock)
        await store.get(robots(SITE + "/robots.txt"))
        script.now += 24 * HOUR - 1
        await store.get(robots(SITE + "/robots.txt"))
        assert len(script.asked) == 1
        assert store.next_try(SITE) is None
        script.now += 1
        await store.get(robots(SITE + "/robots.txt"))
        assert len(script.asked) == 2

    run(work())


def test_failure_is_an_answer_until_its_time_and_backs_off() -> None:
    async def work() -> list[int]:
        script = Script(Outcome.UNREACHABLE)
        store = EvidenceStore(script, AGENT, clock=script.clock)
        waits = []
        for n in range(1, 11):
            for _ in range(3):
                evidence = await store.get(robots(SITE + "/robots.txt"))
                assert evidence.outcome is Outcome.UNREACHABLE
            assert len(script.asked) == n
            at = store.next_try(SITE)
            assert at is not None
            waits.append(round(at - script.wall().timestamp()))
            script.now += waits[-1]
        return waits

    assert run(work()) == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_retry_after_beats_a_shorter_backoff_and_is_clamped() -> None:
    async def wait(value: str) -> int:
        script = Script(Outcome.UNREACHABLE, fields=(("Retry-After", value),))
        store = EvidenceStore(script, AGENT, clock=script.clock)
        await store.get(robots(SITE + "/robots.txt"))
        return round((store.next_try(SITE) or 0) - script.wall().timestamp())

    assert [run(wait(v)) for v in ("5", "600", "99999999")] == [30, 600, 86_400]


def test_success_ends_the_backoff() -> None:
    async def work() -> None:
        script = Script(Outcome.UNREACHABLE, Outcome.UNREACHABLE, Outcome.FOUND, Outcome.UNREACHABLE)
        store = EvidenceStore(script, AGENT, clock=script.clock)
        for wait in (30, 60, 24 * HOUR, 30):
            await store.get(robots(SITE + "/robots.txt"))
            script.now += wait
        assert len(script.asked) == 4
        assert store.next_try(SITE) == script.wall().timestamp()

    run(work())


def test_304_keeps_the_body_merges_fields_and_starts_a_new_day() -> None:
    async def reply(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.headers.get("if-none-match") == '"v1"':
            writer.write(answer(status="304 Not Modified", ETag='"v1"', X_New="1", Content_Type="text/html"))
        else:
            writer.write(
                answer(b"rules", ETag='"v1"', Last_Modified="yesterday", X_Old="1", Content_Type="text/plain")
            )

    async def work() -> tuple[Evidence, Evidence, RawServer]:
        script = Script(Outcome.FOUND)
        async with (
            RawServer({"/robots.txt": redirect("/real.txt"), "/real.txt": reply}) as server,
            Client(AddressGuard(allow_private=True), HEADERS) as client,
        ):
            store = EvidenceStore(EvidenceClient(client, clock=script.clock), AGENT, clock=script.clock)
            first = await store.get(robots(server.url()))
            script.now += 25 * HOUR
            return first, await store.get(robots(server.url())), server

    first, second, server = run(work())
    assert server.count == {"/robots.txt": 2, "/real.txt": 2}
    assert server.seen[3].headers["if-modified-since"] == "yesterday"
    assert "if-none-match" not in server.seen[2].headers
    assert (second.outcome, second.status, second.body) == (Outcome.FOUND, 200, b"rules")
    assert second.sha256 == first.sha256
    assert second.fetched_at - first.fetched_at == timedelta(hours=25)
    fields = dict(second.fields)
    assert (fields["X-Old"], fields["X-New"], fields["Content-Type"]) == ("1", "1", "text/plain")
    assert [k for k, _ in second.fields].count("ETag") == 1
    assert detail(second, "revalidated") == "304"


def test_gather_asks_for_what_the_plan_wants_and_nothing_after_a_denial() -> None:
    async def work(robots_txt: bytes) -> tuple[tuple[Evidence, ...], RawServer]:
        async with (
            RawServer({"/robots.txt": answer(robots_txt)}) as server,
            Client(AddressGuard(allow_private=True), HEADERS) as client,
        ):
            store = EvidenceStore(EvidenceClient(client), AGENT)
            for path in ("/a", "/b", "/c"):
                evidence = await store.gather(server.url(path))
            return evidence, server

    evidence, server = run(work(b"User-agent: *\nAllow: /\n"))
    assert evidence[0].kind == "robots.txt"
    assert set(server.count.values()) == {1}
    assert len(evidence) == len(server.count) > 1
    evidence, server = run(work(b"User-agent: *\nDisallow: /\n"))
    assert [e.kind for e in evidence] == ["robots.txt"]
    assert server.count == {"/robots.txt": 1}


def test_each_observation_is_told_before_anybody_is_given_it() -> None:
    async def work() -> None:
        script = Script(Outcome.FOUND, Outcome.UNREACHABLE)
        told: list[Evidence] = []

        async def record(evidence: Evidence) -> None:
            await asyncio.sleep(0)
            told.append(evidence)

        store = EvidenceStore(script, AGENT, clock=script.clock, on_fetched=record)
        for _ in range(2):
            assert told.count(await store.get(robots(SITE + "/robots.txt"))) == 1
            script.now += 25 * HOUR
        assert [evidence.outcome for evidence in told] == [Outcome.FOUND, Outcome.UNREACHABLE]

    run(work())


def test_what_the_record_refuses_nobody_is_given() -> None:
    async def work() -> None:
        script = Script(Outcome.FOUND)

        def full(evidence: Evidence) -> None:
            raise OSError("disk full")

        store = EvidenceStore(script, AGENT, clock=script.clock, on_fetched=full)
        for _ in range(2):
            with pytest.raises(OSError, match="disk full"):
                await store.get(robots(SITE + "/robots.txt"))
        assert len(script.asked) == 2

    run(work())


def test_memory_is_bounded_by_origins_and_by_bytes() -> None:
    async def kept(freshness: Freshness, body: bytes) -> tuple[int, int]:
        script = Script(Outcome.FOUND, body=body)
        store = EvidenceStore(script, AGENT, clock=script.clock, freshness=freshness)
        for n in range(100):
            await store.get(robots(f"https://site{n}.example/robots.txt"))
        assert (await store.get(robots("https://site99.example/robots.txt"))).body == body
        assert len(script.asked) == 100
        return len(store._origins), store._size

    assert run(kept(Freshness(origins=10), b"x"))[0] == 10
    count, size = run(kept(Freshness(size=100_000), b"x" * 10_000))
    assert (count, size) == (9, 9 * 11_024)
    assert run(kept(Freshness(size=100), b"x" * 10_000))[0] == 1


def test_earlier_evidence_is_remembered_for_the_rest_of_its_day() -> None:
    async def work() -> None:
        script = Script(Outcome.FOUND, body=b"new")
        store = EvidenceStore(script, AGENT, clock=script.clock)
        old = await script.fetch(robots(SITE + "/robots.txt"))
        script.now += 23 * HOUR
        store.remember(replace(old, body=b"old"))
        store.remember(replace(old, kind="ai.txt", outcome=Outcome.UNREACHABLE))
        assert (await store.get(robots(SITE + "/robots.txt"))).body == b"old"
        assert store.next_try(SITE) is None
        script.now += 1 * HOUR
        assert (await store.get(robots(SITE + "/robots.txt"))).body == b"new"

    run(work())


def test_closing_gives_up_what_is_in_flight() -> None:
    async def work() -> None:
        async with (
            RawServer({"/robots.txt": silence}) as server,
            Client(AddressGuard(allow_private=True), HEADERS) as client,
        ):
            store = EvidenceStore(EvidenceClient(client), AGENT)
            waiter = asyncio.create_task(store.get(robots(server.url())))
            await asyncio.sleep(0.05)
            await store.aclose()
            with pytest.raises(asyncio.CancelledError):
                await waiter

    run(work())


# All files of an origin at hand


class Files(Script):
    """A fetcher that answers by kind."""

    def __init__(self, **bodies: bytes) -> None:
        super().__init__(Outcome.ABSENT)
        self.bodies = {kind.replace("_", "."): body for kind, body in bodies.items()}

    async def fetch(self, request: EvidenceRequest, previous: Evidence | None = None) -> Evidence:
        found = await super().fetch(request, previous)
        body = self.bodies.get(request.kind)
        return found if body is None else replace(found, outcome=Outcome.FOUND, body=body)


def test_what_is_at_hand_for_one_url_serves_the_next_and_is_what_it_would_have_asked_for() -> None:
    async def work() -> tuple[int, list[tuple[Evidence, ...]]]:
        files = Files(robots_txt=b"User-agent: *\nDisallow: /shut/\n")
        store = EvidenceStore(files, AGENT, clock=files.clock)
        gathered = [await store.gather(f"{SITE}{path}") for path in ("/a", "/shut/b", "/c", "/shut/d")]
        return len(files.asked), gathered

    asked, (first, shut, again, still_shut) = run(work())
    assert asked == len(first)
    assert len(first) > 1
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert [e.kind for e in shut] == [e.kind for e in still_shut] == ["robots.txt"]


def test_what_is_at_hand_is_asked_for_again_once_it_is_stale() -> None:
    async def work() -> tuple[list[EvidenceRequest], tuple[Evidence, ...], tuple[Evidence, ...]]:
        files = Files(robots_txt=b"User-agent: *\nAllow: /\n")
        store = EvidenceStore(files, AGENT, clock=files.clock)
        first = await store.gather(f"{SITE}/a")
        files.now += 25 * HOUR
        files.bodies["robots.txt"] = b"User-agent: *\nDisallow: /\n"
        return files.asked, first, await store.gather(f"{SITE}/b")

    asked, first, second = run(work())
    assert len(asked) == len(first) + 1
    assert [e.kind for e in second] == ["robots.txt"]
    assert b"Disallow: /" in second[0].body
