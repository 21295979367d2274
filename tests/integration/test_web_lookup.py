"""Look-ups: the answer in words, the same bytes as the command line, and nothing hostile comes alive."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient
from protego import Protego

from crawler.config import Config
from crawler.web.headers import HEADERS
from tests.integration.web_tools import AUTH, config_for, demo_record, running

PAGES = (
    "/",
    "/d/example.org",
    "/d/reserved.example",
    "/d/waiting.example",
    "/d/hostile.example",
    "/d/nobody.example",
    "/lookup?url=https%3A%2F%2Freserved.example%2Fa",
    "/lookup?prefix=https%3A%2F%2Fexample.org%2Fpage%2F",
    "/check",
    "/complain",
    "/own",
    "/bot/",
    "/changes/",
    "/api",
    "/accessibility",
    "/log",
    "/nothing-here",
)


def main_of(text: str) -> str:
    """The main part as plain text."""
    found = re.search(r"<main.*</main>", text, re.DOTALL)
    assert found
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[0])).replace("\u00a0", " ")


def test_a_reserved_domain_is_told_the_line_and_the_day(web: TestClient) -> None:
    text = main_of(web.get("/d/reserved.example").text)
    assert "ExampleBot had 2 pages of reserved.example on its list on 24 November 2026." in text
    assert "It left out all of them, because line 3 of robots.txt has reserved AI training since" in text
    assert "Nothing of reserved.example is in our training data today." in text
    assert "This line decides. It reserves AI training." in text


def test_the_deciding_line_is_marked_in_the_stored_file(web: TestClient) -> None:
    html = web.get("/d/reserved.example").text
    assert (
        '<li class="hit"><span>3</span><mark><code translate="no">Content-Usage: train-ai=n</code></mark>'
        in html
    )


def test_nothing_is_a_dated_no(web: TestClient) -> None:
    response = web.get("/d/nobody.example")
    text = main_of(response.text)
    assert response.status_code == 200
    assert "No. ExampleBot has sent no request to nobody.example and holds nothing from it." in text
    assert "The register covers every request from" in text
    assert "not found" not in text.lower()


def test_waiting_is_told_as_not_known(web: TestClient) -> None:
    text = main_of(web.get("/d/waiting.example").text)
    assert "could not tell yet, because robots.txt could not be had. Until we can, we take nothing." in text


def test_a_permission_is_never_shown_as_one(web: TestClient) -> None:
    for page in ("/d/example.org", "/lookup?url=https://example.org/page/0"):
        text = main_of(web.get(page).text).lower()
        assert "no reservation found" in text
        assert "allowed" not in text
        assert "permitted" not in text


def test_one_address_shows_every_decision_and_that_it_comes_out_the_same(web: TestClient) -> None:
    text = main_of(web.get("/lookup?url=https://reserved.example/a").text)
    assert "ExampleBot left out this page on 24 November 2026 without asking your server for it" in text
    assert "from the stored files: same answer" in text


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("Example.ORG", "/d/example.org"),
        ("https://example.org/", "/d/example.org"),
        ("example.org/page/1", "/lookup?url=https%3A%2F%2Fexample.org%2Fpage%2F1"),
        ("bücher.example", "/d/xn--bcher-kva.example"),
    ],
)
def test_one_field_takes_anything(web: TestClient, typed: str, where: str) -> None:
    response = web.get("/lookup", params={"q": typed})
    assert (response.status_code, response.headers["location"]) == (303, where)


@pytest.mark.parametrize("typed", ["", "org", "co.uk", "not a name", "<script>", "\u202e"])
def test_what_is_no_domain_gets_help_instead_of_an_answer(web: TestClient, typed: str) -> None:
    response = web.get("/lookup", params={"q": typed})
    assert response.status_code == 422
    assert "<script>" not in response.text
    assert 'aria-invalid="true"' in response.text


@pytest.mark.parametrize("subject", ["org", "co.uk", "com"])
def test_a_suffix_cannot_be_enumerated(web: TestClient, subject: str) -> None:
    for path in (f"/d/{subject}", f"/d/{subject}.json", f"/api/v1/domains/{subject}"):
        assert web.get(path).status_code == 422


def test_a_prefix_names_a_folder_and_cannot_spell_an_address(web: TestClient) -> None:
    assert web.get("/api/v1/lookup", params={"prefix": "https://example.org/pa"}).status_code == 422
    answer = web.get("/api/v1/lookup", params={"prefix": "https://example.org/page/"})
    assert answer.json()["decisions"] == 3


def test_answers_are_kept_out_of_indexes_in_every_language(web: TestClient) -> None:
    rules = Protego.parse(web.get("/robots.txt").text)
    for path in (
        "/d/example.org",
        "/lookup?url=x",
        "/de/d/example.org",
        "/de/lookup?url=x",
        "/de/complaint/a/b",
    ):
        assert not rules.can_fetch(f"https://register.example{path}", "AnyBot")
    for path in ("/", "/de/", "/bot/", "/changes/", "/feeds/policy.atom", "/complain", "/de/complain"):
        assert rules.can_fetch(f"https://register.example{path}", "AnyBot")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_headers_and_no_script(web: TestClient, path: str) -> None:
    response = web.get(path)
    if response.is_redirect:
        response = web.get(response.headers["location"])
    for name, value in HEADERS.items():
        if name != "Content-Security-Policy":
            assert response.headers[name] == value
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert "<script" not in response.text
    assert "style=" not in response.text
    assert "set-cookie" not in response.headers
    assert response.text.count("<h1") == 1


def cli(config: Config, *words: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "crawler", *words, "--data", str(config.storage.data)],
        capture_output=True,
        check=False,
        env={"FORBEAR_CRAWLER_PRODUCT_TOKEN": "ExampleBot", "PATH": "/usr/bin", "HOME": "/tmp"},
    )
    return done.stdout


def test_the_web_and_the_command_line_print_the_same_bytes(web: TestClient, config: Config) -> None:
    for name in ("example.org", "hostile.example", "nobody.example"):
        printed = cli(config, "lookup", name, "--json")
        assert printed
        assert web.get(f"/d/{name}.json").content == printed
        assert web.get(f"/api/v1/domains/{name}").content == printed
    url = "https://reserved.example/a"
    row = cli(config, "why", url, "--json").rstrip(b"\n")
    assert web.get("/api/v1/lookup", params={"url": url}).content == b'{"items":[' + row + b'],"next":null}\n'
    lines = cli(config, "decisions", "export", "--format", "jsonl").splitlines()
    page = web.get("/api/v1/decisions", params={"limit": 200}, auth=AUTH).content
    assert page == b'{"items":[' + b",".join(lines) + b'],"next":null}\n'


def test_lists_are_paged_by_a_sealed_cursor(web: TestClient) -> None:
    seen: list[str] = []
    path = "/api/v1/decisions?limit=3"
    while path:
        response = web.get(path, auth=AUTH)
        seen += [item["url"] for item in response.json()["items"]]
        link = response.headers.get("link", "")
        path = link[1 : link.index(">")] if link else ""
    assert len(seen) == 11
    for forged in ("MQ", "x" * 40, "\u00e4"):
        answer = web.get("/api/v1/decisions", params={"cursor": forged}, auth=AUTH)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_has_not_changed_is_not_sent_again(web: TestClient) -> None:
    first = web.get("/d/example.org.json")
    again = web.get("/d/example.org.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_feed_is_valid_atom_whatever_a_site_says(web: TestClient) -> None:
    atom = "{http://www.w3.org/2005/Atom}"
    for name in ("example.org", "hostile.example", "nobody.example"):
        response = web.get(f"/d/{name}.atom")
        root = ElementTree.fromstring(response.content)
        assert response.headers["content-type"].startswith("application/atom+xml")
        for element in (root, *root.findall(f"{atom}entry")):
            for tag in ("id", "title", "updated"):
                assert len(element.findall(atom + tag)) == 1
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", element.findtext(f"{atom}updated") or "")
        ids = [e.findtext(f"{atom}id") for e in root.findall(f"{atom}entry")]
        assert len(ids) == len(set(ids))
        links = {link.get("rel") for link in root.findall(f"{atom}link")}
        assert {"self", "alternate"} <= links


def test_a_proof_holds_the_bytes_its_sums_name(web: TestClient) -> None:
    for path in ("/d/reserved.example.zip", "/lookup.zip?url=https://reserved.example/a"):
        archive = zipfile.ZipFile(io.BytesIO(web.get(path).content))
        for line in archive.read("SHA256SUMS").decode().splitlines():
            digest, name = line.split("  ")
            assert sha256(archive.read(name)).hexdigest() == digest
            if name.startswith("evidence/"):
                assert name == f"evidence/{digest}"
        assert any(n.startswith("evidence/") for n in archive.namelist())
    assert (
        "decisions.jsonl"
        not in zipfile.ZipFile(io.BytesIO(web.get("/d/reserved.example.zip").content)).namelist()
    )


def test_a_proof_says_whose_register_it_is_from_and_nothing_a_site_made_up(web: TestClient) -> None:
    url = "https://hostile.example/\u202ereversed/<img"
    for path, params, subject in (
        ("/d/reserved.example.zip", {}, "reserved.example"),
        ("/lookup.zip", {"url": url}, "https://hostile.example/[U+202E]reversed/<img"),
    ):
        with zipfile.ZipFile(io.BytesIO(web.get(path, params=params).content)) as proof:
            first = proof.read("README.txt").decode().splitlines()[0]
        assert first == (
            "What the register of ExampleBot, the crawler of Example Labs, at https://register.example "
            f"holds about {subject}."
        )


def test_a_proof_is_the_same_bytes_each_time(web: TestClient) -> None:
    assert web.get("/d/reserved.example.zip").content == web.get("/d/reserved.example.zip").content


def hostile_pages() -> tuple[str, ...]:
    urls = ("https://hostile.example/\u202ereversed/<img", "https://hostile.example/\"'><svg/onload=alert(3)>",
            "https://hostile.example/ok")  # fmt: skip
    return ("/d/hostile.example", *(f"/lookup?url={quote(url, safe='')}" for url in urls))


@pytest.mark.parametrize("path", hostile_pages())
def test_hostile_evidence_stays_text(web: TestClient, path: str) -> None:
    response = web.get(path)
    assert response.status_code == 200
    assert not re.search(r"<(script|img|svg/|b>)", response.text.replace("<svg ", ""))
    for character in ("\u202e", "\x1b", "\x00"):
        assert character not in response.text
    assert "U+202E" in response.text or "ok" in path


def test_hostile_evidence_cannot_run_in_a_spreadsheet(web: TestClient) -> None:
    body = web.get("/lookup.csv", params={"url": "https://hostile.example/ok"}).text
    assert "\x1b" not in body
    for cell in body.split(","):
        assert not cell.lstrip('"').startswith(("=", "+", "@"))


def test_a_stored_file_is_downloaded_as_bytes_only(web: TestClient) -> None:
    found = web.get("/api/v1/files", params={"domain": "hostile.example"}).json()["items"]
    digest = next(f["sha256"] for f in found if f["kind"] == "robots.txt" and f["length"])
    response = web.get(f"/file/{digest}/bytes")
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith("attachment;")
    assert sha256(response.content).hexdigest() == digest
    assert "<script>" not in web.get(f"/file/{digest}?line=3").text


def test_a_page_s_own_signals_are_no_public_file(web: TestClient, config: Config) -> None:
    items = web.get("/api/v1/lookup", params={"url": "https://meta.example/x"}).json()["items"]
    head = next(o for o in items[0]["observations"] if o["kind"] == "html-signals")
    assert web.get(f"/file/{head['sha256']}").status_code == 404


def test_one_network_may_ask_so_often(tmp_path: Path) -> None:
    with running(config_for(tmp_path, lookups_per_minute=2)) as web:
        answers = [web.get("/d/example.org") for _ in range(3)]
        assert [a.status_code for a in answers] == [200, 200, 429]
        assert int(answers[2].headers["retry-after"]) >= 1
        assert "This is no statement about the site you asked for" in main_of(answers[2].text)
        assert web.get("/d/example.org.json").status_code == 429


def test_a_new_instance_says_that_it_has_not_crawled(tmp_path: Path) -> None:
    with running(config_for(tmp_path)) as web:
        assert "has not crawled yet" in main_of(web.get("/d/example.org").text)
        assert web.get("/").status_code == 200
        assert web.get("/staff", auth=AUTH).status_code == 200


@pytest.mark.slow
def test_the_demo_web_s_hostile_and_listed_sites(tmp_path: Path) -> None:
    demo_record(tmp_path)
    with running(config_for(tmp_path)) as web:
        rows = web.get("/api/v1/decisions", params={"limit": 200}, auth=AUTH).json()["items"]
        circus = [row["url"] for row in rows if row["host"] == "127.0.1.48"]
        assert circus
        for path in ("/d/127.0.1.48", *(f"/lookup?url={quote(url, safe='')}" for url in circus)):
            text = web.get(path).text
            assert "\x1b" not in text
            assert "<script" not in text
        ElementTree.fromstring(web.get("/d/127.0.1.48.atom").content)
        listed = main_of(web.get("/d/127.0.1.44").text)
        assert "has not visited 127.0.1.44: named in 7 O 118/25, Amtsgericht Auenthal" in listed
        assert "pirate" not in listed.lower()
        for host in sorted({row["host"] for row in rows}):
            for path in (
                f"/d/{host}",
                f"/d/{host}.json",
                f"/d/{host}.csv",
                f"/d/{host}.atom",
                f"/d/{host}.zip",
            ):
                assert web.get(path).status_code in (200, 429), path
        for row in rows:
            assert web.get("/lookup", params={"url": row["url"]}).status_code == 200
        assert json.loads(web.get("/openapi.json").content)["openapi"].startswith("3.1")
