"""Where evidence may come from: addresses, certificates, proxies. What must not leave, does not."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from crawler.evidence import EvidenceClient
from crawler.network import AddressGuard, Client, NetworkError, read_proxies
from crawler.network.client import GuardedBackend, GuardedTransport
from reservations.model import Evidence, Outcome
from tests.integration.evidence_tools import HEADERS, NAME, detail, robots, run, to_loopback
from tests.integration.rawserver import (
    RawServer,
    Reply,
    answer,
    redirect,
)

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


def test_silent_address_leaves_time_for_the_next() -> None:
    given: list[tuple[str, float | None]] = []

    class Silent(httpcore.AsyncMockBackend):
        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,  # noqa: ASYNC109
            *_: Any,
        ) -> httpcore.AsyncNetworkStream:
            given.append((host, timeout))
            raise httpcore.ConnectTimeout("silent")

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["8.8.8.8", "8.8.4.4"]

    async def work() -> None:
        backend = GuardedBackend(AddressGuard(), resolve)
        backend._inner = cast(Any, Silent([]))
        with pytest.raises(httpcore.ConnectTimeout):
            await backend.connect_tcp("site.example", 80, 10.0)

    run(work())
    assert given == [("8.8.8.8", 5.0), ("8.8.4.4", 10.0)]


# Certificates


def test_certificate_nobody_vouches_for_is_unreachable(tmp_path: Path) -> None:
    async def work() -> tuple[Evidence, list[bytes]]:
        heard: list[bytes] = []

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(1))
            writer.close()

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self_signed(NAME, tmp_path))
        server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        guard = AddressGuard(allow_private=True)
        async with server, Client(guard, HEADERS, resolve=to_loopback) as client:
            return await EvidenceClient(client).fetch(robots(f"https://{NAME}:{port}/robots.txt")), heard

    evidence, heard = run(work())
    assert (evidence.outcome, detail(evidence, "network")) == (Outcome.UNREACHABLE, "tls")
    assert heard == []


def self_signed(name: str, folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "self-signed.pem"
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


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
