"""Access limits: one reason where one is enough, placed where it can be looked up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.access import access_reasons
from reservations.model import HTML_SIGNALS, RESPONSE, Agent, Effect, Evidence, Hop, Outcome, Reason
from reservations.read import extract
from reservations.readers.html_head import decode_elements

URL = "https://ex.org/a"


def answer(
    status: int | None = 200,
    *fields: tuple[str, str],
    body: str = "",
    redirects: tuple[Hop, ...] = (),
) -> Evidence:
    """An answer to URL."""
    return Evidence(
        kind=RESPONSE,
        url=URL,
        outcome=Outcome.FOUND if status else Outcome.UNREACHABLE,
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=status,
        fields=(*fields, ("Content-Type", "text/html")),
        body=body.encode(),
        redirects=redirects,
    )


def reasons(response: Evidence, url: str = URL, body_head: bytes = b"") -> tuple[Reason, ...]:
    """The reasons, as the gate would ask for them."""
    parts = extract(response, Agent(token="ExampleBot"))
    elements = next((decode_elements(p.body) for p in parts if p.kind == HTML_SIGNALS), ())
    return access_reasons(url, parts[0], elements, body_head)


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_is_a_content_a_refusal_or_a_failure(status: int) -> None:
    """Only a whole answer, and one that confirms an earlier one, is without a reason; nothing raises."""
    found = reasons(answer(status))
    assert len(found) == (0 if (200 <= status < 300 and status != 206) or status == 304 else 1)
    for reason in found:
        refused = 300 <= status < 500 and status not in (407, 429)
        assert reason.effect is (Effect.EXCLUDE if refused else Effect.DEFER)
        assert reason.line == 1
        assert reason.quote == f"HTTP {status}"


def test_no_answer_defers() -> None:
    """What was not seen is not free to take."""
    (reason,) = reasons(answer(None))
    assert (reason.code, reason.effect) == ("error.unreachable", Effect.DEFER)


def test_a_challenge_wins_over_the_status_it_comes_with() -> None:
    """`cf-mitigated: challenge` at any status, and placed at its own line."""
    for status in (200, 403, 429, 503):
        (reason,) = reasons(answer(status, ("Server", "cloudflare"), ("CF-Mitigated", "challenge")))
        assert (reason.code, reason.effect, reason.line) == ("access.challenge", Effect.EXCLUDE, 3)
        assert reason.quote == "CF-Mitigated: challenge"


def test_a_body_that_is_no_html_may_still_be_a_challenge() -> None:
    """Its first bytes are enough to tell."""
    (reason,) = reasons(answer(200), body_head=b"window._CF_chl_opt={}")
    assert reason.code == "access.challenge"


def test_the_price_of_a_crawl_is_quoted_and_never_answered() -> None:
    """402 with `crawler-price`."""
    (reason,) = reasons(answer(402, ("crawler-price", "USD 0.05"), ("crawler-error", "MissingCrawlerPrice")))
    assert (reason.line, reason.quote) == (2, "crawler-price: USD 0.05")
    assert reason.why == "price USD 0.05, error MissingCrawlerPrice"


@pytest.mark.parametrize(
    ("status", "name", "value"),
    [
        (401, "WWW-Authenticate", 'License error="invalid_token"'),
        (402, "www-authenticate", 'Basic realm="a, b", License error="insufficient_scope"'),
        (403, "WWW-Authenticate", "license"),
        (401, "Link", '<https://ex.org/l.xml>; rel="license"'),
        (403, "Link", '<https://ex.org/l.xml>; rel="license"; type="application/rsl+xml"'),
    ],
)
def test_a_licence_that_is_asked_for_is_quoted_and_never_bought(status: int, name: str, value: str) -> None:
    """RSL-SPEC-1.0 sections 4.10 and 6.3."""
    (reason,) = reasons(answer(status, (name, value)))
    assert reason.code == f"access.{status}"
    assert reason.quote == f"{name}: {value}"
    assert reason.line == 2
    assert "no token is ever asked for" in reason.why


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WWW-Authenticate", 'Bearer realm="license"'),
        ("WWW-Authenticate", "Licensed x"),
        ("Link", '<https://ex.org/by>; rel="license"'),
        ("Content-Type", "text/html"),
    ],
)
def test_a_plain_refusal_asks_for_no_licence(name: str, value: str) -> None:
    (reason,) = reasons(answer(403, (name, value)))
    assert reason.why == ""


def test_who_had_a_page_blocked_is_quoted() -> None:
    """RFC 7725 section 4."""
    link = ("Link", '<https://court.example/>; rel="blocked-by"')
    (reason,) = reasons(answer(451, ("Link", "</x>; rel=next"), link))
    assert (reason.code, reason.line) == ("access.451", 3)


def test_a_paywall_is_placed_in_the_extract_and_in_the_page() -> None:
    """Evidence is the extract's digest; the offset is in the body as received."""
    response = answer(body='<p>x</p><meta property="article:content_tier" content="locked">')
    (reason,) = reasons(response)
    extract_of_it = extract(response, Agent(token="ExampleBot"))[1]
    assert reason.evidence == extract_of_it.sha256
    assert (reason.code, reason.line, reason.offset) == ("access.paywall", 2, 8)


def test_a_login_wall_is_quoted_with_its_address() -> None:
    """The login page is not the content of the URL asked for."""
    wall = Hop(status=302, location="https://ex.org/login?next=%2Fa")
    (reason,) = reasons(answer(redirects=(wall,)))
    assert (reason.code, reason.quote) == ("access.login", wall.location)
    (reason,) = reasons(answer(302, ("Location", "/login?next=%2Fa")))
    assert (reason.code, reason.line) == ("access.login", 2)


@pytest.mark.parametrize(
    "location", ["http://[", "//", "", "?", "javascript:x", "\x00", "https://ex.org:99999/login"]
)
def test_broken_locations_never_raise(location: str) -> None:
    """Whoever follows them will fail; this does not."""
    reasons(answer(302, ("Location", location)))
    reasons(answer(redirects=(Hop(status=302, location=location),)))
    reasons(answer(302, ("Location", "/b")), url=location)


def test_reasons_are_the_same_every_time() -> None:
    """Same evidence, same reasons, byte for byte."""
    response = answer(body='<meta property="article:content_tier" content="metered">')
    assert reasons(response) == reasons(response)
