"""The pages in a real browser: axe-core without violations, light and dark, wide and narrow; and the API."""

from __future__ import annotations

import base64
import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import uvicorn
from fastapi.testclient import TestClient

from crawler.config import Config
from crawler.identity.publish import announce
from crawler.store.database import open_database
from crawler.web.app import create_app, routers
from crawler.web.language import available, language
from reservations.model import Stage
from tests.foreign import debian, needed, npm
from tests.integration.web_tools import AUTH, TOKEN, config_for, demo_record, running, small_record
from tests.record_tools import decided, record_all, robots


@contextmanager
def served(config: Config) -> Iterator[str]:
    """The site on a port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(create_app(config), port=port, log_level="error", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


CHECKED = {
    "url": "https://example.org/a",
    "robots": "User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nContent-Usage: train-ai=n\nDissallow: /x\n",
    "headers": "X-Robots-Tag: noai",
    "html": '<meta name="tdm-reservation" content="yes">',
}
WRONG = "what=&mail=&true="
STAFF = ("", "/decisions", "/decisions?verdict=exclude&reason=robots", "/complaints", "/audit")


def pages_of(web: TestClient, rows: list[Any]) -> list[tuple[str, str | None]]:
    """Every public and staff page, in each of its states, and forms as they come back."""
    complaint, closed = (_complaint(web) for _ in range(2))
    german = _complaint(web, "/de")
    own = web.post("/own", data={"domain": "example.org"}).headers["location"]
    for step in ("upheld", "closed"):
        _step(web, closed.split("/")[2], step)
    versions = web.get("/api/v1/files?domain=127.0.1.4").json()["items"]
    file = next(v["sha256"] for v in versions if v["outcome"] == "found")
    addresses = [next(r["url"] for r in rows if r["verdict"] == v) for v in ("exclude", "keep")]
    looked_up = [
        f"/lookup?url={quote(address, safe='')}" for address in (*addresses, "https://nobody.example/a")
    ]
    folder = quote(addresses[1].rpartition("/")[0] + "/", safe="")
    domains = ("127.0.1.4", "127.0.1.12", "127.0.1.33", "127.0.1.44", "127.0.1.48", "nobody.example")
    plain = (
        *(
            "/",
            "/check",
            "/complain",
            "/own",
            "/log",
            "/api",
            "/accessibility",
            "/bot/",
            "/changes/",
            "/policy/1/",
        ),
        *("/nothing", "/lookup?q=org", "/own/unknown", f"/file/{file}", f"/file/{file}?before={file}"),
        *(f"/d/{domain}" for domain in domains),
        *(complaint, closed, own, *looked_up, f"/lookup?prefix={folder}"),
        *("/de/", "/de/d/127.0.1.4", "/de/log", "/de/own", german, f"/de{looked_up[0]}"),
        *(f"/staff{path}" for path in (*STAFF, f"/complaints/{complaint.split('/')[2]}")),
    )
    forms = {
        "/complain": WRONG,
        "/de/complain": WRONG,
        "/own": "domain=org",
        "/log": "proof=none",
        **{path: urlencode(CHECKED) for path in ("/check", "/de/check")},
    }
    return [*((path, None) for path in plain), *forms.items()]


def _complaint(web: TestClient, language: str = "") -> str:
    form = {"what": "127.0.1.4", "mail": "a@example.org", "true": "1"}
    return web.post(f"{language}/complain", data=form).headers["location"]


def _step(web: TestClient, number: str, step: str) -> None:
    page = web.get(f"/staff/complaints/{number}", auth=AUTH).text
    seal = re.search(r'name="seal" value="([^"]+)"', page)
    assert seal is not None
    done = {"step": step, "text": "For this reason.", "seal": seal[1]}
    assert web.post(f"/staff/complaints/{number}", data=done, auth=AUTH).status_code == 303


@pytest.mark.slow
def test_no_page_keeps_anybody_out(tmp_path: Path) -> None:
    data, config = tmp_path / "data", config_for(tmp_path / "data", checks_per_hour=10_000)
    demo_record(data)
    engine = open_database(config.database_url)
    with engine.begin() as connection:
        announce(connection, config, datetime.now(UTC))
    engine.dispose()
    with running(config) as web:
        rows = web.get("/api/v1/decisions?domain=127.0.1.4&limit=200", auth=AUTH).json()["items"]
        pages = pages_of(web, rows)
    with served(config) as base:
        looked = judged(base, pages)
    refused = {page["url"].removeprefix(base) for page in looked if page["status"] != 200}
    wrong = ("/lookup?q=org", "/complain", "/de/complain", "/own", "/log")
    assert refused == {"/nothing", "/own/unknown", *wrong}


@pytest.mark.slow
def test_no_page_of_a_new_site_keeps_anybody_out(tmp_path: Path) -> None:
    paths = ("/", "/bot/", "/d/nobody.example", "/log", *(f"/staff{path}" for path in STAFF), "/d/a.example")
    with served(config_for(tmp_path, lookups_per_minute=5)) as base:
        looked = judged(base, [(path, None) for path in paths])
    assert 429 in {page["status"] for page in looked}


@pytest.mark.slow
def test_no_word_of_a_stranger_widens_a_page(tmp_path: Path) -> None:
    host = f"{'sub' * 18}.{'x' * 60}.hostile.example"
    address = f"https://{host}/{'a' * 900}?q=<script>\u202e"
    body = b"User-agent: *\nDisallow: /\n# " + b"A" * 5000
    config = config_for(tmp_path)
    engine = open_database(config.database_url)
    record_all(engine, decided(address, robots(body, f"https://{host}"), stage=Stage.BEFORE_FETCH))
    engine.dispose()
    form = {"what": address, "mail": "a@example.org", "name": "\u202eevil" * 50, "more": "W" * 3000}
    with running(config) as web:
        complaint = web.post("/complain", data=form | {"true": "1"}).headers["location"]
    paths = (
        *(f"/d/{host}", f"/lookup?url={quote(address, safe='')}", complaint, f"/complain?about={'b' * 2000}"),
        *("/staff", "/staff/decisions", f"/staff/complaints/{complaint.split('/')[2]}", f"/{'n' * 3000}"),
    )
    pasted = {"url": address, "robots": "Q" * 3000, "headers": f"X-{'h' * 3000}: 1"}
    forms = [("/complain", urlencode(form)), ("/check", urlencode(pasted))]
    with served(config) as base:
        judged(base, [*((path, None) for path in paths), *forms])


def judged(base: str, pages: list[tuple[str, str | None]]) -> list[Any]:
    """What axe finds on each page in both themes, narrow and wide; and that it finds nothing."""
    chromium = debian("chromium", "chromium", "chromium-browser", "google-chrome")
    node, tools = needed("node", "apt-get install nodejs"), npm("axe-core@4", "puppeteer-core@24")
    auth = "Basic " + base64.b64encode(f"anna:{TOKEN}".encode()).decode()
    words = [node, str(Path(__file__).with_name("web_axe.mjs")), str(tools), chromium, auth]
    asked = json.dumps([(base + path, form) for path, form in pages])
    done = subprocess.run(words, input=asked, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    looked = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(looked) == 4 * len(pages)
    assert [page for page in looked if page["violations"] or page["sideways"]] == []
    assert [page for page in looked if page["status"] >= 500] == []
    return looked


def test_every_page_is_found_by_its_router() -> None:
    assert len(routers()) >= 15


@pytest.mark.slow
def test_the_api_answers_as_it_is_described(tmp_path: Path) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    checks = pytest.importorskip("schemathesis.specs.openapi.checks")
    from hypothesis import HealthCheck, given, settings

    config = config_for(tmp_path, checks_per_hour=10_000)
    small_record(config)
    app = create_app(config)
    app.state.site.limiter.wait = lambda *_: 0
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    # What a domain is cannot be said in a schema: a well-formed text may still be none.
    excluded = [checks.positive_data_acceptance]
    for operation in (found.ok() for found in schema.get_all_operations()):

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def asked(case: Any) -> None:
            case.call_and_validate(excluded_checks=excluded)

        asked()


def test_the_description_names_every_error_as_a_problem(tmp_path: Path) -> None:
    with running(config_for(tmp_path)) as web:
        described = web.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        assert path.startswith("/api/v1/")
        for operation in methods.values():
            assert "application/problem+json" in operation["responses"]["422"]["content"]
            assert operation["summary"]


def test_the_page_about_the_api_names_what_a_complaint_holds(tmp_path: Path) -> None:
    with running(config_for(tmp_path)) as web:
        page = web.get("/api").text
    for field in ("subjects", "kind", "content", "name", "role", "contact", "language"):
        assert f"<dt><code>{field}</code></dt><dd>" in page
    assert "Language to be answered in (RFC 5646), such as <code>de</code>" in page


@pytest.mark.parametrize("code", available())
def test_a_translation_keeps_the_named_places(code: str) -> None:
    places = re.compile(r"%\((\w+)\)s")
    for english, translated in language(code)._texts.items():
        assert set(places.findall(translated)) <= set(places.findall(english)) | {"n"}, english
        assert len(re.findall(r"</?\w+", translated)) == len(re.findall(r"</?\w+", english)), english
