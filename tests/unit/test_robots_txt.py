"""robots.txt readers: lines, groups, rules, limits. What they come to is in the vectors."""

from __future__ import annotations

import json
from importlib.resources import files
from types import ModuleType

import pytest

from reservations.model import ALWAYS, FAIL_CLOSED, Agent, TokenClass
from reservations.protocols import aipref, content_signals, robots
from reservations.readers.robots_agents import names
from reservations.readers.robots_groups import MAX_INFERRED, named_bots, records_of, select
from reservations.readers.robots_limits import (
    MAX_DELAY,
    RequestRate,
    VisitTime,
    crawl_limits,
    read_delay,
    read_request_rate,
    read_visit_time,
)
from reservations.readers.robots_lines import MAX_BYTES, MAX_LINES, MIN_TEXT, OddityKind
from reservations.readers.robots_notes import NOTE_OF
from reservations.readers.robots_rules import compile_rules, target_of
from reservations.readers.robots_txt import RobotsFile, read_robots_txt, sitemaps

AGENT = Agent(token="ExampleBot")


def read(text: str | bytes) -> RobotsFile:
    return read_robots_txt(text.encode() if isinstance(text, str) else text)


# ---- lines (RFC 9309 section 2.2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_counts_once(end: str) -> None:
    file = read(end.join(["User-agent: *", "", "# note", "Disallow: /x", "Sitemap: https://e.com/s"]))
    assert [(r.line, r.key, r.value) for r in file.records] == [
        (1, "user-agent", "*"),
        (4, "disallow", "/x"),
        (5, "sitemap", "https://e.com/s"),
    ]
    assert [(c.line, c.text) for c in file.comments] == [(3, "note")]


