"""TDM policies that header lines name, and licences that a server or a feed asks for, in a whole crawl."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import select

from crawler.components.run import Job, run_job
from crawler.config import Config
from crawler.demo import demo_config
from crawler.demoweb.catalog import Page, Site
from crawler.demoweb.server import DemoWeb
from crawler.evidence.store import Freshness
from crawler.examine import examine
from crawler.store.database import open_for_reading
from crawler.store.schema import decision, observation
from reservations.readers.rsl_document import max_age, read_rsl

UID = "https://press.example/p1"
POLICY = json.dumps(
    {
        "uid": UID,
        "assigner": {"vcard:fn": "Example Press", "vcard:hasEmail": "mailto:rights@press.example"},
        "permission": [{"action": "tdm:mine", "duty": [{"action": "compensate"}]}],
    }
)
PINNED = f"{UID} sha256:{sha256(POLICY.encode()).hexdigest()}"
OTHER = f"{UID} sha256:{'0' * 64}"
NAMED = (("tdm-reservation", "1"), ("tdm-policy", "/policy.json"))
META = '<meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="/policy.json">'
CHALLENGE = 'License error="invalid_token", error_description="License token missing"'
FEED = (
    '<rss xmlns:rsl="https://rslstandard.org/rsl"><channel><item><link>http://{address}/b</link>'
    '<rsl:content url="/b"><rsl:license><rsl:prohibits type="usage">ai-train</rsl:prohibits></rsl:license>'
    "</rsl:content></item></channel></rss>"
)


def page(path: str, body: str, media_type: str = "text/html", **more: object) -> Page:
    kept = {"html": body} if media_type == "text/html" else {"text": body}
    return Page(path=path, media_type=media_type, **kept, **more)  # type: ignore[arg-type]


SITE = Site(
    name="press",
    address="127.0.4.1",
    title="Press",
    shows="policies",
    lang="en",
    page=(
        page("/robots.txt", "User-agent: *\nAllow: /\n", "text/plain"),
        page("/header", "Text.", headers=NAMED),
        page("/noai", "Text.", headers=(*NAMED, ("X-Robots-Tag", "noai"))),
        page("/meta", "Text.", head=META),
        page("/policy.json", POLICY, "application/ld+json"),
        page("/token", "Buy.", status=401, headers=(("WWW-Authenticate", CHALLENGE),)),
        page("/feed", FEED, "text/xml"),
    ),
)
PATHS = ("/header", "/noai", "/meta", "/token", "/feed")


@pytest.fixture
def web() -> Iterator[DemoWeb]:
    with DemoWeb(port=0, sites=(SITE,)) as served:
        yield served


def config_in(folder: Path, *accepted: str) -> Config:
    return demo_config(folder / "data").merged(
        policy={"accepted_policies": accepted}, politeness={"retries": 0, "give_up_after": 1}
    )


def crawl(config: Config, web: DemoWeb) -> dict[str, tuple[str, str, str]]:
    """Verdict, reason and stage by path."""
    job = Job(config=config, seeds=tuple(web.url("press", path) for path in PATHS))
    asyncio.run(run_job(job, Console(quiet=True, stderr=True)))
    with open_for_reading(config.database_url).connect() as connection:
        rows = connection.execute(select(decision)).all()
    return {"/" + row.url.split("/", 3)[3]: (row.verdict, row.reason, row.stage) for row in rows}


@pytest.mark.parametrize("accepted", [UID, PINNED])
def test_an_accepted_policy_lifts_what_header_lines_reserve(
    web: DemoWeb, tmp_path: Path, accepted: str
) -> None:
    decided = crawl(config_in(tmp_path, accepted), web)
    assert decided["/header"] == ("keep", "none", "body")
    assert decided["/meta"] == ("keep", "none", "body")
    assert decided["/noai"] == ("exclude", "noai.header", "headers")
    assert [r.target for r in web.log("press")].count("/policy.json") == 1


def test_a_policy_that_changed_lifts_nothing_and_the_note_says_so(web: DemoWeb, tmp_path: Path) -> None:
    config = config_in(tmp_path, OTHER)
    decided = crawl(config, web)
    assert decided["/header"][:2] == ("exclude", "tdmrep.header")
    assert decided["/meta"] == ("exclude", "tdmrep.meta", "body")
    with open_for_reading(config.database_url).connect() as connection:
        notes = connection.execute(select(decision.c.notes)).scalars().all()
    assert any("tdmrep.policy-changed" in note for note in notes)


def test_without_accepted_policies_none_is_asked_for(web: DemoWeb, tmp_path: Path) -> None:
    decided = crawl(config_in(tmp_path), web)
    assert decided["/header"] == ("exclude", "tdmrep.header", "headers")
    assert "/policy.json" not in [r.target for r in web.log("press")]


def test_a_check_reads_them_alike(web: DemoWeb, tmp_path: Path) -> None:
    (found,) = asyncio.run(examine(config_in(tmp_path, PINNED), web.url("press", "/header")))
    assert found.decision.verdict == "keep"
    (found,) = asyncio.run(examine(config_in(tmp_path, OTHER), web.url("press", "/header")))
    assert found.decision.reason == "tdmrep.header"


def test_no_token_is_sent_where_one_is_demanded_and_a_feed_that_withholds_is_left_out(
    web: DemoWeb, tmp_path: Path
) -> None:
    """RSL-SPEC-1.0 sections 4.7 and 6.3."""
    config = config_in(tmp_path)
    decided = crawl(config, web)
    assert decided["/token"][:2] == ("exclude", "access.401")
    assert decided["/feed"] == ("exclude", "rsl.prohibited", "body")
    asked = [r.target for r in web.log("press")]
    assert asked.count("/token") == 1
    assert {"/b", "/license.xml", "/introspect"}.isdisjoint(asked)
    with open_for_reading(config.database_url).connect() as connection:
        kinds = set(connection.execute(select(observation.c.kind)).scalars())
        reasons = connection.execute(select(decision.c.reasons).where(decision.c.reason == "access.401"))
        assert CHALLENGE.partition(",")[0].replace('"', '\\"') in str(reasons.scalar_one())
    assert "rsl-embedded" in kinds


def test_evidence_is_asked_for_again_before_any_licence_runs_out() -> None:
    """`max-age` is in whole days (RSL-SPEC-1.0 section 3.2), and nothing is held for longer than a day."""
    shortest = read_rsl(b'<rsl xmlns="https://rslstandard.org/rsl" max-age="1"><content url="/"/></rsl>')
    assert Freshness().seconds <= max_age(shortest)
