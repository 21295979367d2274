"""`forbear identity check` against a published identity over TLS: clean, and with every mistake in turn."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner

from crawler.cli import build_app
from crawler.config import load_config
from crawler.web.app import create_app
from tests.integration.mail_server import certificate, free_port

DIRECTORY = "/.well-known/http-message-signatures-directory"
TEST_X = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"  # RFC 9421 appendix B.1.4
TEST_KID = "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"


class Host:
    """A static host: the folder that was built, with the header each file is to be served with."""

    def __init__(self, folder: Path, port: int) -> None:
        self.base = f"https://127.0.0.1:{port}"
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        rules, path = (folder / "_headers").read_text(), ""
        for line in rules.splitlines():
            if not line.startswith(" "):
                path = line
                file = folder / path.lstrip("/")
                body = (file / "index.html" if path.endswith("/") else file).read_bytes()
                self.answers[path] = (200, {}, body)
            else:
                name, _, value = line.strip().partition(": ")
                self.answers[path][1][name] = value

    def put(
        self, path: str, *, status: int | None = None, body: bytes | None = None, **header: str | None
    ) -> None:
        """Serve something else there; a header that is None is left out."""
        old_status, headers, old_body = self.answers[path]
        changed = {**headers, **{k.replace("_", "-"): v for k, v in header.items()}}
        kept = {k: v for k, v in changed.items() if v is not None}
        self.answers[path] = (status or old_status, kept, old_body if body is None else body)

    def edit(self, path: str, change: Callable[[Any], None]) -> None:
        """Change a JSON document in place."""
        document = json.loads(self.answers[path][2])
        change(document)
        self.put(path, body=json.dumps(document).encode())


@contextmanager
def static(host: Host, pem: Path) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = host.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = ThreadingHTTPServer(("127.0.0.1", int(host.base.rpartition(":")[2])), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """What an operator has on disk: configuration, key, and the site that was built."""
    folder, port = tmp_path_factory.mktemp("identity"), free_port()
    base = f"https://127.0.0.1:{port}"
    (folder / "forbear.toml").write_text(
        f'[operator]\nname = "Example Labs"\ncontact = "crawl@example.net"\n'
        f'[crawler]\nproduct_token = "ExampleBot"\ninfo_url = "{base}/bot/"\n'
        f'[identity]\nsignature_agent = "{base}"\ncard = true\nip_prefixes = ["192.0.2.0/27"]\n'
        f'[publish]\nbase_url = "{base}"\n[network]\nallow_private = true\ntimeout = 10\n'
        f'[storage]\ndata = "{folder / "data"}"\n'
    )
    certificate(folder)
    for words in (["rotate-key"], ["build", "--out", str(folder / "site")]):
        done = CliRunner().invoke(build_app(), ["identity", *words, "--config", str(folder / "forbear.toml")])
        assert done.exit_code == 0, (done.output, done.exception)
    return folder, port


@pytest.fixture
def host(built: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    folder, port = built
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "server.pem"))
    made = Host(folder / "site", port)
    with static(made, folder / "server.pem"):
        yield made


def check(built: tuple[Path, int], base: str, code: int) -> list[dict[str, str]]:
    words = ["identity", "check", base, "--json", "--config", str(built[0] / "forbear.toml")]
    done = CliRunner().invoke(build_app(), words)
    assert done.exit_code == code, (done.output, done.exception)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_static_host_as_it_was_built_is_clean(built: tuple[Path, int], host: Host) -> None:
    found = check(built, host.base, 0)
    assert {f["health"] for f in found} == {"ok"}
    assert [f["about"] for f in found] == [
        "bot.json", "page", "addresses", "keys", "card", "Atom feed", "JSON Feed",
    ]  # fmt: skip


def test_what_serve_publishes_is_clean(built: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, port = built
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "server.pem"))
    config = load_config(folder / "forbear.toml", environ={})
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(config),
            port=port,
            log_level="error",
            access_log=False,
            ssl_certfile=folder / "server.pem",
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        assert {f["health"] for f in check(built, f"https://127.0.0.1:{port}", 0)} == {"ok"}
    finally:
        server.should_exit = True
        thread.join(10)


def _expired(document: Any) -> None:
    for key in document["keys"]:
        key["exp"] = int((datetime.now(UTC) - timedelta(days=1)).timestamp())


def _test_key(document: Any) -> None:
    document["keys"] = [{"kty": "OKP", "crv": "Ed25519", "kid": TEST_KID, "x": TEST_X, "use": "sig"}]


def _other_name(document: Any) -> None:
    document["keys"][0]["kid"] = urlsafe_b64encode(b"x" * 32).rstrip(b"=").decode()


def _private(document: Any) -> None:
    document["keys"][0]["d"] = TEST_X


def _made(days: float) -> Callable[[Any], None]:
    when = datetime.now(UTC) - timedelta(days=days)
    return lambda document: document.update(creationTime=when.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _atom(host: Host, pattern: str, put: str) -> None:
    text = host.answers["/feeds/policy.atom"][2].decode()
    changed = re.sub(pattern, put, text)
    assert changed != text
    host.put("/feeds/policy.atom", body=changed.encode())


def _page(host: Host, old: str, new: str) -> None:
    body = host.answers["/bot/"][2]
    assert old.encode() in body
    host.put("/bot/", body=body.replace(old.encode(), new.encode()))


MISTAKES: dict[str, tuple[Callable[[Host], Any], str, str]] = {
    "directory of a wrong media type": (
        lambda h: h.put(DIRECTORY, Content_Type="application/json"),
        "keys",
        "not application/http-message",
    ),
    "redirect on the directory": (
        lambda h: h.put(DIRECTORY, status=301, Location="/keys.json"),
        "keys",
        "redirects are not followed",
    ),
    "directory behind a wall": (lambda h: h.put(DIRECTORY, status=403), "keys", "answers 403"),
    "expired key": (lambda h: h.edit(DIRECTORY, _expired), "keys", "ended on"),
    "test key": (lambda h: h.edit(DIRECTORY, _test_key), "keys", "a test key of RFC 9421"),
    "kid is not the thumbprint": (
        lambda h: h.edit(DIRECTORY, _other_name),
        "keys",
        "kid is not the thumbprint",
    ),
    "private key": (lambda h: h.edit(DIRECTORY, _private), "keys", "the PRIVATE half is published"),
    "key that bot.json lists is missing": (
        lambda h: h.edit(DIRECTORY, lambda d: d.update(keys=[])),
        "keys",
        "the directory lacks",
    ),
    "signature of another body": (
        lambda h: h.put(DIRECTORY, body=h.answers[DIRECTORY][2] + b" "),
        "keys",
        "Content-Digest",
    ),
    "no JSON in the directory": (lambda h: h.put(DIRECTORY, body=b"<html>"), "keys", "no JWK set"),
    "stale address file": (
        lambda h: h.edit("/bot/ips.json", _made(30)),
        "addresses",
        "is stale: made 30 days",
    ),
    "address file of tomorrow": (lambda h: h.edit("/bot/ips.json", _made(-1)), "addresses", "in the future"),
    "address file without a date": (
        lambda h: h.edit("/bot/ips.json", lambda d: d.update(creationTime="today")),
        "addresses",
        "creationTime",
    ),
    "other addresses than bot.json": (
        lambda h: h.edit("/bot/ips.json", lambda d: d.update(prefixes=[])),
        "addresses",
        "lacks 192.0.2.0/27",
    ),
    "address file as a page": (
        lambda h: h.put("/bot/ips.json", Content_Type="text/html"),
        "addresses",
        "not application/json",
    ),
    "address file of a later version": (
        lambda h: h.edit("/bot/ips.json", lambda d: d.update(formatVersion="2.0")),
        "addresses",
        "format version",
    ),
    "page without the product token": (
        lambda h: _page(h, "ExampleBot", "OurBot"),
        "page",
        "does not name the product token",
    ),
    "page without a line for robots.txt": (
        lambda h: _page(h, "User-agent: ExampleBot", "ask us"),
        "page",
        "shows no line",
    ),
    "page as plain text": (lambda h: h.put("/bot/", Content_Type="text/plain"), "page", "not text/html"),
    "page without a media type": (lambda h: h.put("/bot/", Content_Type=None), "page", "as nothing"),
    "no page": (lambda h: h.answers.pop("/bot/"), "page", "answers 404"),
    "Atom feed that is not valid": (lambda h: _atom(h, "<id>[^<]*</id>", ""), "Atom feed", "(4.2.6)"),
    "Atom feed of another type": (
        lambda h: h.put("/feeds/policy.atom", Content_Type="text/html"),
        "Atom feed",
        "not application/atom+xml",
    ),
    "Atom feed that lags": (
        lambda h: _atom(h, "policy/1/", "policy/0/"),
        "Atom feed",
        "does not announce policy 1",
    ),
    "JSON Feed that is not valid": (
        lambda h: h.edit("/feeds/policy.json", lambda d: d.pop("title")),
        "JSON Feed",
        "no title",
    ),
    "JSON Feed of another type": (
        lambda h: h.put("/feeds/policy.json", Content_Type="text/plain"),
        "JSON Feed",
        "not application/feed+json",
    ),
    "card of another address": (
        lambda h: h.edit("/bot/card.json", lambda d: d.update(client_id="https://x.example/")),
        "card",
        "client_id",
    ),
    "bot.json was changed": (
        lambda h: h.edit("/bot.json", lambda d: d["contact"].update(contact="x@y.example")),
        "bot.json",
        "sha256",
    ),
    "bot.json is a page": (lambda h: h.put("/bot.json", body=b"<html>"), "bot.json", "not JSON"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(built: tuple[Path, int], host: Host, name: str) -> None:
    make, about, says = MISTAKES[name]
    make(host)
    bad = [f for f in check(built, host.base, 1) if f["health"] == "bad"]
    assert any(f["about"] == about and says in f["says"] for f in bad), bad
    assert {f["about"] for f in bad} == {about}, bad


def test_what_is_merely_unusual_is_a_note(built: tuple[Path, int], host: Host) -> None:
    host.put("/feeds/policy.atom", Content_Type="application/xml")
    host.edit("/bot/ips.json", _made(2))
    notes = [f for f in check(built, host.base, 0) if f["health"] == "note"]
    assert [f["about"] for f in notes] == ["addresses", "Atom feed"]
    host.put(DIRECTORY, Signature=None, Signature_Input=None)
    assert any("the answer is not signed" in f["says"] for f in check(built, host.base, 0))


def test_a_certificate_that_nobody_vouches_for_is_found(
    built: tuple[Path, int], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    found = check(built, host.base, 1)
    assert any(f["about"] == "bot.json" and "certificate" in f["says"].lower() for f in found), found
