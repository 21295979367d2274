"""What was removed says when and why on the site, in every form, and to whoever filed the complaint."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crawler.retention.redacting import Request as Asked
from crawler.retention.redacting import redact_complaint, redact_evidence, redact_page
from crawler.store.complaints import Filing, file_complaint
from crawler.store.database import open_database
from crawler.web.app import create_app
from crawler.web.remember import LOOK_EVERY
from tests.integration.web_tools import config_for
from tests.log_tools import Instance
from tests.record_tools import at
from tests.retention_tools import PROMISE, evidence_of, made

REASON = "Erasure request <b>of 3 March</b>."
SHOWN = "Erasure request &lt;b&gt;of 3 March&lt;/b&gt;"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return made(Instance(tmp_path))


@pytest.fixture
def web(instance: Instance) -> Iterator[TestClient]:
    with TestClient(create_app(config_for(instance.data)), base_url="https://register.example") as client:
        yield client


def asked() -> Asked:
    return Asked(actor="tester", reason=REASON, when=at(60 * 24 * 3))


def test_a_page(instance: Instance, web: TestClient) -> None:
    url = "https://example.org/a"
    redact_page(instance.config, url, asked())
    for prefix, words in (("", "was <strong>removed</strong> on"), ("/de", "<strong>entfernt</strong>")):
        answer = web.get(f"{prefix}/lookup", params={"url": url})
        assert answer.status_code == 200
        assert words in answer.text
        assert SHOWN in answer.text
        assert REASON not in answer.text
    assert web.get("/lookup.json", params={"url": url}).json()["items"][0]["removal"]["reason"] == REASON
    site = web.get("/d/example.org").text
    assert 'Once something was removed from this register, on <time datetime="2026-11-27">' in site
    assert SHOWN in site
    assert [r["redaction"] for r in web.get("/d/example.org.json").json()["removals"]] == [1]
    assert "was removed" not in web.get("/lookup", params={"url": "https://example.org/never"}).text


def test_a_rights_file(instance: Instance, web: TestClient) -> None:
    digest = evidence_of(instance, "https://example.org/robots.txt", "robots.txt")[1]
    assert web.get(f"/file/{digest}").status_code == 200
    redact_evidence(instance.config, digest, asked())
    time.sleep(LOOK_EVERY)  # another process did it: a worker that remembers the page sees it a second later
    for path in (f"/file/{digest}", f"/file/{digest}/bytes"):
        answer = web.get(path)
        assert answer.status_code == 410
        assert "was removed on 27 November 2026" in answer.text
    page = web.get("/lookup", params={"url": "https://example.org/a"}).text
    assert "something that was read has been removed since" in page
    assert "comes out differently" not in page


def test_a_complaint(instance: Instance, web: TestClient) -> None:
    engine = open_database(instance.config.database_url)
    filing = Filing(
        kind="taken", domain="example.org", subjects="", content="About Jane Doe", name="Jane Doe",
        role="author", contact="jane@example.org",
    )  # fmt: skip
    with engine.begin() as connection:
        receipt = file_complaint(connection, filing, PROMISE, at(0))
    engine.dispose()
    path = f"/complaint/{receipt.reference}/{receipt.token}"
    assert "About Jane Doe" in web.get(path).text
    redact_complaint(instance.config, receipt.reference, asked())
    page = web.get(path)
    assert page.status_code == 200
    assert "The texts of this complaint were removed on" in page.text
    assert "Jane" not in page.text
