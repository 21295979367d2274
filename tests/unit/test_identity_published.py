"""What is published: declaration, changes, feeds, page and twin, address file, and the check of it all."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from crawler.cli import build_app
from crawler.config import Config, ConfigError
from crawler.conformance import evidence_of
from crawler.gate import Case, Terms, judge
from crawler.identity import check, feed
from crawler.identity.bot_page import NAV, examples
from crawler.identity.check_feed import check_atom, check_json_feed
from crawler.identity.declaration import (
    Category,
    DeclarationError,
    canonical,
    dated_table,
    declare,
    digest,
)
from crawler.identity.ip_ranges import PrefixError, ip_ranges, read_ip_ranges, read_prefix, read_prefixes
from crawler.identity.keys import key_folder, load_keys, rotate
from crawler.identity.publish import File, announce, site, write_site
from crawler.identity.required import UnpublishedError, require_published
from crawler.network import Answer
from crawler.store.database import open_database
from crawler.store.queries.publications import Notice, notices, publications
from crawler.vectors import shipped_vectors
from reservations.model import Agent, Evidence, Outcome, Preference, Profile, Stage, Verdict
from reservations.policy import Policy
from reservations.protocols import discover
from reservations.read import read
from tests.unit.identity_tools import AGENT, NOW, VECTORS, config

DAY = timedelta(days=1)
SIGNED = {"signature_agent": AGENT}


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    made = open_database(f"sqlite:///{tmp_path / 'data' / 'forbear.db'}")
    yield made
    made.dispose()


def publish(engine: Engine, settings: Config, now: datetime = NOW, effective: datetime | None = None) -> Any:
    with engine.begin() as connection:
        return announce(connection, settings, now, effective)


def recorded(engine: Engine) -> tuple[Notice, ...]:
    with engine.connect() as connection:
        return notices(connection)


def built(engine: Engine, settings: Config, now: datetime = NOW) -> dict[str, File]:
    with engine.connect() as connection:
        return {file.path: file for file in site(connection, settings, now)}


def with_key(settings: Config, now: datetime = NOW) -> str:
    folder = key_folder(settings)
    return rotate(folder, now, lifetime=90 * DAY, overlap=7 * DAY).new.kid


# ---- addresses


@pytest.mark.parametrize("name", ["legacy_de_facto", "jafar_superset"])
def test_files_of_both_forms_are_read(name: str) -> None:
    prefixes, wrong = read_ip_ranges(VECTORS["ip_ranges"][name])
    assert ({str(p) for p in prefixes}, wrong) == ({"192.0.2.0/27", "2001:db8:40::/48"}, ())


@pytest.mark.parametrize("vector", VECTORS["ip_ranges"]["invalid"], ids=lambda v: v["why"][:20])
def test_invalid_objects_are_ignored_and_named(vector: dict[str, Any]) -> None:
    prefixes, wrong = read_ip_ranges({"creationTime": "2026-11-24T00:00:00Z", "prefixes": vector["prefixes"]})
    assert prefixes == ()
    assert len(wrong) == 1


@pytest.mark.parametrize("data", [None, [], {}, {"prefixes": {}}, {"prefixes": [], "formatVersion": "2.0"}])
def test_what_is_no_address_file_is_said_so(data: object) -> None:
    assert read_ip_ranges(data)[1]


def test_jafar_has_all_members_and_is_readable_by_old_consumers() -> None:
    prefixes = read_prefixes(["2001:db8:40::/48", "192.0.2.0/27", "192.0.2.0/27"], allow_private=True)
    made = ip_ranges(prefixes, "ExampleBot", NOW)
    expected = VECTORS["ip_ranges"]["jafar_superset"]
    assert set(made) == set(expected)
    assert made["prefixes"] == expected["prefixes"]
    assert (made["formatVersion"], made["creationTime"]) == ("1.0", "2026-11-24T06:00:00Z")
    assert read_ip_ranges(made) == (prefixes, ())


def test_the_synctoken_changes_with_the_prefixes_and_with_nothing_else() -> None:
    first = read_prefixes(["192.0.2.0/27"], allow_private=True)
    other = read_prefixes(["192.0.2.32/27"], allow_private=True)
    tokens = [
        ip_ranges(p, "ExampleBot", t)["synctoken"]
        for p, t in ((first, NOW), (first, NOW + DAY), (other, NOW))
    ]
    assert tokens[0] == tokens[1] != tokens[2]


@pytest.mark.parametrize("text", ["192.0.2.1/27", "x", "10.0.0.0/33", ""])
def test_prefixes_with_host_bits_or_other_mistakes_are_refused(text: str) -> None:
    with pytest.raises(PrefixError):
        read_prefix(text)


def test_private_and_documentation_ranges_are_not_published(tmp_path: Path) -> None:
    for text in ("10.0.0.0/8", "192.0.2.0/24", "fe80::/10"):
        with pytest.raises(PrefixError, match="cannot be where we crawl from"):
            read_prefixes([text])
    with pytest.raises(DeclarationError, match="ip_prefixes"):
        declare(config(tmp_path, network={"allow_private": False}))


# ---- the declaration


def test_the_declaration_is_a_function_of_the_settings_alone(tmp_path: Path) -> None:
    settings = config(tmp_path)
    assert canonical(declare(settings)) == canonical(declare(settings))
    assert json.loads(canonical(declare(settings))).keys() == {c.value for c in Category}
    assert canonical(declare(settings)).isascii()


def test_every_protocol_is_in_the_table_and_no_other() -> None:
    assert set(dated_table()["protocols"]) == {p.name for p in discover()}


def deciding_profiles() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for vector in shipped_vectors():
        reading = read(vector["url"], map(evidence_of, vector["evidence"]), Agent(token=vector["agent"]))
        for statement in reading.statements:
            if statement.preference is Preference.RESERVED and not statement.advisory:
                found.setdefault(statement.protocol, set()).update(statement.under)
    return found


def test_the_profiles_of_the_table_are_those_under_which_protocols_decide() -> None:
    found = deciding_profiles()
    for name, row in dated_table()["protocols"].items():
        expected = set(row.get("profiles", [p.value for p in Profile]))
        assert expected <= {p.value for p in Profile}
        if name in found:
            assert {str(p) for p in found[name]} >= expected - {"letter"}, name
            assert ("standard" in expected) == ("standard" in {str(p) for p in found[name]}), name


def test_a_protocol_that_is_switched_off_is_not_claimed(tmp_path: Path) -> None:
    table = tmp_path / "protocols.json"
    table.write_text('{"version": "x", "protocols": [{"name": "ai_txt", "enabled": false}]}')
    settings = config(tmp_path, policy={"protocols": table})
    assert "ai_txt" not in declare(settings)[Category.PROTOCOLS]
    assert "ai_txt" in declare(config(tmp_path))[Category.PROTOCOLS]


@pytest.mark.parametrize(("profile", "claimed"), [("letter", False), ("standard", False), ("strict", True)])
def test_plain_language_is_claimed_where_it_decides(tmp_path: Path, profile: str, claimed: bool) -> None:
    settings = config(tmp_path, policy={"profile": profile})
    assert ("natural_language" in declare(settings)[Category.PROTOCOLS]) is claimed


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("name", ["keep_out", "reserve_ai_training"])
def test_the_lines_on_the_page_keep_us_out(tmp_path: Path, name: str, profile: Profile) -> None:
    lines = examples(declare(config(tmp_path)))[name]
    robots = Evidence(
        kind="robots.txt",
        url="https://example.org/robots.txt",
        outcome=Outcome.FOUND,
        status=200,
        fetched_at=NOW,
        body="\n".join(lines).encode(),
    )
    case = Case(url="https://example.org/a", stage=Stage.BEFORE_FETCH, decided_at=NOW, evidence=(robots,))
    terms = Terms(agent=Agent(token="ExampleBot"), policy=Policy(profile=profile))
    assert judge(case, terms).verdict is Verdict.EXCLUDE


# ---- versions and notices


def test_the_first_version_holds_at_once_and_is_one_notice(engine: Engine, tmp_path: Path) -> None:
    version = publish(engine, config(tmp_path, identity={"notice": 86_400 * 14}))
    assert (version.number, version.effective_at) == (1, NOW)
    assert version.sha256 == sha256(version.canonical.encode()).hexdigest()
    (notice,) = recorded(engine)
    assert notice.title == "ExampleBot says who it is and what it honours"


def test_nothing_new_is_nothing_to_announce(engine: Engine, tmp_path: Path) -> None:
    publish(engine, config(tmp_path))
    assert publish(engine, config(tmp_path), NOW + DAY) is None
    assert len(recorded(engine)) == 1


CHANGES: list[tuple[str, dict[str, Any], str]] = [
    ("identity", {"crawler": {"version": "1.3"}}, "changes its user agent"),
    ("identity", {"crawler": {"from": "other@example.net"}}, "changes its From address"),
    ("ip-ranges", {"identity": {"ip_prefixes": ["192.0.2.0/27"]}}, "drops address range 2001:db8:40::/48"),
    ("purposes", {"crawler": {"purposes": ["research"]}}, "changes its purposes"),
    ("purposes", {"policy": {"uses": ["tdm"]}}, "changes the uses it intends"),
    ("behaviour", {"politeness": {"delay": 2}}, "changes its pause between two requests"),
    ("retention", {"identity": {"pages_kept": "a year"}}, "changes how long pages are kept"),
    ("contact", {"identity": {"complaint": "c@example.net"}}, "changes where complaints go"),
    ("reading", {"policy": {"infer_from_other_bots": "off"}}, "changes what it makes of groups"),
    ("lists", {"policy": {"jurisdictions": ["DE"]}}, "changes the countries whose lists count"),
]


@pytest.mark.parametrize(("category", "change", "says"), CHANGES, ids=[c[2] for c in CHANGES])
def test_every_kind_of_change_is_a_notice(
    engine: Engine, tmp_path: Path, category: str, change: dict[str, Any], says: str
) -> None:
    publish(engine, config(tmp_path))
    publish(engine, config(tmp_path, **change), NOW + DAY, NOW + 8 * DAY)
    newest = recorded(engine)[0]
    assert newest.category == category
    assert newest.title.startswith(f"ExampleBot: {says}")
    assert newest.title.endswith("(from 2\u00a0December\u00a02026)")
    assert len(newest.changes) == 1
    assert newest.changes[0][1] != newest.changes[0][2]


def test_protocols_robots_features_and_keys_are_announced(engine: Engine, tmp_path: Path) -> None:
    publish(engine, config(tmp_path, policy={"profile": "letter"}))
    settings = config(tmp_path, policy={"profile": "strict"}, identity=SIGNED)
    kid = with_key(settings)
    publish(engine, settings, NOW + DAY)
    found = {n.category: n for n in recorded(engine) if n.number == 2}
    assert set(found) == {"identity", "robots-features", "reservation-protocols", "reading"}
    assert "heeds in robots.txt: If it is refused" in found["robots-features"].title
    assert "reads Reservations in plain language" in found["reservation-protocols"].title
    assert any(kid in name for name, _, _ in found["identity"].changes)


def test_a_change_takes_effect_after_the_notice_and_never_before_an_earlier_one(
    engine: Engine, tmp_path: Path
) -> None:
    publish(engine, config(tmp_path))
    later = publish(engine, config(tmp_path, politeness={"delay": 2}, identity={"notice": 14 * 86_400}))
    assert later.effective_at == NOW + 14 * DAY
    third = publish(engine, config(tmp_path, politeness={"delay": 3}), NOW + DAY, NOW + DAY)
    assert third.effective_at == NOW + 14 * DAY


def test_a_key_is_published_at_once_since_it_carries_its_dates(engine: Engine, tmp_path: Path) -> None:
    settings = config(tmp_path, identity={**SIGNED, "notice": 14 * 86_400})
    with_key(settings)
    publish(engine, settings)
    with_key(settings, NOW + DAY)
    assert publish(engine, settings, NOW + DAY).effective_at == NOW + DAY


def test_versions_are_refused_without_an_address(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="base_url"):
        publish(engine, config(tmp_path, publish={"base_url": ""}))


def test_a_crawl_needs_its_rules_in_force_and_its_key_published(engine: Engine, tmp_path: Path) -> None:
    settings = config(tmp_path, identity=SIGNED, publish={"require_published": True})
    kid = with_key(settings)

    def allowed(chosen: Config = settings, key: str | None = kid, days: float = 0) -> int | None:
        with engine.connect() as connection:
            return require_published(connection, chosen, NOW + days * DAY, key)

    with pytest.raises(UnpublishedError, match="was not published"):
        allowed()
    publish(engine, settings)
    assert allowed() == 1
    new = with_key(settings, NOW + DAY)
    assert allowed() == 1
    with pytest.raises(UnpublishedError, match=f"signing key {new}"):
        allowed(key=new)
    faster = config(tmp_path, identity=SIGNED, publish={"require_published": True}, politeness={"delay": 0.5})
    with pytest.raises(UnpublishedError, match="was not published"):
        allowed(faster)
    publish(engine, faster, NOW + DAY, NOW + 8 * DAY)
    with pytest.raises(UnpublishedError, match="takes effect on 2026-12-02"):
        allowed(faster, days=2)
    assert allowed(key=new, days=2) == 1
    assert allowed(faster, days=9) == 2
    with pytest.raises(UnpublishedError):
        allowed(days=9)
    assert allowed(config(tmp_path, identity=SIGNED), days=9) is None


# ---- feeds


def three_versions(engine: Engine, tmp_path: Path) -> Config:
    publish(engine, config(tmp_path))
    publish(engine, config(tmp_path, politeness={"delay": 2}), NOW + DAY, NOW + 8 * DAY)
    last = config(
        tmp_path,
        operator={"name": 'Labs <b>&"\x01\ufffe', "contact": "crawl@example.net"},
        politeness={"delay": 2},
        identity={"pages_kept": "<script>alert(1)</script>"},
    )
    publish(engine, last, NOW + 2 * DAY)
    return last


def test_feeds_are_valid_by_the_checklist_whatever_is_in_them(engine: Engine, tmp_path: Path) -> None:
    settings = three_versions(engine, tmp_path)
    found = recorded(engine)
    body = feed.atom(settings, found)
    assert check_atom(body, f"{AGENT}/feeds/policy.atom") == []
    assert check_json_feed(feed.json_feed(settings, found), f"{AGENT}/feeds/policy.json") == []
    assert b"<script" not in body
    assert b"\x01" not in body


def test_an_entry_stands_as_plain_text_and_as_a_table(engine: Engine, tmp_path: Path) -> None:
    settings = three_versions(engine, tmp_path)
    root = ET.fromstring(feed.atom(settings, recorded(engine)))
    entries = root.findall(f"{{{feed.ATOM}}}entry")
    text = {e.findtext(f"{{{feed.ATOM}}}title"): e for e in entries}
    entry = text["ExampleBot: changes its pause between two requests (from 2\u00a0December\u00a02026)"]
    summary = str(entry.findtext(f"{{{feed.ATOM}}}summary")).replace("\u00a0", " ")
    assert "Announced 25 November 2026, in force 2 December 2026, policy 2." in summary
    assert "Pause between two requests. Before: 1 s. After: 2 s." in summary
    content = entry.findtext(f"{{{feed.ATOM}}}content")
    assert "<th>Before</th><th>After</th>" in str(content)


def test_ids_never_change_and_never_come_twice(engine: Engine, tmp_path: Path) -> None:
    three_versions(engine, tmp_path)
    ids = [n.entry_id for n in recorded(engine)]
    assert len(set(ids)) == len(ids)
    assert ids[-1] == "tag:bot.example.net,2026-11-24:policy/1/identity"
    moved = config(tmp_path, publish={"base_url": "https://other.example/bots"})
    body = feed.atom(moved, recorded(engine)).decode()
    assert "<id>tag:bot.example.net,2026-11-24:feed/policy</id>" in body
    assert 'href="https://other.example/bots/feeds/policy.atom"' in body


Break = Callable[[str], str]
ATOM_MUSTS: list[tuple[str, Break]] = [
    ("has 0 id (4.2.6)", lambda t: re.sub(r"<id>[^<]*</id>", "", t, count=1)),
    ("has 2 title (4.2.14)", lambda t: t.replace("<title>", "<title>x</title><title>", 1)),
    ("has 0 updated (4.2.15)", lambda t: re.sub(r"<updated>[^<]*</updated>", "", t, count=1)),
    ("no absolute IRI (4.2.6)", lambda t: re.sub(r"<id>tag:", "<id>", t, count=1)),
    ("no RFC 3339 date (3.3)", lambda t: t.replace("T06:00:00Z</updated>", " 06:00</updated>", 1)),
    ("no author", lambda t: re.sub(r"<author>.*?</author>", "", t, flags=re.S)),
    ("an author without exactly one name (3.2.1)", lambda t: re.sub(r"<name>.*?</name>", "", t, flags=re.S)),
    ("no link to itself (4.1.1)", lambda t: t.replace('rel="self"', 'rel="related"')),
    (
        "two alternate links",
        lambda t: t.replace('rel="self" type="application/atom+xml"', 'type="text/html"'),
    ),
    ("two entries have one id", lambda t: re.sub(r"policy/[23]/\w+|T06:00:00Z", "x:same", t)),
    ("a category without term (4.2.2.1)", lambda t: re.sub(r'term="[^"]*"', "", t)),
    ("a link without href (4.2.7.1)", lambda t: re.sub(r'href="[^"]*"', "", t, count=1)),
    (
        "with elements in it (3.1.1)",
        lambda t: t.replace('<summary type="text">', '<summary type="text"><b/>', 1),
    ),
    (
        "neither content nor",
        lambda t: re.sub(r"<content.*?</content>|<link rel=.alternate.*?/>", "", t, flags=re.S),
    ),
    ("not XML", lambda t: t.replace("</feed>", "")),
    ("not XML", lambda t: t.replace("<feed", '<!DOCTYPE f [<!ENTITY a "b">]><feed', 1)),
    ("not atom:feed", lambda t: t.replace("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")),
]


@pytest.mark.parametrize(("says", "change"), ATOM_MUSTS, ids=[m[0] for m in ATOM_MUSTS])
def test_the_checklist_notices_each_broken_must(
    engine: Engine, tmp_path: Path, says: str, change: Break
) -> None:
    body = feed.atom(three_versions(engine, tmp_path), recorded(engine)).decode()
    assert change(body) != body
    assert any(says in problem for problem in check_atom(change(body).encode()))


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("version is not", {"version": "1"}),
        ("no title", {"title": None}),
        ("no items", {"items": None}),
        ("item 1: no id", {"items": [{"content_text": "x"}]}),
        ("item 1: no content", {"items": [{"id": "x"}]}),
        ("no RFC 3339 date", {"items": [{"id": "x", "content_text": "", "date_published": "today"}]}),
        ("two items have one id", {"items": [{"id": "x", "content_text": ""}] * 2}),
        ("item 1: not an object", {"items": [1]}),
    ],
)
def test_the_checklist_of_json_feed(
    engine: Engine, tmp_path: Path, says: str, change: dict[str, Any]
) -> None:
    document = json.loads(feed.json_feed(three_versions(engine, tmp_path), recorded(engine)))
    assert any(says in p for p in check_json_feed(json.dumps(document | change).encode()))


# ---- page and twin


class Outline(HTMLParser):
    """Tags that are open at the end, ids, links, and text."""

    VOID = ("meta", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_pages_are_whole_and_their_links_lead_somewhere(engine: Engine, tmp_path: Path) -> None:
    settings = three_versions(engine, tmp_path)
    files = built(engine, settings, NOW + 3 * DAY)
    pages = {path: file for path, file in files.items() if path.endswith(".html")}
    assert set(pages) == {f"{p}/index.html" for p in ("bot", "changes", "policy/1", "policy/2", "policy/3")}
    for path, file in pages.items():
        page = Outline(file.body.decode())
        assert page.open == []
        assert "style" not in page.attributes
        assert not {a for a in page.attributes if a.startswith("on")}
        for link in page.links:
            if not re.match(r"[a-z]+:|#", link):
                target = (Path("/") / path).parent / link
                name = str(target.resolve()).lstrip("/") + ("/index.html" if link.endswith("/") else "")
                assert name in files, (path, link)


def test_what_an_operator_writes_is_text_and_never_markup(engine: Engine, tmp_path: Path) -> None:
    settings = three_versions(engine, tmp_path)
    body = built(engine, settings, NOW + 9 * DAY)["bot/index.html"].body.decode()
    assert "<script" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


def test_the_page_has_what_a_crawler_should_say(engine: Engine, tmp_path: Path) -> None:
    settings = config(
        tmp_path, identity={**SIGNED, "pages_kept": "36 months", "reverse_dns": "crawl.example.net"}
    )
    kid = with_key(settings)
    publish(engine, settings)
    body = built(engine, settings)["bot/index.html"].body.decode()
    text = Outline(body).text
    for word in (
        "User-agent: ExampleBot", "Disallow: /", "192.0.2.0/27", kid, "36 months", "crawl@example.net",
        "training of AI models", "RSL, Really Simple Licensing", "24\u00a0Nov\u00a02026", "not rendered",
        "*.crawl.example.net", "not stated by the operator",
    ):  # fmt: skip
        assert word in text, word
    assert 'rel="client-ranges"' in body
    assert "Content-Usage: train-ai=n" in text


def test_the_page_changes_on_its_day_and_says_before_what_is_coming(engine: Engine, tmp_path: Path) -> None:
    three_versions(engine, tmp_path)
    settings = config(tmp_path)
    before = Outline(built(engine, settings, NOW + 3 * DAY)["bot/index.html"].body.decode()).text
    after = Outline(built(engine, settings, NOW + 9 * DAY)["bot/index.html"].body.decode()).text
    assert "ExampleBot changes its pause between two requests" in before
    assert "1\u00a0s apart" in before
    assert "What will change" not in after
    assert "2\u00a0s apart" in after


def test_since_is_never_earlier_than_it_was_published(engine: Engine, tmp_path: Path) -> None:
    publish(engine, config(tmp_path), NOW + 30 * DAY)
    strict = config(tmp_path, policy={"profile": "strict"})
    publish(engine, strict, NOW + 60 * DAY)
    files = built(engine, strict, NOW + 61 * DAY)
    twin = json.loads(files["bot.json"].body)["honoured_since"]
    assert twin["reservation-protocols"]["natural_language"] == "2027-01-23"
    assert twin["reservation-protocols"]["robots"] == twin["robots-features"]["rules"] == "2026-12-24"
    text = Outline(files["bot/index.html"].body.decode()).text
    assert "24\u00a0Dec\u00a02026" in text
    assert "23\u00a0Jan\u00a02027" in text
    assert "24\u00a0Nov\u00a02026" not in text


def test_the_twin_is_what_its_digest_says_and_so_are_old_versions(engine: Engine, tmp_path: Path) -> None:
    settings = three_versions(engine, tmp_path)
    files = built(engine, settings, NOW + 9 * DAY)
    twin = json.loads(files["bot.json"].body)
    declared = {c.value: twin[c.value] for c in Category}
    assert digest(canonical(declared)) == twin["sha256"]
    assert sha256(files[f"policy/{twin['policy']}.json"].body).hexdigest() == twin["sha256"]
    with engine.connect() as connection:
        for version in publications(connection):
            assert sha256(files[f"policy/{version.number}.json"].body).hexdigest() == version.sha256
    assert twin["links"]["atom"] == f"{AGENT}/feeds/policy.atom"
    assert twin["robots_txt_examples"]["keep_out"] == "User-agent: ExampleBot\nDisallow: /"


def test_two_builds_of_one_moment_are_the_same_bytes(engine: Engine, tmp_path: Path) -> None:
    settings = three_versions(engine, tmp_path)
    assert built(engine, settings) == built(engine, settings)


def test_the_card_is_there_where_it_is_wanted(engine: Engine, tmp_path: Path) -> None:
    settings = config(tmp_path, identity={**SIGNED, "card": True})
    with_key(settings)
    publish(engine, settings)
    card = json.loads(built(engine, settings)["bot/card.json"].body)
    assert card["client_id"] == f"{AGENT}/bot/card.json"
    assert card["jwks_uri"] == f"{AGENT}/.well-known/http-message-signatures-directory"
    assert card["contacts"] == ["mailto:crawl@example.net"]
    assert card["web_bot_auth"]["rfc9309-product-token"] == "ExampleBot"
    assert "bot/card.json" not in built(engine, config(tmp_path, identity=SIGNED))


# ---- files, check, command


def test_all_files_are_written_with_a_header_for_each(engine: Engine, tmp_path: Path) -> None:
    settings = config(tmp_path, identity=SIGNED)
    with_key(settings)
    publish(engine, settings)
    files = tuple(built(engine, settings).values())
    written = write_site(files, tmp_path / "out").paths
    on_disk = sorted(
        str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file()
    )
    assert sorted(str(p.relative_to(tmp_path / "out")) for p in written) == on_disk
    assert ".well-known/http-message-signatures-directory" in on_disk
    rules = (tmp_path / "out" / "_headers").read_text()
    assert "/bot/\n  Content-Type: text/html" in rules
    assert "application/http-message-signatures-directory+json" in rules
    assert {key.kid for key in load_keys(key_folder(settings))} == {
        k["kid"]
        for k in json.loads((tmp_path / "out/.well-known/http-message-signatures-directory").read_text())[
            "keys"
        ]
    }
    assert [n for _, _, n in NAV] == ["bot", "changes"]


Change = Callable[[dict[str, File]], Any]


def checked(files: dict[str, File], now: datetime = NOW) -> list[check.Finding]:
    async def get(url: str) -> check.Got:
        path = url.removeprefix(AGENT + "/")
        file = files.get(path) or files.get(path + "index.html")
        if file is None:
            return check.Got(url=url, answer=Answer(status=404, fields=()))
        return check.Got(
            url=url, answer=Answer(status=200, fields=tuple(file.headers.items()), body=file.body)
        )

    return asyncio.run(check.check_all(AGENT + "/", get, now))


def published_site(engine: Engine, tmp_path: Path) -> dict[str, File]:
    now = datetime.now(UTC).replace(microsecond=0)
    settings = config(tmp_path, identity={**SIGNED, "card": True})
    with_key(settings, now)
    publish(engine, settings, now)
    return built(engine, settings, now)


def test_what_identity_build_writes_passes_identity_check(engine: Engine, tmp_path: Path) -> None:
    findings = checked(published_site(engine, tmp_path), datetime.now(UTC))
    assert [f for f in findings if f.health is not check.Health.OK] == []
    assert {f.about for f in findings} == {
        "bot.json", "page", "addresses", "keys", "card", "Atom feed", "JSON Feed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("about", "path", "old", "new"),
    [
        ("bot.json", "bot.json", b"ExampleBot", b"OtherBot"),
        ("bot.json", "bot.json", b"{", b"x"),
        ("bot.json", "bot.json", b'"contact":', b'"tcatnoc":'),
        ("addresses", "bot/ips.json", b"192.0.2.0/27", b"192.0.2.1/27"),
        ("keys", ".well-known/http-message-signatures-directory", b'"x":"', b'"x":"A'),
        ("card", "bot/card.json", b'"client_id"', b'"id"'),
        ("Atom feed", "feeds/policy.atom", b"<updated>", b"<update>"),
        ("JSON Feed", "feeds/policy.json", b'"items"', b'"item"'),
    ],
)
def test_what_identity_check_finds(
    engine: Engine, tmp_path: Path, about: str, path: str, old: bytes, new: bytes
) -> None:
    files = published_site(engine, tmp_path)
    file = files[path]
    files[path] = File(path=path, body=file.body.replace(old, new), headers=file.headers)
    found = [f for f in checked(files, datetime.now(UTC)) if f.health is check.Health.BAD]
    assert {f.about for f in found} == {about}, found


def test_files_that_are_not_there_are_found(engine: Engine, tmp_path: Path) -> None:
    files = published_site(engine, tmp_path)
    for path in list(files):
        left = {name: file for name, file in files.items() if name != path}
        bad = [f for f in checked(left, datetime.now(UTC)) if f.health is check.Health.BAD]
        needed = not path.startswith(("static/", "policy/", "changes/"))
        assert bool(bad) is needed, path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(build_app(), ["identity", *arguments])


def test_the_command_from_key_to_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "forbear.toml").write_text(
        '[operator]\nname = "Example Labs"\ncontact = "crawl@example.net"\n'
        '[crawler]\nproduct_token = "ExampleBot"\ninfo_url = "https://bot.example.net/bot/"\n'
        f'[identity]\nsignature_agent = "{AGENT}"\n[publish]\nbase_url = "{AGENT}"\n'
    )
    assert "next: forbear identity build" in run("rotate-key").output
    built_once = run("build", "--out", "site")
    assert built_once.exit_code == 0, built_once.output
    assert "policy 1 announced" in built_once.output
    assert "nothing has changed" in run("build", "--out", "site").output
    assert json.loads(run("show", "--json").output)["identity"]["operator"] == "Example Labs"
    assert "RSL, Really Simple Licensing" in run("show").output
    rotated = json.loads(run("rotate-key", "--json").output)
    assert rotated["old"]
    assert "policy 2 announced" in run("build", "--out", "site", "--effective", "now").output
    assert (tmp_path / "site" / "policy" / "2" / "index.html").is_file()
    wrong = run("build", "--out", "site", "--effective", "soon")
    assert "write a day" in str(wrong.exception)


def test_an_address_that_must_not_be_asked_is_not_asked(tmp_path: Path) -> None:
    settings = config(tmp_path, network={"allow_private": False}, identity={"ip_prefixes": []})
    (finding,) = asyncio.run(check.check_published(settings, "http://127.0.0.1:1/", NOW))
    assert (finding.health, finding.about) == (check.Health.BAD, "address")


# ---- what a change asks of others


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        (
            {"crawler": {"product_token": "OtherBot"}},
            "If your robots.txt names ExampleBot, name OtherBot as well",
        ),
        ({"politeness": {"delay": 5.0}}, "Nothing. What your site says is read as before."),
        ({"operator": {"contact": "new@operator.example"}}, "Write to the new address"),
        ({"identity": {"ip_prefixes": ["8.8.8.0/24"]}}, "fetch the addresses again"),
        ({"policy": {"profile": "strict"}}, "Look whether what your site says is still read as you mean it"),
    ],
)
def test_a_page_of_a_change_says_what_to_do(
    engine: Engine, tmp_path: Path, sections: dict[str, Any], words: str
) -> None:
    settings = config(tmp_path)
    publish(engine, settings)
    publish(engine, settings.merged(**sections), NOW + DAY)
    files = built(engine, settings.merged(**sections), NOW + DAY)
    page = " ".join(files["policy/2/index.html"].body.decode().split())
    section = page[page.index("What you need to do") : page.index("When</h2>")]
    assert words in section
    assert ("Nothing." in section) is ("read as before" in words)
    assert "This is the first version." in files["policy/1/index.html"].body.decode()


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("", "set [publish] base_url"),
        ("http://bot.example.org", "'http://bot.example.org' is no https address"),
    ],
)
def test_an_address_that_cannot_be_published_at_is_told(
    engine: Engine, tmp_path: Path, base: str, words: str
) -> None:
    settings = config(tmp_path).merged(publish={"base_url": base})
    with pytest.raises(ConfigError) as told:
        publish(engine, settings)
    assert words in str(told.value)
