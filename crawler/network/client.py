"""One exchange with one host: guarded, bounded, without redirects, cookies or memory.

The evidence client walks redirects over it. Nothing outside this package imports httpx, and of
httpx only the transport is used: its client adds fields, keeps cookies and reads Location itself.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

import httpcore
import httpx

from crawler.network.bodies import BodyError, read_body
from crawler.network.guard import AddressGuard, unsafe_address_in
from crawler.network.proxy import ProxyEndpoint

AsyncResolve = Callable[[str, int], Awaitable[Sequence[str]]]
Sign = Callable[[str, str], Mapping[str, str]]
"""Method and URL to the fields of a signature."""

Wants = Callable[["Answer"], bool]
"""Whether the body of an answer is wanted, of which the head is known."""

_Way = tuple[ProxyEndpoint | None, str]
"""A proxy, or a host that is asked directly."""

_MAX_POOLS = 64
_DRAIN = 65536
_DRAIN_SECONDS = 2.0
_MAX_ADDRESSES = 6


class NetworkError(Exception):
    """No answer, or none that can be used. `code` says what happened in one word."""

    def __init__(self, code: str, why: str, *, status: int | None = None) -> None:
        super().__init__(why)
        self.code = code
        """`address`, `dns`, `connect`, `tls`, `timeout`, `truncated`, `undecodable`, `too_large`,
        `proxy`, `protocol`, `url`."""
        self.why = why
        self.status = status
        """Status of the answer where one began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as received: header lines in order, body decoded; empty unless the status is 2xx."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes = b""
    ip: str | None = None
    """The address that answered; None behind a proxy."""

    def field(self, name: str) -> str | None:
        """The first line of that name, in any case."""
        return next((value for key, value in self.fields if key.lower() == name), None)


