"""Readers that others wrote, asked the same as ours; what differs is decided in docs/differences.md.

Google's robots.txt parser (PyPI jwm.robotstxt), structured-headers of npm for RFC 9651, publicsuffixlist
with the tests of the Public Suffix List. They come from their registries.
"""

from __future__ import annotations

import importlib.util
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import http_sf
import pytest

from blocklists.hostnames import registrable_domain
from crawler.conformance import evidence_of
from crawler.vectors import shipped_vectors
from reservations.model import ROBOTS_TXT, Agent, Evidence, Outcome, Preference, Profile
from reservations.origins import origin_of
from reservations.read import read
from reservations.readers.content_usage import read_usage
from tests.foreign import needed, npm

pytestmark = pytest.mark.slow

WHEN = datetime(2026, 11, 24, tzinfo=UTC)
CASES = 6_000
SEED = 9309
DOCS = Path(__file__).resolve().parents[2] / "docs" / "differences.md"


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


table = _load("accepted_differences")


# ---- robots.txt: Google


def vector_cases() -> Iterator[Any]:
    """Every robots.txt of the vectors, asked about its vector's URL."""
    for vector in shipped_vectors():
        for record in vector["evidence"]:
            found = evidence_of(record) if record["kind"] == ROBOTS_TXT else None
            if found is None or found.outcome is not Outcome.FOUND or _is_page(found.body):
                continue
            if found.body and origin_of(found.url) == origin_of(vector["url"]):
                yield table.Case(body=found.body, agent=vector["agent"], url=vector["url"])