@pytest.mark.parametrize("mark", ["\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_nothing_else_ends_a_line(mark: str) -> None:
    file = read(f"User-agent: *\n# a{mark}Disallow: /\n")
    assert [r.key for r in file.records] == ["user-agent"]


def test_unknown_fields_and_malformed_lines_are_kept_with_their_numbers() -> None:
    file = read("Foo-Bar: baz # c\nno field here\nUser-agent: a\nX: y\n")
    assert [(r.line, r.key, r.value) for r in file.letter.outside] == [(1, "foo-bar", "baz")]
    assert [(m.line, m.text) for m in file.malformed] == [(2, "no field here")]
    assert [r.key for r in file.letter.groups[0].records] == ["x"]


def test_the_second_reading_is_marked_and_the_letter_keeps_its_own() -> None:
    file = read("User agent: *\nDissalow: /\n")
    assert [(r.key, r.value) for r in file.records if r.under is FAIL_CLOSED] == [
        ("user-agent", "*"),
        ("disallow", "/"),
    ]
    assert [r.key for r in file.records if r.under is ALWAYS] == ["user agent", "dissalow"]
    assert file.letter.groups == ()
    assert len(file.lenient.groups) == 1


def test_the_second_reading_never_adds_an_allow() -> None:
    file = read("User-agent: *\nAlow: /\nAllow /b\nDisallow: /Allow: /c\n\u200bAllow: /d\n")
    assert "allow" not in {r.key for r in file.records}


def test_an_ordinary_file_is_grouped_once() -> None:
    file = read("User-agent: *\nDisallow: /a\n\nUser-agent: GPTBot\nDisallow: /\n")
    assert file.lenient is file.letter is file.stated is file.lenient_stated


def test_a_signal_ends_a_run_of_agents_for_signals_only() -> None:
    file = read("User-agent: *\nContent-Signal: ai-train=no\nUser-agent: a\nDisallow: /\n")
    assert len(file.letter.groups) == 1
    assert [[a.value for a in g.agents] for g in file.stated.groups] == [["*"], ["a"]]


def test_quotes_of_bytes_that_are_not_utf8_can_be_stored() -> None:
    file = read(b"User-agent: *\nDisallow: /caf\xe9\n")
    assert file.records[-1].text == "Disallow: /café"
    assert [r.value for r in file.records if r.key == "disallow"] == ["/caf%E9", "/café"]


# ---- bounds (RFC 9309 section 2.5)


def test_more_than_the_byte_limit_is_said_to_be_cut() -> None:
    assert not read(b"User-agent: *\n" + b"#" * (MAX_BYTES - 20)).truncated
    assert read(b"User-agent: *\n" + b"#" * MAX_BYTES).truncated


def test_the_line_limit_never_cuts_the_first_500_kib() -> None:
    short = read(b"a\n" * (MIN_TEXT // 2 - 1))
    assert not short.truncated
    long = read(b"User-agent: *\n" + b"Allow: /\n" * (MAX_LINES + 1))
    assert long.truncated
    assert len(long.records) == MAX_LINES


# ---- agents and groups (RFC 9309 section 2.2.1)


@pytest.mark.parametrize(
    ("value", "named", "unnamed"),
    [
        ("ExampleBot/2.0", {"examplebot"}, set()),
        ("AI2Bot", {"ai2bot"}, {"ai"}),
        ("* foo", {"*"}, set()),
        ("*ExampleBot*", {"examplebot"}, {"*"}),
        ("a, b|c", {"a", "b", "c"}, {"*"}),
        ("Kangaroo Bot", {"kangaroo bot"}, set()),
        ("perplexity\u2011user", {"perplexity-user"}, set()),
        ("", set(), {"*", ""}),
    ],
)
def test_names_in_an_agent_value(value: str, named: set[str], unnamed: set[str]) -> None:
    words = names(value).words
    assert named <= words
    assert not unnamed & words


def test_own_groups_merge_over_the_file_and_hide_the_star() -> None:
    file = read("User-agent: A\nDisallow: /1\nUser-agent: *\nDisallow: /2\nUser-agent: a\nDisallow: /3\n")
    assert [r.value for r in records_of(select(file.letter, "A").speaking, "disallow")] == ["/1", "/3"]
    assert [r.value for r in records_of(select(file.letter, "b").speaking, "disallow")] == ["/2"]


def test_a_glob_names_what_it_matches() -> None:
    file = read("User-agent: barbarbot*\nDisallow: /\n")
    assert select(file.lenient, "BarBarBot-prod").own
    assert not select(file.letter, "barbarbot-prod").own
    assert not select(file.lenient, "foobot").own


def test_other_bots_are_bounded_and_usage_control_comes_first() -> None:
    rows = json.loads(files("reservations").joinpath("data", "ai_tokens.json").read_text("utf-8"))["tokens"]
    lines = "".join(f"User-agent: {row['token']}\n" for row in reversed(rows))
    (shared,) = named_bots(read(lines + "Disallow: /\n").lenient, "ExampleBot")
    assert len(shared.bots) == MAX_INFERRED
    assert shared.bots[0].token_class is TokenClass.USAGE_CONTROL
    assert len({b.operator for b in shared.bots}) > MAX_INFERRED - 3


def test_our_own_token_is_no_other_bot() -> None:
    file = read("User-agent: GPTBot\nDisallow: /\n")
    assert named_bots(file.lenient, "gptbot") == ()


# ---- rules (RFC 9309 sections 2.2.2 and 2.2.3)


def test_many_wildcards_are_found_by_what_they_hold() -> None:
    lines = "".join(f"Disallow: /*part{i}x\n" for i in range(100)) + "Allow: /*part7xy\nDisallow: /*$\n"
    rules = compile_rules(read("User-agent: *\n" + lines).letter.groups[0].records, lenient=False)
    winner = rules.winner(target_of("https://e.com/a/part7xyz"))
    assert winner is not None
    assert winner.record.value == "/*part7xy"
    denied = rules.winner(target_of("https://e.com/a/part99x"))
    assert denied is not None
    assert denied.record.value == "/*part99x"


# ---- limits


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("10", 10.0),
        ("0.5", 0.5),
        ("1,5", 1.5),
        ("[5]", 5.0),
        ("5s", 5.0),
        ("604800", MAX_DELAY),
        ("0100-0800", None),
        ("-1", None),
        ("nan", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_crawl_delay(value: str, delay: float | None) -> None:
    assert read_delay(value) == delay


def test_request_rate_and_visit_time() -> None:
    assert read_request_rate("1/1m") == RequestRate(requests=1, seconds=60)
    assert read_request_rate("1/10 0600-0845") == RequestRate(
        requests=1, seconds=10, window=VisitTime(start=360, end=525)
    )
    assert read_request_rate("10") is None
    assert read_request_rate("0/5") is None
    assert read_visit_time("0000-1200") == VisitTime(start=0, end=720)
    assert read_visit_time("0400 0845") == VisitTime(start=240, end=525)
    assert read_visit_time("2500-2600") is None


def test_limits_are_those_of_the_groups_that_bind_us_and_the_slowest() -> None:
    file = read(
        "User-agent: *\nCrawl-delay: 3\nDisallow:\n\nUser-agent: Scrapy\nCrawl-delay: 9\nDisallow:\n\n"
        "User-agent: Other\nCrawl-delay: 60\nDisallow:\n"
    )
    assert crawl_limits(file, AGENT).delay == 9.0
    assert crawl_limits(file, Agent(token="ExampleBot", aliases=())).delay == 3.0
    assert crawl_limits(read(""), AGENT).delay is None


def test_sitemaps_stand_anywhere_and_come_once() -> None:
    file = read(
        "Sitemap: https://e.com/a\nUser-agent: *\nsitemap: https://e.com/b\nSitemap: /c\nSITEMAP: https://e.com/a\n"
    )
    assert sitemaps(file) == ("https://e.com/a", "https://e.com/b")


# ---- completeness


def test_every_oddity_has_a_note() -> None:
    assert set(NOTE_OF) == set(OddityKind)


@pytest.mark.parametrize(
    ("module", "vectors"),
    [(robots, "robots"), (content_signals, "content-signals"), (aipref, "aipref")],
)
def test_every_note_is_expected_by_a_vector(module: ModuleType, vectors: str) -> None:
    text = files("reservations").joinpath("vectors", f"{vectors}.json").read_text("utf-8")
    expected = {code for vector in json.loads(text) for code in vector["expect"].get("notes", ())}
    assert {kind.code for kind in module.PROTOCOL.notes} == expected
