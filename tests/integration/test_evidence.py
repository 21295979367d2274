"""Asking for evidence over real sockets: what comes back, and what never leaves."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest

from crawler.config import Config
from crawler.evidence import EvidenceClient, EvidenceStore, Freshness, Limits
from crawler.network import AddressGuard, Client, NetworkError, identity_headers, read_proxies
from crawler.network.client import GuardedTransport
from crawler.politeness import Clock, Pace
from reservations.model import Agent, Effect, Evidence, EvidenceRequest, Outcome, Reason
from tests.integration.rawserver import (
    RawServer,
    Reply,
    Seen,
    answer,
    cut,
    drip,
    garbage,
    redirect,
    reset,
    silence,
)

AGENT = Agent(token="ExampleBot")
HEADERS = identity_headers(
    Config().merged(
        crawler={"product_token": "ExampleBot", "info_url": "https://example.org/bot"},
        operator={"contact": "crawler@example.org"},
    ),
    accept="*/*",
)
NAME = "robots.example"
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(20):
            return await work

    return asyncio.run(bounded())


async def to_loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def robots(url: str) -> EvidenceRequest:
    return EvidenceRequest(kind="robots.txt", url=url)


def fetch(reply: Reply, *, more: dict[str, Reply] | None = None, **limits: Any) -> Evidence:
    """What asking for a robots.txt that answers like this ends as."""

    async def work() -> Evidence:
        async with (
            RawServer({"/robots.txt": reply, **(more or {})}) as server,
            Client(AddressGuard(allow_private=True), HEADERS, timeout=limits.get("seconds", 30)) as client,
        ):
            return await EvidenceClient(client, limits=Limits(**limits)).fetch(robots(server.url()))

    return run(work())


def detail(evidence: Evidence, key: str) -> str | None:
    return dict(evidence.details).get(key)


# One answer


def test_found_keeps_bytes_and_header_lines_as_received() -> None:
    evidence = fetch(b"HTTP/1.1 200 OK\r\nX-Odd: \xe4\r\nx-odd: two\r\nContent-Length: 4\r\n\r\n\xff\x00\r\n")
    assert evidence.outcome is Outcome.FOUND
    assert evidence.status == 200
    assert evidence.body == b"\xff\x00\r\n"
    assert evidence.fields[:2] == (("X-Odd", "ä"), ("x-odd", "two"))
    assert detail(evidence, "ip") == "127.0.0.1"
    assert evidence.why == ""


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("204 No Content", Outcome.FOUND),
        ("404 Not Found", Outcome.ABSENT),
        ("410 Gone", Outcome.ABSENT),
        ("418 I'm a teapot", Outcome.ABSENT),
        ("401 Unauthorized", Outcome.REFUSED),
        ("402 Payment Required", Outcome.REFUSED),
        ("403 Forbidden", Outcome.REFUSED),
        ("451 Unavailable For Legal Reasons", Outcome.REFUSED),
        ("429 Too Many Requests", Outcome.UNREACHABLE),
        ("500 Internal Server Error", Outcome.UNREACHABLE),
        ("503 Service Unavailable", Outcome.UNREACHABLE),
    ],
)
def test_status_maps_to_outcome_and_is_kept_without_the_error_page(status: str, outcome: Outcome) -> None:
    evidence = fetch(answer(b"" if status.startswith("204") else b"User-agent: *\nAllow: /", status))
    assert evidence.outcome is outcome
    assert evidence.status == int(status[:3])
    assert evidence.body == b""


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (reset, "protocol"),
        (garbage, "protocol"),
        (silence, "timeout"),
        (drip, "timeout"),
        (cut(answer(b"User-agent: *\nAl", length=400)), "truncated"),
        (cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nUser-\r\n"), "truncated"),
        (cut(b"HTTP/1.1 200 OK\r\nConte"), "protocol"),
    ],
    ids=["reset", "garbage", "silence", "drip", "short body", "cut chunks", "cut head"],
)
def test_no_whole_answer_is_unreachable_never_shorter_content(reply: Reply, code: str) -> None:
    evidence = fetch(reply, seconds=0.3)
    assert evidence.outcome is Outcome.UNREACHABLE
    assert evidence.body == b""
    assert detail(evidence, "network") == code or (code, detail(evidence, "network")) == (
        "protocol",
        "connect",
    )
    assert evidence.why


def test_dead_port_and_unknown_host_are_unreachable() -> None:
    async def work() -> list[Evidence]:
        async with Client(AddressGuard(allow_private=True), HEADERS, timeout=5) as client:
            fetcher = EvidenceClient(client)
            urls = ("http://127.0.0.1:1/robots.txt", "http://no-such-host.invalid/robots.txt")
            return [await fetcher.fetch(robots(url)) for url in urls]

    dead, unknown = run(work())
    assert (dead.outcome, detail(dead, "network")) == (Outcome.UNREACHABLE, "connect")
    assert (unknown.outcome, detail(unknown, "network")) == (Outcome.UNREACHABLE, "dns")


def test_https_against_a_server_without_tls_is_unreachable() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(status="400 Bad Request"))
        writer.close()

    async def work() -> Evidence:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Client(AddressGuard(allow_private=True), HEADERS) as client:
            return await EvidenceClient(client).fetch(robots(f"https://127.0.0.1:{port}/robots.txt"))

    evidence = run(work())
    assert (evidence.outcome, evidence.status, detail(evidence, "network")) == (
        Outcome.UNREACHABLE,
        None,
        "tls",
    )


def test_requests_carry_our_identity_and_nothing_else() -> None:
    async def work() -> RawServer:
        async with (
            RawServer({"/robots.txt": answer(b"x", Set_Cookie="a=b")}) as server,
            Client(AddressGuard(allow_private=True), HEADERS) as client,
        ):
            fetcher = EvidenceClient(client)
            for _ in range(2):
                await fetcher.fetch(robots(server.url()))
            return server

    server = run(work())
    expected = {name.lower(): value for name, value in HEADERS.items()} | {"host": f"127.0.0.1:{server.port}"}
    assert [seen.headers for seen in server.seen] == [expected, expected]


# Bodies


TEXT = b"User-agent: *\nDisallow: /\n" * 40


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("GZIP", gzip.compress(TEXT[:20]) + gzip.compress(TEXT[20:])),
        ("gzip", gzip.compress(TEXT) + b"\0" * 512),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)[2:-4]),
        ("identity", TEXT),
    ],
    ids=["gzip", "x-gzip", "two members", "padding", "zlib", "bare deflate", "identity"],
)
def test_coded_bodies_are_decoded(coding: str, body: bytes) -> None:
    assert fetch(answer(body, Content_Encoding=coding)).body == TEXT
    chunks = b"".join(b"1\r\n" + body[i : i + 1] + b"\r\n" for i in range(len(body)))
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: {coding}\r\n\r\n".encode()
    assert fetch(head + chunks + b"0\r\n\r\n").body == TEXT


@pytest.mark.parametrize(
    ("coding", "body", "code"),
    [
        ("gzip", gzip.compress(TEXT)[:-9], "truncated"),
        ("gzip", gzip.compress(TEXT) + gzip.compress(TEXT)[:12], "truncated"),
        ("deflate", zlib.compress(TEXT)[:20], "truncated"),
        ("gzip", b"\x1f", "truncated"),
        ("gzip", b"User-agent: *", "undecodable"),
        ("br", b"\x0b\x02\x80", "undecodable"),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT)), "undecodable"),
    ],
)
def test_body_that_cannot_be_decoded_is_unreachable(coding: str, body: bytes, code: str) -> None:
    evidence = fetch(answer(body, Content_Encoding=coding))
    assert (evidence.outcome, evidence.body, detail(evidence, "network")) == (Outcome.UNREACHABLE, b"", code)
    assert evidence.status == 200


def test_body_above_the_cap_is_too_large_and_one_at_the_cap_is_found() -> None:
    at, above = fetch(answer(b"a" * 1000), size=1000), fetch(answer(b"a" * 1001), size=1000)
    assert (at.outcome, above.outcome) == (Outcome.FOUND, Outcome.TOO_LARGE)
    endless = fetch(cut(b"HTTP/1.1 200 OK\r\n\r\n" + b"#" * 5000), size=1000)
    assert (endless.outcome, endless.status, endless.body) == (Outcome.TOO_LARGE, 200, b"")


def test_bomb_stops_at_the_cap() -> None:
    bomb = gzip.compress(bytes(200 * 10**6), 9)
    tracemalloc.start()
    evidence = fetch(answer(bomb, Content_Encoding="gzip"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert evidence.outcome is Outcome.TOO_LARGE
    assert peak < 20 * 2**20


def test_endless_empty_members_stop_at_the_cap() -> None:
    assert (
        fetch(answer(gzip.compress(b"") * 1000, Content_Encoding="gzip"), size=5000).outcome
        is Outcome.TOO_LARGE
    )


# Redirects


def test_redirects_are_followed_and_kept() -> None:
    evidence = fetch(
        redirect("/a#x"), more={"/a": redirect("b?q=1 2", "301 Moved"), "/b?q=1%202": answer(b"yes")}
    )
    assert (evidence.outcome, evidence.body) == (Outcome.FOUND, b"yes")
    assert [hop.status for hop in evidence.redirects] == [302, 301]
    assert evidence.final_url.endswith("/b?q=1%202")
    assert evidence.url.endswith("/robots.txt")


@pytest.mark.parametrize(
    ("reply", "more", "how", "hops"),
    [
        (redirect("/robots.txt"), {}, "loop", 1),
        (redirect("/a"), {"/a": redirect("/robots.txt")}, "loop", 2),
        (redirect("/a"), {"/a": redirect("/a#b")}, "loop", 2),
        (answer(status="302 Found"), {}, "no_location", 0),
        (redirect("http://[bad"), {}, "no_location", 0),
        (answer(status="304 Not Modified"), {}, "no_location", 0),
        (answer(status="305 Use Proxy", Location="http://127.0.0.1:1/"), {}, "no_location", 0),
    ],
)
def test_redirects_that_lead_nowhere_are_malformed(
    reply: Reply, more: dict[str, Reply], how: str, hops: int
) -> None:
    evidence = fetch(reply, more=more)
    assert (evidence.outcome, detail(evidence, "redirects")) == (Outcome.MALFORMED, how)
    assert len(evidence.redirects) == hops
    assert evidence.status is not None


@pytest.mark.parametrize(("length", "outcome"), [(10, Outcome.FOUND), (11, Outcome.MALFORMED)])
def test_ten_redirects_are_followed_eleven_are_not(length: int, outcome: Outcome) -> None:
    more: dict[str, Reply] = {f"/{n}": redirect(f"/{n + 1}") for n in range(1, length)}
    evidence = fetch(redirect("/1"), more={**more, f"/{length}": answer(b"end")})
    assert evidence.outcome is outcome
    assert detail(evidence, "redirects") == (None if outcome is Outcome.FOUND else "too_many")


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("file:///etc/passwd", "security.scheme"),
        ("http://u:p@127.0.0.1/", "security.userinfo"),
        ("http://2130706433/", "security.address"),
        ("http://a.example:99999/", "security.url"),
        ("//0x7f.1/robots.txt", "security.address"),
    ],
)
def test_unsafe_redirect_is_refused(location: str, code: str) -> None:
    evidence = fetch(redirect(location))
    assert (evidence.outcome, detail(evidence, "refused")) == (Outcome.REFUSED, code)
    assert evidence.why.startswith(code)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_every_hop_passes_the_callers_check(asynchronous: bool) -> None:
    checked: list[str] = []

    def check(url: str) -> Reason | None:
        checked.append(url.partition("/")[2].partition("/")[2])
        listed = url.endswith("/listed")
        return Reason(code="blocklist.x", effect=Effect.EXCLUDE, protocol="blocklist") if listed else None

    async def check_later(url: str) -> Reason | None:
        return check(url)

    async def work() -> tuple[Evidence, RawServer]:
        async with (
            RawServer({"/robots.txt": redirect("/listed"), "/listed": answer(b"x")}) as server,
            Client(AddressGuard(allow_private=True), HEADERS) as client,
        ):
            fetcher = EvidenceClient(client, hop_check=check_later if asynchronous else check)
            return await fetcher.fetch(robots(server.url())), server

    evidence, server = run(work())
    assert (evidence.outcome, detail(evidence, "refused")) == (Outcome.REFUSED, "blocklist.x")
    assert server.count == {"/robots.txt": 1}
    assert [c.split("/")[-1] for c in checked] == ["robots.txt", "listed"]


def test_defect_in_a_callers_check_is_no_permission() -> None:
    def check(url: str) -> Reason | None:
        raise ZeroDivisionError

    async def work() -> Evidence:
        async with Client(AddressGuard(allow_private=True), HEADERS) as client:
            return await EvidenceClient(client, hop_check=check).fetch(
                robots("http://127.0.0.1:1/robots.txt")
            )

    evidence = run(work())
    assert (evidence.outcome, detail(evidence, "network")) == (Outcome.UNREACHABLE, "internal")


# Addresses


class LyingResolver:
    """A public address first, loopback from then on (DNS rebinding)."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return ["127.0.0.9"] if self.asked == 1 else ["127.0.0.1"]


