"""Three people at a real browser without scripts: a publisher, an auditor, a data engineer."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from tests.foreign import debian, needed, npm
from tests.integration.test_web_pages import served
from tests.integration.web_tools import AUTH, TOKEN, config_for, demo_record, running

pytestmark = pytest.mark.slow
SITE = "127.0.1.4"
Step = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The public site over the record of the demo web."""

    base: str
    data: Path
    closed: str
    """An address that robots.txt closed."""
    taken: str
    walk: Callable[..., list[Any]]
    """Take steps in the browser; what each of them found."""


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    chromium = debian("chromium", "chromium", "chromium-browser", "google-chrome")
    node, tools = needed("node", "apt-get install nodejs"), npm("axe-core@4", "puppeteer-core@24")
    folder = tmp_path_factory.mktemp("register")
    shots = Path(os.environ.get("FORBEAR_SHOTS", folder / "shots"))
    shots.mkdir(parents=True, exist_ok=True)
    demo_record(folder / "data")
    config = config_for(folder / "data")
    with running(config) as web:
        rows = web.get(f"/api/v1/decisions?domain={SITE}&limit=200", auth=AUTH).json()["items"]

    def walk(*steps: Step, staff: bool = False) -> list[Any]:
        auth = "Basic " + base64.b64encode(f"anna:{TOKEN}".encode()).decode() if staff else ""
        script = Path(__file__).with_name("web_story.mjs")
        words = [node, str(script), str(tools), chromium, auth, str(shots)]
        done = subprocess.run(
            words, input=json.dumps(steps), capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    with served(config) as base:
        yield Register(
            base=base,
            data=folder / "data",
            closed=next(r["url"] for r in rows if r["reason"] == "robots.disallow"),
            taken=next(r["url"] for r in rows if r["verdict"] == "keep"),
            walk=walk,
        )


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        content: bytes = answer.read()
    return content


def forbear(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crawler", *words], capture_output=True, text=True, check=False, timeout=60
    )


def test_a_publisher_finds_the_line_takes_the_proof_and_objects(register: Register, tmp_path: Path) -> None:
    found = register.walk(
        ("open", register.base + "/"),
        ("fill", "#q", SITE),
        ("send", "form.ask button"),
        ("read", ".answer"),
        ("read", ".lines .hit"),
        ("look", "publisher-domain"),
        ("address", f"Feed for {SITE}"),
        ("address", f"Proof for {SITE}"),
        ("follow", "line 2 of robots.txt"),
        ("read", "main mark"),
        ("look", "publisher-file"),
        ("open", f"{register.base}/complain?about={SITE}"),
        ("tick", "input[name=kind][value=withdraw]"),
        ("fill", "textarea[name=more]", "Please take these pages out."),
        ("fill", "input[name=mail]", "editor@example.org"),
        ("tick", "input[name=true]"),
        ("send", "main form button[type=submit]"),
        ("read", "main"),
        ("look", "publisher-complaint"),
    )
    answer, deciding, feed, proof, marked, complaint = (found[i] for i in (3, 4, 6, 7, 9, 17))
    assert "left out 4, because line 6 of robots.txt" in answer[0]
    assert "Disallow: /*?tipo=bozza$" in deciding[0]
    assert "This line decides" in deciding[0]
    assert any("Disallow: /archivio/" in text for text in marked)
    read = ElementTree.fromstring(fetched(feed))
    assert read.findall("{http://www.w3.org/2005/Atom}entry")
    with zipfile.ZipFile(BytesIO(fetched(proof))) as archive:
        stored = [archive.read(name) for name in archive.namelist() if name.startswith("evidence/")]
    assert any(b"Disallow: /archivio/" in content for content in stored)
    assert "has arrived" in complaint[0]
    assert "Please take these pages out." in complaint[0]


def test_an_auditor_gets_the_same_answer_from_the_stored_bytes(register: Register, tmp_path: Path) -> None:
    address = register.closed.replace("&", "%26")
    found = register.walk(
        ("open", f"{register.base}/staff/decisions"),
        ("fill", "input[name=q]", SITE),
        ("fill", "input[name=reason]", "robots.disallow"),
        ("send", "main form button"),
        ("read", "main table tbody tr"),
        ("look", "auditor-decisions"),
        ("open", f"{register.base}/lookup?url={address}"),
        ("read", ".answer"),
        ("look", "auditor-page"),
        ("address", "Download the proof"),
        staff=True,
    )
    rows, answer, proof = found[4], found[7], found[9]
    assert len(rows) == 4
    assert all("robots.disallow" in row for row in rows)
    assert "line 2 of robots.txt" in answer[0]
    with zipfile.ZipFile(BytesIO(fetched(proof))) as archive:
        archive.extractall(tmp_path)
    proofs = sorted(tmp_path.rglob("*.tlog-proof"))
    assert proofs, sorted(path.name for path in tmp_path.rglob("*"))
    key = fetched(f"{register.base}/log/vkey").decode().strip()
    program = next(tmp_path.rglob("verify_proof.py"))
    words = [sys.executable, "-I", str(program), str(proofs[0]), key]
    alone = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert alone.stdout.startswith("PROVEN: entry "), alone.stderr
    assert register.closed in alone.stdout
    shown = register.walk(
        ("open", f"{register.base}/log"),
        ("fill", "#proof", proofs[0].read_text()),
        ("send", "main form button"),
        ("read", ".answer"),
        ("look", "auditor-proof"),
        ("fill", "#proof", proofs[0].read_text().replace("index ", "index 1")),
        ("send", "main form button"),
        ("read", "[role=alert]"),
    )
    assert "This proof holds" in shown[3][0]
    assert "This proves nothing" in shown[7][0]
    why = forbear("why", register.closed, "--data", str(register.data))
    assert "judged again from the stored bytes: the same" in why.stdout
    verified = forbear("log", "verify", "--replay", "--data", str(register.data))
    assert "nothing was altered" in verified.stdout


def test_a_data_engineer_sees_how_the_crawl_went(register: Register, tmp_path: Path) -> None:
    page = tmp_path / "crawl.html"
    made = forbear("report", "crawl", "-o", str(page), "--data", str(register.data))
    assert made.returncode == 0, made.stderr
    found = register.walk(
        ("open", f"{register.base}/staff"),
        ("read", ".answer"),
        ("read", "main h2"),
        ("look", "engineer-overview"),
        ("follow", SITE),
        ("read", "main table tbody tr"),
        ("open", f"{register.base}/check"),
        ("tick", "main details summary"),
        ("fill", "textarea[name=robots]", "User-agent: *\nDisalow: /\n"),
        ("fill", "input[name=url]", "https://example.org/a"),
        ("send", "main form button"),
        ("read", "main"),
        ("look", "engineer-check"),
        ("open", page.as_uri()),
        ("read", "main"),
        ("look", "engineer-report"),
        staff=True,
    )
    overview, parts, excluded, checked, report = (found[i] for i in (1, 2, 5, 11, 14))
    assert "None was kept without evidence" in overview[0]
    assert "Left out and kept" in parts
    assert all("Left out" in row for row in excluded)
    assert "Disalow" in checked[0]
    assert "75" in report[0]
