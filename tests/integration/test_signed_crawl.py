"""Every request of a real crawl is signed, page, evidence and hop; the record knows the key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms
from scrapy import Request, Spider
from scrapy.http import Response
from sqlalchemy import select

from crawler.components.addon import ForbearAddon
from crawler.config import load_config
from crawler.identity.directory import PATH
from crawler.identity.keys import SigningKey, rotate
from crawler.identity.publish import announce
from crawler.identity.required import UnpublishedError
from crawler.identity.signing import PROFILE
from crawler.network import Client
from crawler.session import Session
from crawler.store import schema
from crawler.store.database import open_database, open_for_reading
from tests.integration.rawserver import RawServer, Seen, answer, redirect
from tests.integration.scrapy_runs import write_config

AGENT = "https://bot.forbear.example"
COVERED = ("@authority", "@method", "@path", '"signature-agent";key="sig1"')
HTML = answer(b"<title>x</title>", Content_Type="text/html")


class Visitor(Spider):
    """Asks the given URLs, with signature fields of its own making."""

    name = "visitor"
    urls: tuple[str, ...] = ()

    async def start(self) -> AsyncIterator[Request]:
        for url in self.urls:
            yield Request(
                dont_filter=True,
                url=url,
                headers={"Signature": "sig1=:AAAA:", "signature-input": "x", "Signature-Agent": "y"},
            )

    def parse(self, response: Response, **kwargs: Any) -> dict[str, str]:
        return {"url": response.url}


def configured(folder: Path, **identity: Any) -> Path:
    path = write_config(folder)
    lines = [f"{name} = {value}" for name, value in identity.items()]
    path.write_text(path.read_text("utf-8") + "\n[identity]\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def make_key(folder: Path) -> SigningKey:
    now = datetime.now(UTC) - timedelta(minutes=1)
    return rotate(folder / "data" / "keys", now, lifetime=timedelta(days=30), overlap=timedelta(days=1)).new


def visit(server: RawServer, config: Path, urls: tuple[str, ...], **settings: Any) -> list[Seen]:
    from scrapy.crawler import AsyncCrawlerRunner

    async def go() -> None:
        async with server:
            spider = type("V", (Visitor,), {"urls": tuple(server.url(path) for path in urls)})
            runner = AsyncCrawlerRunner(
                {
                    "TWISTED_REACTOR_ENABLED": False,
                    "ADDONS": {ForbearAddon: 300},
                    "FORBEAR_CONFIG": str(config),
                    "TELNETCONSOLE_ENABLED": False,
                    "LOG_ENABLED": False,
                    **settings,
                }
            )
            await runner.crawl(runner.create_crawler(spider))

    asyncio.run(go())
    return server.seen


def verified(seen: Seen, port: int, key: SigningKey) -> str:
    """The nonce of a request whose signature holds. Raises InvalidSignature."""

    class Message:
        method = "GET"
        url = f"http://127.0.0.1:{port}{seen.target}"
        headers = seen.headers

    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={key.kid: key.private.public_key()}, private_keys={}),
    )
    (result,) = verifier.verify(
        Message(), expect_tag="web-bot-auth", require_components=COVERED, max_age=timedelta(minutes=2)
    )
    assert seen.headers["signature-agent"] == f'sig1="{AGENT}"'
    return str(result.nonce)


def test_evidence_pages_and_hops_are_signed_over_whatever_a_spider_set(tmp_path: Path) -> None:
    config = configured(tmp_path, signature_agent=f'"{AGENT}"', sign_http="true")
    key = make_key(tmp_path)
    server = RawServer(
        {
            "/robots.txt": answer(b"User-agent: *\nAllow: /\n"),
            "/a": redirect("/b?x=1"),
            "/b?x=1": HTML,
            "/f%20oo/?q=%5B": HTML,
        }
    )
    seen = visit(server, config, ("/a", "/f%20oo/?q=%5B", "/b?x=1"))
    nonces = [verified(request, server.port, key) for request in seen]
    assert {"/robots.txt", "/.well-known/tdmrep.json", "/a", "/b?x=1", "/f%20oo/?q=%5B"} <= set(server.count)
    assert server.count["/b?x=1"] == 2  # a hop, and the page itself: two requests, two signatures
    assert len(set(nonces)) == len(seen)
    with open_for_reading(f"sqlite:///{tmp_path / 'data' / 'forbear.db'}").connect() as connection:
        crawl = connection.execute(select(schema.crawl)).one()
        identity = connection.execute(select(schema.crawler_identity)).one()
    assert (crawl.keyid, identity.keyid, identity.signature_agent) == (key.kid, key.kid, AGENT)
    assert identity.signature_profile == f"{PROFILE}; http and https"


@pytest.mark.parametrize("signed", [False, True])
def test_plain_http_is_not_signed_by_default_and_a_spider_forges_nothing(
    tmp_path: Path, signed: bool
) -> None:
    config = configured(tmp_path, **({"signature_agent": f'"{AGENT}"'} if signed else {}))
    if signed:
        make_key(tmp_path)
    seen = visit(RawServer({"/": HTML}), config, ("/",))
    assert seen
    assert not any(name.startswith("signature") for request in seen for name in request.headers)


def test_the_evidence_client_signs_the_url_as_it_goes_out() -> None:
    signed: list[tuple[str, str]] = []

    def sign(method: str, url: str) -> dict[str, str]:
        signed.append((method, url))
        return {"Signature": "sig1=:AAAA:"}

    async def go(server: RawServer) -> None:
        from crawler.network import AddressGuard

        async with server, Client(AddressGuard(allow_private=True), {}, signer=sign) as client:
            await client.get(server.url("/a b?x=[1]#f"), cap=1000)

    server = RawServer()
    asyncio.run(go(server))
    (request,) = server.seen
    assert request.headers["signature"] == "sig1=:AAAA:"
    assert signed == [("GET", f"http://127.0.0.1:{server.port}{request.target}#f")]


def test_a_crawl_that_was_not_published_does_not_start_where_the_operator_wants_that(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    strict = {"require_published": True, "base_url": "https://bot.forbear.example"}
    config = load_config(path, environ={}).merged(publish=strict)

    async def opened(now: datetime) -> int | None:
        session = Session(config, now=now.timestamp)
        try:
            await session.ensure_open("test")
        except UnpublishedError:
            session.instance._lock.close()  # the command would end here
            raise
        await session.close("finished")
        return session.instance._publication

    now = datetime.now(UTC)
    with pytest.raises(UnpublishedError, match="identity build"):
        asyncio.run(opened(now))
    engine = open_database(config.database_url)
    with engine.begin() as connection:
        announce(connection, config, now, now + timedelta(days=3))
    with pytest.raises(UnpublishedError, match="policy 1 says how this crawl works, and takes effect on"):
        asyncio.run(opened(now))
    assert asyncio.run(opened(now + timedelta(days=4))) == 1
    with engine.connect() as connection:
        rows = connection.execute(select(schema.crawl.c.publication_id)).scalars().all()
    engine.dispose()
    assert rows[-1] == 1
    assert PATH.startswith("/.well-known/")
