"""What pages show of stored files: the right one, its deciding line, what changed, and nothing private."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.store.database import open_database
from crawler.web.differences import MAX_COMPARED, differences
from crawler.web.evidence_view import MAX_INLINE, MAX_LINES, excerpt, split
from crawler.web.language import language
from crawler.which import piece_of
from reservations.model import IMAGE_XMP, TDMREP_JSON, Evidence, Outcome, Stage
from tests.integration.test_web_lookup import main_of
from tests.integration.web_tools import config_for, running
from tests.record_tools import at, decided, location_files, page, record_all, robots

ORIGIN = "https://river.example"
OLD = b"User-agent: *\nCrawl-delay: 2\nAllow: /\n"
NEW = b"User-agent: *\nCrawl-delay: 2\nContent-Usage: train-ai=n\nAllow: /\n"
LONG = b"User-agent: *\n" + b"".join(b"Disallow: /%d/\n" % n for n in range(5000))
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    b'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"><rdf:Description '
    b'plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"/></rdf:RDF></x:xmpmeta>'
)


def unreachable(kind: str, url: str) -> Evidence:
    return Evidence(
        kind=kind, url=url, outcome=Outcome.UNREACHABLE, fetched_at=at(0), status=503, why="status 503"
    )


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    config = config_for(tmp_path_factory.mktemp("web"))
    engine = open_database(config.database_url)
    waiting, images, long = "https://waiting.example", "https://images.example", "https://long.example"
    others = tuple(e for e in location_files(waiting) if e.kind != TDMREP_JSON)
    tdmrep = unreachable(TDMREP_JSON, f"{waiting}/.well-known/tdmrep.json")
    picture = f"{images}/private/braut.png"
    xmp = Evidence(kind=IMAGE_XMP, url=picture, outcome=Outcome.FOUND, status=200, fetched_at=at(0), body=XMP)
    record_all(
        engine,
        decided(f"{ORIGIN}/a", robots(OLD, ORIGIN), *location_files(ORIGIN), page(f"{ORIGIN}/a")),
        decided(f"{ORIGIN}/a", robots(NEW, ORIGIN, 9), stage=Stage.BEFORE_FETCH, minutes=9),
        decided(f"{waiting}/", robots(None, waiting), tdmrep, *others, stage=Stage.BEFORE_FETCH),
        decided(picture, robots(None, images), *location_files(images),
                page(picture, Content_Type="image/png"), xmp),
        decided(f"{long}/4321/a", robots(LONG, long), stage=Stage.BEFORE_FETCH),
    )  # fmt: skip
    engine.dispose()
    with running(config) as client:
        yield client


def test_what_changed_in_a_file_is_shown_line_by_line(web: TestClient) -> None:
    shown = web.get("/d/river.example").text
    assert '<span class="hide">added: </span>Content-Usage: train-ai=n' in shown
    assert 'class="cut"' not in shown
    new, old = sha256(NEW).hexdigest(), sha256(OLD).hexdigest()
    assert f"/file/{new}?before={old}" in shown
    both = web.get(f"/file/{new}", params={"before": old}).text
    assert "What changed" in main_of(both)
    assert '<li class="add"><span>+</span><ins>' in both
    back = web.get(f"/file/{old}", params={"before": new}).text
    assert '<span class="hide">removed: </span>Content-Usage: train-ai=n' in back
    assert web.get(f"/file/{new}", params={"before": "0" * 64}).status_code == 404
    same = web.get(f"/file/{new}", params={"before": new}).text
    assert "Nothing: both are the same" in main_of(same)


def test_the_file_that_failed_is_named_and_no_other_empty_one(web: TestClient) -> None:
    text = main_of(web.get("/lookup", params={"url": "https://waiting.example/"}).text)
    decided_by = text[text.index("What decided") : text.index("Every decision")]
    assert "tdmrep.json asked for at https://waiting.example/.well-known/tdmrep.json" in decided_by
    assert "There was nothing to read: unreachable." in decided_by
    assert "trust.txt" not in decided_by
    whole = main_of(web.get("/d/waiting.example").text)
    assert "Not always to be had, so that we could not tell: tdmrep.json." in whole
    assert "not found: ai.txt, robots.txt, trust.txt" in whole


def test_what_an_image_says_itself_is_no_public_file(web: TestClient) -> None:
    shown = web.get("/d/images.example").text
    assert "braut.png" not in shown
    assert "image-xmp" not in shown
    assert web.get(f"/file/{sha256(XMP).hexdigest()}").status_code == 404
    assert web.get("/api/v1/files", params={"domain": "images.example"}).text.count("braut.png") == 0
    assert b"braut.png" not in web.get("/d/images.example.zip").content


def test_a_deciding_line_far_down_a_long_file_is_shown(web: TestClient) -> None:
    shown = web.get("/lookup", params={"url": "https://long.example/4321/a"}).text
    assert re.search(r'<li class="hit"><span>4323</span><mark><code[^>]*>Disallow: /4321/<', shown)
    assert "lines left out here" in shown


def test_a_site_that_was_only_asked_for_its_files_is_not_told_that_nothing_was_asked(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    engine = open_database(config.database_url)
    record_all(
        engine, decided("https://a.example/", robots(None, "https://b.example"), stage=Stage.BEFORE_FETCH)
    )
    engine.dispose()
    with running(config) as client:
        text = main_of(client.get("/d/b.example").text)
    assert "has asked b.example for robots.txt and other rights files only" in text
    assert "sent no request" not in text


@pytest.mark.parametrize(
    ("code", "kinds", "kind"),
    [
        ("trust_txt.unreachable", ("robots.txt", "trust.txt"), "trust.txt"),
        ("robots.disallow", ("ai.txt", "robots.txt"), "robots.txt"),
        ("aipref.robots", ("ai.txt", "robots.txt"), "robots.txt"),
        ("ai_txt", ("robots.txt", "ai.txt"), "ai.txt"),
        ("content_signal", ("robots.txt", "trust.txt"), "robots.txt"),
    ],
)
def test_of_files_with_the_same_bytes_the_one_a_code_is_about(
    code: str, kinds: tuple[str, ...], kind: str
) -> None:
    files = [
        Evidence(
            kind=k,
            url=f"https://a.example/{k}",
            outcome=Outcome.FOUND,
            status=200,
            fetched_at=at(0),
            body=b"x",
        )
        for k in kinds
    ]
    found = piece_of(files, files[0].sha256, code)
    assert found is not None
    assert found.kind == kind
    assert piece_of(files, "0" * 64, code) is None


LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b"User-agent: *"]), max_size=30)


@settings(deadline=None)
@given(LINES, LINES)
def test_differences_lead_from_the_old_version_to_the_new_one(old: list[bytes], new: list[bytes]) -> None:
    part = differences(b"\n".join(old) + b"\n", b"\n".join(new) + b"\n")
    came = [str(line.text).encode() for line in part.lines if line.sign == "+"]
    went = [str(line.text).encode() for line in part.lines if line.sign == "−"]
    before, after = split(b"\n".join(old) + b"\n"), split(b"\n".join(new) + b"\n")
    assert sorted(went + after) == sorted(came + before) or len(part.lines) >= MAX_LINES
    numbers = [line.number for line in part.lines if line.number]
    assert all(str(line.text).encode() == after[line.number - 1] for line in part.lines if line.number)
    assert numbers == sorted(numbers)


def test_versions_too_long_to_match_are_bounded() -> None:
    old, new = (b"".join(b"%s%d\n" % (mark, n) for n in range(MAX_COMPARED * 50)) for mark in (b"o", b"n"))
    part = differences(old, new)
    assert len(part.lines) <= MAX_LINES + 1
    assert sum(len(line.text) for line in part.lines) < 2 * MAX_INLINE
    assert part.lines[-1].gap > 0


@pytest.mark.parametrize(
    ("old", "new"), [(b"\n", b"a\n"), (b"a\nb\n", b"b\na\n"), (b"a", b"b"), (b"", b"\n")]
)
def test_the_longest_files_are_compared_within_a_second(old: bytes, new: bytes) -> None:
    size = 5 * 2**20
    versions = [piece * (size // max(1, len(piece))) for piece in (old, new)]
    begun = time.perf_counter()
    part = differences(*versions)
    for version in versions:
        excerpt(version, {3: language("en").say("Here.")}, context=None)
    assert time.perf_counter() - begun < 2
    assert len(part.lines) <= MAX_LINES + 1


def test_a_line_of_a_short_file_is_shown_with_all_of_it() -> None:
    part = excerpt(b"a\nb\nc\n", {2: language("en").say("Here.")}, context=None)
    assert part.whole
