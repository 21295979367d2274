"""Where a URL belongs, and the key it is found by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.store.places import MAX_KEY, domain_range, key_range, lookup_key, site_of, url_hash


@pytest.mark.parametrize(
    ("url", "origin", "host", "domain", "key"),
    [
        ("https://www.Example.org:443/a?b#c", "https://www.example.org", "www.example.org", "example.org",
         "org,example,www)/a?b"),
        ("http://example.co.uk:8080", "http://example.co.uk:8080", "example.co.uk", "example.co.uk",
         "uk,co,example)/"),
        ("http://192.0.2.1/x", "http://192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1)/x"),
        ("http://[2001:db8::1]/x", "http://[2001:db8::1]", "2001:db8::1", "2001:db8::1", "2001:db8::1)/x"),
        ("https://user:secret@example.org/?q", "https://example.org", "example.org", "example.org",
         "org,example)/?q"),
        ("https://bücher.example/ä", "https://bücher.example", "xn--bcher-kva.example",
         "xn--bcher-kva.example", "example,xn--bcher-kva)/%C3%A4"),
        ("mailto:someone@example.org", "", "", "", ")"),
        ("javascript:alert(1)", "", "", "", ")"),
        ("", "", "", "", ")"),
    ],
)  # fmt: skip
def test_place_of_a_url(url: str, origin: str, host: str, domain: str, key: str) -> None:
    site = site_of(url)
    assert (site.origin, site.host, site.domain, lookup_key(url)) == (origin, host, domain, key)


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("example.org", True),
        ("www.example.org", True),
        ("a.b.example.org", True),
        ("example-site.org", False),
        ("examples.org", False),
        ("notexample.org", False),
        ("example.org.evil.test", False),
        ("org", False),
    ],
)
def test_a_domain_with_everything_below_it_is_one_range(host: str, inside: bool) -> None:
    start, end = domain_range("example.org")
    assert (start <= lookup_key(f"https://{host}/any/path?x=1") < end) is inside


def test_a_prefix_is_a_range() -> None:
    start, end = key_range(lookup_key("https://example.org/news/"))
    assert start <= lookup_key("https://example.org/news/1") < end
    assert not start <= lookup_key("https://example.org/newspaper") < end
    assert not start <= lookup_key("https://www.example.org/news/1") < end


def test_the_fragment_makes_no_difference_to_the_hash_and_the_rest_does() -> None:
    assert url_hash("https://example.org/a#b") == url_hash("https://example.org/a")
    assert url_hash("https://example.org/a") != url_hash("https://example.org/b")
    assert -(2**63) <= url_hash("https://example.org/\udc80") < 2**63


@given(st.text(st.characters()) | st.text("htps:/.@[]#?\\%\0é\ud800", max_size=40).map("http://".__add__))
def test_any_text_has_a_place_and_a_key_that_fits_an_index(url: str) -> None:
    site = site_of(url)
    key = lookup_key(url)
    assert key.isascii()
    assert key.isprintable()
    assert len(key) <= MAX_KEY
    assert bool(site.host) == bool(site.origin)