class OnlyNine(AddressGuard):
    """127.0.0.9 stands for a public address, so that the first connection has somewhere to go."""

    def check(self, ip: str, port: int) -> None:
        if ip != "127.0.0.9":
            super().check(ip, port)


def test_rebinding_gains_nothing() -> None:
    async def work() -> tuple[list[Evidence], RawServer, RawServer, LyingResolver]:
        resolver = LyingResolver()
        async with RawServer({"/robots.txt": answer(b"secret")}) as inside, RawServer() as outside:
            listening = await asyncio.start_server(outside._serve, "127.0.0.9", inside.port)
            outside.replies["/robots.txt"] = answer(b"public", Connection="close")
            async with listening, Client(OnlyNine(), HEADERS, resolve=resolver) as client:
                url = f"http://{NAME}:{inside.port}/robots.txt"
                results = [await EvidenceClient(client).fetch(robots(url)) for _ in range(2)]
            return results, inside, outside, resolver

    (first, second), inside, outside, resolver = run(work())
    assert (first.outcome, first.body) == (Outcome.FOUND, b"public")
    assert (second.outcome, detail(second, "refused")) == (Outcome.REFUSED, "security.address")
    assert (len(inside.seen), len(outside.seen), resolver.asked) == (0, 1, 2)
    assert outside.seen[0].headers["host"].startswith(NAME)


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["::1"]]
)
def test_name_that_resolves_to_a_private_address_is_refused(addresses: list[str]) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    async def work() -> Evidence:
        async with Client(AddressGuard(), HEADERS, resolve=resolve) as client:
            return await EvidenceClient(client).fetch(robots("http://rebound.example/robots.txt"))

    evidence = run(work())
    assert (evidence.outcome, detail(evidence, "refused")) == (Outcome.REFUSED, "security.address")