async def resolve_system(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a name, by the system's resolver. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves once, checks every address of the answer, dials what was checked."""

    def __init__(self, guard: AddressGuard, resolve: AsyncResolve = resolve_system) -> None:
        self._guard = guard
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; raises UnsafeAddress if one is refused."""
        addresses = (await self._resolve(host, port))[:_MAX_ADDRESSES]
        self._guard.check_all(addresses, port)
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for left, ip in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = None if timeout is None else timeout / left
            try:
                return await self._inner.connect_tcp(ip, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    async def sleep(self, seconds: float) -> None:
        """Sleep; httpcore retries through it, which we switch off."""
        await self._inner.sleep(seconds)


class GuardedTransport(httpx.AsyncBaseTransport):
    """Picks the proxy or the direct way for each URL; every connection passes the guard.

    A pool for each host: httpcore looks at every connection of a pool before and after each request,
    which in one pool for all hosts was half the cost of asking.
    """

    def __init__(self, guard: AddressGuard, resolve: AsyncResolve = resolve_system) -> None:
        self._guard = guard
        self._backend = GuardedBackend(guard, resolve)
        self._tls = ssl.create_default_context()
        self._ways: OrderedDict[_Way, httpx.AsyncHTTPTransport] = OrderedDict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises httpx.HTTPError, OSError."""
        proxy = self._guard.proxies.for_url(str(request.url))
        way = (proxy, "" if proxy else request.url.host)
        transport = self._ways.get(way)
        if transport is None:
            transport = self._ways[way] = self._open(proxy)
            await self._make_room()
        self._ways.move_to_end(way)
        return await transport.handle_async_request(request)

    async def _make_room(self) -> None:
        """Close the pool that was used longest ago, unless something of it is in flight."""
        if len(self._ways) > _MAX_POOLS:
            way, oldest = next(iter(self._ways.items()))
            if all(connection.is_idle() for connection in oldest._pool.connections):
                del self._ways[way]
                await oldest.aclose()
            else:
                self._ways.move_to_end(way)

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._ways.values():
            await transport.aclose()

    def _open(self, way: ProxyEndpoint | None) -> httpx.AsyncHTTPTransport:
        transport = httpx.AsyncHTTPTransport(
            verify=self._tls,
            trust_env=False,
            # The number of leases bounds what is open; a queue here would look like a dead host.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=8, keepalive_expiry=15.0),
            proxy=httpx.Proxy(way.url) if way else None,
        )
        # No public argument reaches httpcore's network_backend (httpx 0.28); a test holds the name.
        transport._pool._network_backend = self._backend
        return transport


class Client:
    """Asks one URL once. Use as `async with`, or call `aclose`."""

    def __init__(
        self,
        guard: AddressGuard,
        headers: Mapping[str, str],
        *,
        timeout: float = 30.0,
        resolve: AsyncResolve = resolve_system,
        signer: Sign | None = None,
    ) -> None:
        self.guard = guard
        self._sign = signer
        self._timeout = timeout
        self._headers = dict(headers)
        self._transport = GuardedTransport(guard, resolve)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def get(
        self,
        url: str,
        *,
        extra: Mapping[str, str] | None = None,
        cap: int,
        seconds: float | None = None,
        wants: Wants | None = None,
    ) -> Answer:
        """The answer to a GET. Raises NetworkError, and nothing else but cancellation.

        `seconds` bounds the whole exchange (httpx bounds each step, and a drip feed never ends). Where
        `wants` says no to the head, the connection is closed and the body is left unread.
        """
        try:
            async with asyncio.timeout(self._timeout if seconds is None else seconds):
                return await self._exchange(url, extra or {}, cap, wants)
        except TimeoutError as error:
            raise NetworkError("timeout", "no whole answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise _explained(error) from error

    async def _exchange(self, url: str, extra: Mapping[str, str], cap: int, wants: Wants | None) -> Answer:
        request = httpx.Request("GET", url, headers={**self._headers, **extra})
        if self._sign is not None:
            request.headers.update(self._sign("GET", str(request.url)))
        # Each step is bounded too, so that a dead host gives its connection back.
        steps = dict.fromkeys(("connect", "read", "write"), self._timeout)
        request.extensions["timeout"] = steps
        async with aclosing(await self._transport.handle_async_request(request)) as response:
            fields = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw)
            answer = Answer(status=response.status_code, fields=fields, ip=self._ip(url, response))
            if self.guard.proxies.for_url(url) and answer.status == 407:
                raise NetworkError("proxy", "the proxy wants a login", status=407)
            if wants is not None and not wants(answer):
                return answer
            if not response.is_success:
                await _drain(response)
                return answer
            body = await _body(response, answer, cap)
            return Answer(status=answer.status, fields=fields, body=body, ip=answer.ip)

    def _ip(self, url: str, response: httpx.Response) -> str | None:
        stream = response.extensions.get("network_stream")
        if stream is None or self.guard.proxies.for_url(url):
            return None
        address = stream.get_extra_info("server_addr")
        return str(address[0]) if address else None


async def _body(response: httpx.Response, answer: Answer, cap: int) -> bytes:
    length = answer.field("content-length") or ""
    if length.isdigit() and len(length) < 20 and int(length) > cap:
        raise NetworkError("too_large", f"says it has {length} bytes", status=answer.status)
    try:
        return await read_body(response.aiter_raw(), answer.field("content-encoding") or "", cap)
    except BodyError as error:
        raise NetworkError(error.code, f"{error.code}: {error.why}", status=answer.status) from error
    except httpx.RemoteProtocolError as error:
        raise NetworkError("truncated", f"truncated: {error}", status=answer.status) from error
    except (httpx.ReadError, OSError) as error:
        raise NetworkError("truncated", "truncated: the connection broke", status=answer.status) from error


async def _drain(response: httpx.Response) -> None:
    """Read a short error page to its end, so that the connection can be used again."""
    seen = 0
    with suppress(httpx.HTTPError, OSError, TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            chunks: AsyncIterator[bytes] = response.aiter_raw()
            async for chunk in chunks:
                seen += len(chunk)
                if seen > _DRAIN:
                    return


def _explained(error: Exception) -> NetworkError:
    text = str(error)[:200]
    unsafe = unsafe_address_in(error)
    if unsafe is not None:
        return NetworkError("address", str(unsafe))
    chain = _chain(error)
    if any(isinstance(e, ssl.SSLError) for e in chain):
        return NetworkError("tls", f"TLS: {text}")
    if any(isinstance(e, socket.gaierror | UnicodeError) for e in chain):
        return NetworkError("dns", "the host name has no address")
    if isinstance(error, httpx.TimeoutException):
        return NetworkError("timeout", f"no answer in time ({type(error).__name__})")
    if isinstance(error, httpx.ProxyError):
        return NetworkError("proxy", f"proxy: {text}")
    if isinstance(error, httpx.RemoteProtocolError):
        return NetworkError("protocol", f"not HTTP: {text}")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | ValueError):
        return NetworkError("url", f"cannot be asked: {text}")
    return NetworkError("connect", f"no connection: {text or type(error).__name__}")


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and len(found) < 16:
        found.append(step)
        step = step.__cause__ or step.__context__
    return found
