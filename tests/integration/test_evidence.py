"""Asking for a location file over real sockets: what comes back, and as which outcome."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from crawler.evidence import EvidenceClient
from crawler.network import AddressGuard, Client
from crawler.network.bodies import read_body
from reservations.model import Effect, Evidence, Outcome, Reason
from tests.integration.evidence_tools import HEADERS, detail, fetch, robots, run
from tests.integration.rawserver import (
    RawServer,
    Reply,
    answer,
    cut,
    drip,
    garbage,
    redirect,
    reset,
    silence,
)

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
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("GZIP", gzip.compress(TEXT[:20], mtime=0) + gzip.compress(TEXT[20:], mtime=0)),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\0" * 512),
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
        ("gzip", gzip.compress(TEXT, mtime=0)[:-9], "truncated"),
        ("gzip", gzip.compress(TEXT, mtime=0) + gzip.compress(TEXT, mtime=0)[:12], "truncated"),
        ("deflate", zlib.compress(TEXT)[:20], "truncated"),
        ("gzip", b"\x1f", "truncated"),
        ("gzip", b"User-agent: *", "undecodable"),
        ("br", b"\x0b\x02\x80", "undecodable"),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT, mtime=0)), "undecodable"),
    ],
    ids=["cut", "cut member", "cut deflate", "one byte", "plain", "brotli", "twice"],
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
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    evidence = fetch(cut(head + gzip.compress(b"") * 1000), size=5000)
    assert evidence.outcome is Outcome.TOO_LARGE


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 131_072, 200_000])
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_output_of_exactly_one_piece_is_no_truncation(size: int, step: int) -> None:
    body = gzip.compress(bytes(size)) + gzip.compress(b"end")

    async def chunks() -> AsyncIterator[bytes]:
        for i in range(0, len(body), step):
            yield body[i : i + step]

    assert run(read_body(chunks(), "gzip", 10**6)) == bytes(size) + b"end"


def test_output_that_zlib_holds_back_is_asked_for() -> None:
    # One byte more than a piece: all input is taken, and the last byte of output is still inside.
    body = zlib.compress(bytes(65_537))[2:-4]
    evidence = fetch(answer(body, Content_Encoding="deflate"))
    assert (evidence.outcome, len(evidence.body)) == (Outcome.FOUND, 65_537)


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