def _is_page(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html"))


AGENTS = ("ExampleBot", "Foo", "foo-bar", "FooBar", "*", "otherbot", "Foo/1.0", "Foo, otherbot", "foo bar")
NAMES = ("User-agent", "user-agent", "Disallow", "disallow ", "Allow", "Sitemap", "Crawl-delay", "Noindex")
NAMES += ("Dissallow", "Useragent", "Disallowed", "Allow-all", "Content-Signal", "License")
PIECES = ("/", "/a", "/a/b", "/A", "*", "$", ".php", "/index.html", "?q=1", "%61", "%2F", "é", "~", "a", "//")


def generated_cases() -> Iterator[Any]:
    """Files of a few lines, some of them odd, about a path that their patterns resemble; always the same."""
    chance = random.Random(SEED)
    for _ in range(CASES):
        path = "/" + "".join(chance.choice(PIECES) for _ in range(chance.randint(0, 4))).lstrip("/")
        agent = chance.choice(("ExampleBot", "Foo", "foo-bar"))
        first = [f"User-agent: {chance.choice(('*', agent))}"] if chance.random() < 0.8 else []
        lines = [*first, *(_line(chance, path) for _ in range(chance.randint(1, 6)))]
        body = chance.choice(("\n", "\n", "\r\n", "\r")).join(lines).encode()
        yield table.Case(body=body, agent=agent, url=f"https://ex.org{path}")


def _line(chance: random.Random, path: str) -> str:
    rare = chance.random() < 0.15
    name = chance.choice(
        NAMES if rare else ("User-agent", "Disallow", "Disallow", "disallow", "Allow", "Allow ")
    )
    agents = AGENTS if rare else AGENTS[:6]
    value = chance.choice(agents) if name.lower().startswith("user") else _pattern(chance, path)
    colon = chance.choice((":", "", ";")) if rare else ":"
    comment = " # note" if chance.random() < 0.05 else ""
    return chance.choice(("", "", " ")) + name + colon + chance.choice(("", " ")) + value + comment


def _pattern(chance: random.Random, path: str) -> str:
    """Mostly the beginning of the path, with a star, an anchor or another spelling somewhere."""
    if chance.random() < 0.2:
        return "".join(chance.choice(PIECES) for _ in range(chance.randint(0, 4)))
    text = path[: chance.randint(0, len(path))]
    at = chance.randint(0, len(text))
    changes = (text, text, text[:at] + "*" + text[at + 1 :], text + "$", text.replace("a", "%61"), text + "*")
    return chance.choice(changes)


def ours(case: Any, profile: Profile) -> bool:
    evidence = Evidence(
        kind=ROBOTS_TXT,
        url=origin_of(case.url) + "/robots.txt",
        outcome=Outcome.FOUND,
        fetched_at=WHEN,
        status=200,
        body=case.body,
    )
    reading = read(case.url, (evidence,), Agent(token=case.agent, aliases=()))
    return not any(
        s.use is None and s.preference is Preference.RESERVED and profile in s.under
        for s in reading.statements
    )


def google(case: Any) -> bool:
    googlebot = pytest.importorskip("jwm.robotstxt.googlebot")
    return bool(googlebot.RobotsMatcher().OneAgentAllowedByRobots(case.body, case.agent, case.url))


@pytest.mark.parametrize("cases", [vector_cases, generated_cases])
def test_google_and_the_letter_differ_only_as_decided(cases: Any) -> None:
    undecided = []
    for case in cases():
        we, they = ours(case, Profile.LETTER), google(case)
        if we != they and not table.causes(case, table.GOOGLES if we else table.OURS):
            undecided.append((case, we, they))
    assert not undecided, f"{len(undecided)}: {undecided[:3]}"


NEVER_LOST = frozenset(
    {"Percent-encoding and spaces in paths", "NUL and other control characters", "robots.txt itself"}
    | {"Lines longer than 16,664 bytes", "Dot segments in the URL", "Several stars count as one"}
)


@pytest.mark.parametrize("cases", [vector_cases, generated_cases])
def test_what_google_refuses_standard_refuses_too(cases: Any) -> None:
    """Failing closed, no denial that Google's reader sees is lost, but for a few causes of the table."""
    lost = []
    for case in cases():
        if ours(case, Profile.STANDARD) and not google(case):
            found = set(table.causes(case, table.GOOGLES))
            if not found & NEVER_LOST and not _digits(case):
                lost.append(case)
    assert not lost, f"{len(lost)}: {lost[:3]}"


def _digits(case: Any) -> bool:
    """Google cuts a value at its first digit, so that `AI2Bot` names `AI` (issue #46 there)."""
    return any(re.match(r"[A-Za-z_-]+\d", value) for value in case.of("user-agent"))


# ---- structured fields: structured-headers of npm


def dictionaries() -> list[str]:
    """Content-Usage values of the vectors, and odd ones made of their parts."""
    values = [
        value.strip(" \t")
        for vector in shipped_vectors()
        for record in vector["evidence"]
        for name, value in record.get("headers", ())
        if name.lower() == "content-usage"
    ]
    chance = random.Random(SEED)
    keys = ("train-ai",) * 5 + ("search",) * 5 + ("ai-use", "Train-AI", "*a", "9", "tdm", "a_b.c*", "")
    items = (
        "y",
        "n",
        "?1",
        "?0",
        '"n"',
        "1",
        "-1.5",
        "(a b)",
        ":aGk=:",
        "@1659578233",
        '%"f%c3%bc"',
        "n;q=1",
    )
    items += ("N", "", "no", "'n'", "1.2345", ":a", '"', "n;Q", "(n", "@1.5", "é", "n/ä", "t*k:/%#!")
    for _ in range(4_000):
        members = [
            chance.choice(keys)
            + chance.choice(("=",) * 20 + ("", " = "))
            + chance.choice(("y", "n") if chance.random() < 0.6 else items)
            for _ in range(chance.randint(0, 4))
        ]
        values.append(
            chance.choice((", ", ",", "  ,\t", ", ", ",,")).join(members)
            + chance.choice(("",) * 8 + (",", " "))
        )
    return values


@pytest.fixture(scope="module")
def structured_headers() -> Any:
    node = needed("node", "apt-get install nodejs")
    module = npm("structured-headers@2.1.0") / "node_modules/structured-headers/dist/index.js"

    def parse(values: list[str]) -> Any:
        script = Path(__file__).with_suffix("").with_name("structured_headers.mjs")
        done = subprocess.run(
            [node, str(script), str(module)],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return parse


STRUCTURED_DIFFERENCES: dict[str, Any] = {
    "Dates in structured fields": lambda value: "@" in value,
    "Content-Usage values longer than 8,192 characters": lambda value: len(value) > 8_192,
}
"""By heading of docs/differences.md: the values concerned."""


def test_both_readers_of_structured_fields_agree(structured_headers: Any) -> None:
    values = dictionaries()
    undecided = []
    for value, theirs in zip(values, structured_headers(values), strict=True):
        if _ours(value) != theirs and not any(seen(value) for seen in STRUCTURED_DIFFERENCES.values()):
            undecided.append((value, _ours(value), theirs))
    assert not undecided, f"{len(undecided)}: {undecided[:5]}"


def _ours(value: str) -> dict[str, str] | None:
    try:
        parsed = http_sf.parse(value.encode(), tltype="dictionary")
    except ValueError:
        return None
    assert isinstance(parsed, dict)
    return {key: _shown(member[0] if isinstance(member, tuple) else member) for key, member in parsed.items()}


def _shown(bare: object) -> str:
    return f"token {bare}" if isinstance(bare, http_sf.Token) else "other"


def test_preferences_are_those_of_the_other_reader(structured_headers: Any) -> None:
    """By the letter: the two Tokens under the keys that vocab-08 has, and nothing of an invalid value."""
    values = dictionaries()
    for value, theirs in zip(values, structured_headers(values), strict=True):
        if any(seen(value) for seen in STRUCTURED_DIFFERENCES.values()):
            continue
        known = {"train-ai": "ai_train", "search": "search", "ai-use": "ai_input"}
        wanted = {
            (known[key], {"token y": "permitted", "token n": "reserved"}[said])
            for key, said in (theirs or {}).items()
            if key in known and said in ("token y", "token n")
        }
        assert {(w.use.value, w.preference.value) for w in read_usage(value).letter} == wanted, value


# ---- the Public Suffix List


def test_the_cases_of_the_public_suffix_list() -> None:
    """`checkPublicSuffix(host, registrable)` lines of publicsuffix/list, shipped with publicsuffixlist."""
    publicsuffixlist = pytest.importorskip("publicsuffixlist")
    text = Path(publicsuffixlist.__file__).with_name("test_psl.txt").read_text("utf-8")
    cases = re.findall(r"^checkPublicSuffix\((\S+), (\S+)\);", text, re.MULTILINE)
    assert len(cases) > 70
    wrong = []
    for host, wanted in ((h.strip("'"), w.strip("'")) for h, w in cases):
        if host != "null" and (got := registrable_domain(host)) != _canonical(wanted):
            wrong.append((host, wanted, got))
    assert [w for w in wrong if w[0] not in PSL_DIFFERENCES] == []


def _canonical(name: str) -> str | None:
    return None if name == "null" else name.lower().encode("idna").decode()


PSL_DIFFERENCES = dict.fromkeys((".example.com", ".example.example"), "Leading dots in host names")


def test_every_rule_of_the_list_gives_the_same_names() -> None:
    """The snapshot that tldextract ships, read by both; names at, below and beside each of its rules."""
    publicsuffixlist = pytest.importorskip("publicsuffixlist")
    source = files("tldextract").joinpath(".tld_set_snapshot").read_text("utf-8")
    theirs = publicsuffixlist.PublicSuffixList(source=source.splitlines())
    rules = [line.split()[0] for line in source.splitlines() if line.strip() and not line.startswith("//")]
    assert len(rules) > 9_000
    wrong = []
    for rule in rules:
        suffix = rule.lstrip("!").replace("*", "wild")
        for host in (suffix, f"a.{suffix}", f"b.a.{suffix}"):
            name = host.encode("idna").decode()
            if registrable_domain(name) != theirs.privatesuffix(name):
                wrong.append((name, registrable_domain(name), theirs.privatesuffix(name)))
    assert not wrong, f"{len(wrong)}: {wrong[:5]}"


# ---- the page


def test_every_accepted_difference_is_decided_in_the_page() -> None:
    headings = set(re.findall(r"^### (.*)$", DOCS.read_text("utf-8"), re.MULTILINE))
    names = {d.name for d in table.ACCEPTED} | set(STRUCTURED_DIFFERENCES) | set(PSL_DIFFERENCES.values())
    assert names <= headings, names - headings
