"""The pages in a real browser: axe-core without violations, light and dark, wide and narrow; and the API."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from crawler.config import Config
from crawler.web.app import create_app, routers
from crawler.web.language import available, language
from tests.foreign import debian, needed, npm
from tests.integration.web_tools import AUTH, TOKEN, config_for, demo_record, running, small_record


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


@pytest.mark.slow
def test_no_page_keeps_anybody_out(tmp_path: Path) -> None:
    chromium = debian("chromium", "chromium", "chromium-browser", "google-chrome")
    node, tools = needed("node", "apt-get install nodejs"), npm("axe-core@4", "puppeteer-core@24")
    data = tmp_path / "data"
    demo_record(data)
    config = config_for(data)
    with running(config) as web:
        form = {"what": "127.0.1.4", "mail": "a@example.org", "true": "1"}
        complaint = web.post("/complain", data=form).headers["location"]
        own = web.post("/own", data={"domain": "example.org"}).headers["location"]
        rows = web.get("/api/v1/decisions?domain=127.0.1.4&limit=200", auth=AUTH).json()["items"]
    address = next(r["url"] for r in rows if r["verdict"] == "exclude").replace("&", "%26")
    domains = ("127.0.1.4", "127.0.1.44", "127.0.1.48", "nobody.example")
    staff = ("", "/decisions", "/complaints", f"/complaints/{complaint.split('/')[2]}", "/audit")
    paths = (
        *("/", "/check", "/complain", "/own", "/api", "/accessibility", "/bot/", "/nothing", "/lookup?q=org"),
        *(f"/d/{domain}" for domain in domains),
        *(f"/staff{path}" for path in staff),
        *(complaint, own, f"/lookup?url={address}"),
    )
    auth = "Basic " + base64.b64encode(f"anna:{TOKEN}".encode()).decode()
    with served(config) as base:
        script = Path(__file__).with_name("web_axe.mjs")
        words = [node, str(script), str(tools), chromium, auth, *(base + path for path in paths)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    looked = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(looked) == 4 * len(paths)
    assert [page for page in looked if page["violations"] or page["sideways"]] == []


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


@pytest.mark.parametrize("code", available())
def test_a_translation_keeps_the_named_places(code: str) -> None:
    import re

    places = re.compile(r"%\((\w+)\)s")
    for english, translated in language(code)._texts.items():
        assert set(places.findall(translated)) <= set(places.findall(english)) | {"n"}, english
        assert len(re.findall(r"</?\w+", translated)) == len(re.findall(r"</?\w+", english)), english
