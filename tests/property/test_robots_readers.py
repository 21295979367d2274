"""Laws of the robots.txt family: any bytes are read, a denial by the letter is never lifted."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.facts import Facts
from reservations.model import ROBOTS_TXT, Agent, Evidence, Outcome, Preference, Profile, Reading, Use
from reservations.protocols import aipref, content_signals, robots
from reservations.readers.content_usage import read_usage
from reservations.readers.path_pattern import normal_path
from reservations.readers.robots_limits import MAX_DELAY, crawl_limits
from reservations.readers.robots_rules import compile_rules, target_of
from reservations.readers.robots_txt import read_robots_txt, sitemaps

AGENT = Agent(token="ExampleBot")
_PIECES = (
    *(
        "User-agent: ",
        "user agent ",
        "Disallow: ",
        "Disallow",
        "Dissalow: ",
        "Allow: ",
        "Sitemap: ",
        "Crawl-delay: 5",
    ),
    *(
        "Content-Signal: ",
        "Content-Usage: ",
        "ai-train=no",
        "ai-train=yes",
        "train-ai=n",
        "train-ai=y",
        "bots=n",
    ),
    *(
        "*",
        "ExampleBot",
        "GPTBot",
        "Scrapy",
        "/",
        "/a",
        "b",
        "$",
        "?",
        "=",
        "%2F",
        "%2A",
        "%zz",
        "é",
        "#",
        ",",
        ";",
    ),
    *(
        "\n",
        "\n",
        "\n",
        "\r",
        "\r\n",
        " ",
        "\t",
        "\0",
        "\v",
        "\x85",
        "\u2028",
        "\u00a0",
        "\ufeff",
        "<br>",
        "https://e.com/a",
    ),
)
_files = st.one_of(
    st.binary(max_size=400),
    st.lists(st.sampled_from(_PIECES), max_size=60).map(lambda parts: "".join(parts).encode()),
    st.lists(st.sampled_from(_PIECES), max_size=60).map(lambda p: ("User-agent: *\n" + "".join(p)).encode()),
)
_paths = st.lists(
    st.sampled_from(("/", "/a", "b", "?", "x=1", "%2F", "%61", "%zz", "..", "é", "$", "*", "#f")), max_size=6
).map(lambda parts: "https://e.com/" + "".join(parts))


def facts_of(body: bytes, url: str) -> Facts:
    evidence = Evidence(
        kind=ROBOTS_TXT,
        url="https://e.com/robots.txt",
        outcome=Outcome.FOUND,
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=200,
        body=body,
    )
    return Facts(url=url, evidence=[evidence], agent=AGENT)


def readings(facts: Facts) -> list[Reading]:
    return [protocol.parse(facts) for protocol in (robots, content_signals, aipref)]


@settings(max_examples=300, deadline=None)
@given(_files, _paths)
def test_any_bytes_are_read_and_what_is_quoted_can_be_stored(body: bytes, url: str) -> None:
    for reading in readings(facts_of(body, url)):
        places = [s.locator for s in reading.statements] + [n.locator for n in reading.notes]
        for place in places:
            place.quote.encode("utf-8")
        for statement in reading.statements:
            assert statement.under
            assert statement.code.partition(".")[0] in {"robots", "aipref", "content_signal"}


@settings(max_examples=300, deadline=None)
@given(_files, _paths)
def test_what_the_letter_reserves_every_profile_reserves(body: bytes, url: str) -> None:
    for reading in readings(facts_of(body, url)):
        reserved = {
            profile: {
                s.use
                for s in reading.statements
                if s.preference is Preference.RESERVED and profile in s.under and s.inferred_from is None
            }
            for profile in Profile
        }
        assert reserved[Profile.LETTER] <= reserved[Profile.STANDARD] <= reserved[Profile.STRICT]


@settings(max_examples=200, deadline=None)
@given(_files)
def test_reading_is_bounded_and_repeats(body: bytes) -> None:
    one, other = read_robots_txt(body), read_robots_txt(body)
    assert one.records == other.records
    assert one.oddities == other.oddities
    lines = body.count(b"\n") + body.count(b"\r") + 1
    assert all(1 <= r.line <= lines for r in one.records)
    assert len(one.oddities) <= 8
    assert all(url.lower().startswith("http") for url in sitemaps(one))
    delay = crawl_limits(one, AGENT).delay
    assert delay is None or 0 <= delay <= MAX_DELAY


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("Allow", "Disallow")),
            st.lists(st.sampled_from(("a", "b", "*", "/", "abcd", "bcda", "%61", "é")), max_size=5).map(
                "/".join
            ),
        ),
        max_size=80,
    ),
    _paths,
)
def test_the_index_finds_what_looking_at_every_rule_finds(lines: list[tuple[str, str]], url: str) -> None:
    text = "User-agent: *\n" + "".join(f"{key}: /{value}\n" for key, value in lines)
    groups = read_robots_txt(text.encode()).letter.groups
    rules = compile_rules(groups[0].records, lenient=False)
    path = normal_path(url)
    matching = [(r.pattern.length, r.allow) for r in rules.rules if r.pattern.matches(path)]
    target = target_of(url)
    if target.verbatim is None:
        winner = rules.winner(target)
        assert (None if winner is None else (winner.pattern.length, winner.allow)) == max(
            matching, default=None
        )


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)))
def test_any_value_is_a_usage_and_no_permission_is_salvaged(value: str) -> None:
    usage = read_usage(value)
    if not usage.parsed:
        assert usage.letter == ()
        assert all(wish.preference is Preference.RESERVED for wish in usage.meant)
    assert {wish.use for wish in usage.letter} <= {Use.AI_TRAIN, Use.AI_INPUT, Use.SEARCH}


def test_a_product_token_of_a_megabyte_takes_no_time() -> None:
    """Every cut of a name was tried once, to see whether two tokens were run together."""
    body = b"User-agent: " + b"a" * 1_000_000 + b"\nDisallow: /\n"
    begun = time.perf_counter()
    read_robots_txt(body)
    assert time.perf_counter() - begun < 2