def test_redirect_to_loopback_is_refused() -> None:
    async def work() -> tuple[Evidence, RawServer]:
        async def resolve(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.9"]

        async with RawServer({"/robots.txt": redirect("http://127.0.0.1:1/")}) as server:
            listening = await asyncio.start_server(server._serve, "127.0.0.9", server.port)
            async with listening, Client(OnlyNine(), HEADERS, resolve=resolve) as client:
                url = f"http://{NAME}:{server.port}/robots.txt"
                return await EvidenceClient(client).fetch(robots(url)), server

    evidence, server = run(work())
    assert (evidence.outcome, detail(evidence, "refused")) == (Outcome.REFUSED, "security.address")
    assert len(server.seen) == 1


def test_next_address_is_tried_where_the_first_is_dead() -> None:
    async def work() -> Evidence:
        async def resolve(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.77", "127.0.0.1"]

        async with (
            RawServer({"/robots.txt": answer(b"x")}) as server,
            Client(AddressGuard(allow_private=True), HEADERS, resolve=resolve) as client,
        ):
            return await EvidenceClient(client).fetch(robots(f"http://{NAME}:{server.port}/robots.txt"))

    assert run(work()).body == b"x"


# Proxy


def through_proxy(reply: Reply, url: str) -> tuple[Evidence, RawServer]:
    """Ask through a proxy on a private address, with private addresses refused."""

    async def never(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "127.0.0.1" else ["8.8.8.8"]

    async def work() -> tuple[Evidence, RawServer]:
        async with RawServer() as proxy:
            proxy.replies[url] = reply
            proxies = read_proxies(f"http://user:secret@127.0.0.1:{proxy.port}", {})
            async with Client(AddressGuard(proxies=proxies), HEADERS, resolve=never) as client:
                return await EvidenceClient(client).fetch(robots(url)), proxy

    return run(work())


def test_proxy_gets_the_name_and_its_own_credentials() -> None:
    url = "http://site.example/robots.txt"
    evidence, proxy = through_proxy(answer(b"via proxy"), url)
    assert (evidence.outcome, evidence.body, detail(evidence, "ip")) == (Outcome.FOUND, b"via proxy", None)
    assert proxy.seen[0].target == url
    assert proxy.seen[0].headers["proxy-authorization"].startswith("Basic ")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "localhost", "metadata.google.internal", "[::1]"])
def test_private_hosts_never_reach_the_proxy(host: str) -> None:
    evidence, proxy = through_proxy(answer(b"x"), f"http://{host}/robots.txt")
    assert (evidence.outcome, detail(evidence, "refused")) == (Outcome.REFUSED, "security.address")
    assert proxy.seen == []


def test_login_wanted_by_the_proxy_is_our_fault_not_the_sites_refusal() -> None:
    evidence, _ = through_proxy(
        answer(status="407 Proxy Authentication Required"), "http://site.example/robots.txt"
    )
    assert (evidence.outcome, evidence.status, detail(evidence, "network")) == (
        Outcome.UNREACHABLE,
        407,
        "proxy",
    )


def test_tunnel_refused_by_the_proxy_is_unreachable() -> None:
    evidence, proxy = through_proxy(answer(b"x"), "https://site.example/robots.txt")
    assert (evidence.outcome, detail(evidence, "network")) == (Outcome.UNREACHABLE, "proxy")
    assert proxy.seen[0].target == "site.example:443"


def test_contract_private_name_in_httpx_that_the_guard_hangs_on() -> None:
    async def work() -> None:
        async with RawServer({"/": answer(b"x")}) as server:
            transport = GuardedTransport(AddressGuard(), to_loopback)
            with pytest.raises(OSError, match="refused address"):
                await transport.handle_async_request(httpx.Request("GET", f"http://{NAME}:{server.port}/"))
            assert server.seen == []

    run(work())


def test_client_raises_network_error_and_nothing_else() -> None:
    async def work() -> None:
        async with Client(AddressGuard(allow_private=True), HEADERS) as client:
            for url in ("http://[bad", "nonsense", "http://\u0000/", "http://xn--/", "http://127.0.0.1:1/"):
                with pytest.raises(NetworkError):
                    await client.get(url, cap=10)

    run(work())


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
    async def work() -> list[float]:
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
    assert len(evidence) == len(server.count)


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
