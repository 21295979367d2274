"""What the evidence tests share: an identity, and one question to a misbehaving server."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from crawler.config import Config
from crawler.evidence import EvidenceClient, Limits
from crawler.network import AddressGuard, Client, identity_headers
from reservations.model import Agent, Evidence, EvidenceRequest
from tests.integration.rawserver import RawServer, Reply

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
