"""Check my site: one engine for live pages and pasted text, under our own rules and nobody else's address."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from fastapi.testclient import TestClient

from crawler.config import Config
from crawler.demo import demo_config
from crawler.demoweb.server import DemoWeb
from crawler.examine import examine
from crawler.lists import import_list
from crawler.network import Client
from tests.integration.test_web_lookup import main_of
from tests.integration.web_tools import AUTH, config_for, running


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with running(config_for(tmp_path_factory.mktemp("web"))) as client:
        yield client


def pasted(web: TestClient, **values: str) -> str:
    response = web.post("/check", data=values)
    assert response.status_code == 200
    return main_of(response.text)


def test_a_pasted_reservation_is_read_and_quoted(web: TestClient) -> None:
    text = pasted(web, robots="User-agent: *\nAllow: /\nContent-Usage: train-ai=n\n")
    assert "would leave out this page, because line 3 of robots.txt reserves AI training." in text
    assert "This line says it." in text


def test_a_mistake_comes_first_with_how_to_write_it(web: TestClient) -> None:
    text = pasted(web, robots="User-agent: *\nContent-Usage: train-ai=no\n")
    assert text.index("To correct") < text.index("Use by use")
    assert "Write lower-case labels with" in text


def test_pasted_headers_and_html_count(web: TestClient) -> None:
    assert "X-Robots-Tag says noai" in pasted(web, headers="X-Robots-Tag: noai")
    text = pasted(web, html='<html><head><meta name="tdm-reservation" content="1"></head></html>')
    assert "the page itself reserves text and data mining" in text


def test_nothing_pasted_that_reserves_is_no_permission(web: TestClient) -> None:
    text = pasted(web, robots="User-agent: *\nAllow: /\nContent-Usage: train-ai=y\n")
    assert "no reservation found" in text
    assert "“Not stated” is never read as permission." in text


def test_who_finds_nothing_reserved_is_told_how_to_reserve(web: TestClient) -> None:
    kept = web.post("/check", data={"robots": "User-agent: *\nAllow: /\n"}).text
    assert "Nothing here says no." in main_of(kept)
    assert '<a href="/bot/">on its page</a>' in kept
    closed = web.post("/check", data={"robots": "User-agent: *\nDisallow: /\n"}).text
    assert "Nothing here says no." not in main_of(closed)


def test_what_was_pasted_stays_text(web: TestClient) -> None:
    evil = '</textarea><script>alert(1)</script>\u202e\x1b"'
    for name in ("robots", "headers", "html", "url"):
        data = {"robots": "User-agent: *\nDisallow: /", name: evil + "\n"}
        response = web.post("/check", data=data)
        assert "<script" not in response.text
        assert not re.search(r"</textarea><", response.text.replace("</textarea></div>", ""))


@pytest.mark.parametrize("url", ["", "ftp://example.org/", "org", "javascript:alert(1)", "http://user@/"])
def test_what_is_no_address_is_refused_with_words(web: TestClient, url: str) -> None:
    response = web.post("/check", data={"url": url})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/",
     "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://0x7f000001/", "http://224.0.0.1/"],
)  # fmt: skip
def test_no_private_address_is_asked(web: TestClient, url: str) -> None:
    response = web.post("/check", data={"url": url})
    # 429: the address was asked about a moment ago under another spelling.
    assert "security." in response.text or response.status_code in (422, 429)


def test_only_the_usual_ports_are_asked(web: TestClient) -> None:
    assert "80 and 443" in web.post("/check", data={"url": "https://example.org:22/"}).text


def test_a_resolver_that_lies_leads_nowhere(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lies(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    original = Client.__init__
    monkeypatch.setattr(
        Client, "__init__", lambda self, *a, **k: original(self, *a, **{**k, "resolve": lies})
    )
    text = main_of(web.post("/check", data={"url": "https://rebinding.example.org/"}).text)
    assert "would take nothing" in text
    assert "loopback (RFC 1122" in text


def test_hosts_of_one_domain_are_not_asked_one_after_the_other(
    web: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lies(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    original = Client.__init__
    monkeypatch.setattr(
        Client, "__init__", lambda self, *a, **k: original(self, *a, **{**k, "resolve": lies})
    )
    assert web.post("/check", data={"url": "https://a.many.example.org.uk/"}).status_code == 200
    again = web.post("/check", data={"url": "https://b.many.example.org.uk/"})
    assert again.status_code == 429
    assert int(again.headers["retry-after"]) > 0
    text = main_of(again.text)
    assert re.search(r"example\.org\.uk was checked a moment ago\. Ask again in \d+ seconds", text)
    assert "no statement about the site" not in text


def test_a_form_on_another_site_cannot_send_it(web: TestClient) -> None:
    response = web.post("/check", data={"robots": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, DemoWeb, Config]]:
    folder = tmp_path_factory.mktemp("live")
    with DemoWeb(port=0, log_path=folder / "log.jsonl") as web:
        config = demo_config(folder).merged(publish=config_for(folder).publish.model_dump())
        (folder / "list.jsonl").write_text(web.blocklist(), "utf-8")
        import_list(config, folder / "list.jsonl", "jsonl")
        with running(config, live=True) as client:
            yield client, web, config


def test_a_live_check_obeys_our_own_rules(demo: tuple[TestClient, DemoWeb, Config]) -> None:
    client, web, _ = demo
    for seed in web.seeds()[:4]:
        assert client.post("/check", data={"url": seed}).status_code in (200, 422)
    assert web.violations() == ()


def test_a_listed_host_is_not_asked(demo: tuple[TestClient, DemoWeb, Config]) -> None:
    client, web, _ = demo
    listed = next(seed for seed in web.seeds() if "127.0.1.44" in seed)
    before = len(web.violations())
    response = client.post("/check", data={"url": listed})
    assert response.status_code == 422
    assert "not visited, not even for a check: named in 7 O 118/25" in response.text
    assert len(web.violations()) == before


def test_a_live_check_is_recorded_without_who_asked(demo: tuple[TestClient, DemoWeb, Config]) -> None:
    client, web, _ = demo
    client.post("/check", data={"url": next(s for s in web.seeds() if "127.0.1.31" in s)})
    text = main_of(client.get("/staff/audit", auth=AUTH).text)
    assert "127.0.1.31: exclude" in text
    assert "127.0.0.1" not in text


def test_checks_are_limited(tmp_path: Path) -> None:
    with running(config_for(tmp_path, checks_per_hour=1)) as client:
        codes = [client.post("/check", data={"robots": "x"}).status_code for _ in range(2)]
    assert codes == [200, 429]


class _Redirecting(BaseHTTPRequestHandler):
    """Leads every page to another port of this machine, and counts what it is asked."""

    to = 0
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        leads = self.path == "/page"
        self.send_response(302 if leads else 404)
        if leads:
            self.send_header("Location", f"http://127.0.0.1:{self.to}/page")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_redirect_does_not_lead_to_other_ports(tmp_path: Path) -> None:
    class Other(_Redirecting):
        asked: ClassVar[list[str]] = []

    config = config_for(tmp_path).merged(network={"allow_private": True, "timeout": 5.0})
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in (_Redirecting, Other)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    first, other = (server.server_address[1] for server in servers)
    _Redirecting.to = other
    examined = asyncio.run(examine(config, f"http://127.0.0.1:{first}/page", ports=frozenset({first})))
    for server in servers:
        server.shutdown()
    assert [e.decision.reasons[0].code for e in examined] == ["error.redirect", "security.url"]
    assert examined[-1].decision.reasons[0].why == f"port {other} is not asked here"
    assert "/page" in _Redirecting.asked
    assert Other.asked == []
