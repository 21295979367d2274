"""The one normal form for host names."""

from __future__ import annotations

import pytest

from blocklists.hostnames import (
    canonical_host,
    is_ip,
    is_public_suffix,
    is_reserved,
    parents,
    registrable_domain,
)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Film.Example", "film.example"),
        ("film.example.", "film.example"),
        (".film.example", "film.example"),
        ("film.example:8080", "film.example"),
        ("film.example:", "film.example"),
        ("https://film.example", "film.example"),
        ("https://film.example/", "film.example"),
        ("https://film.example?q", "film.example"),
        ("https://film.example#f", "film.example"),
        ("HTTP://u:p@film.example:80/x", "film.example"),
        ("https://a:b@c@film.example/", "film.example"),
        ("//film.example/x", "film.example"),
        ("http:film.example", "film.example"),
        ("http:\\\\film.example\\x", "film.example"),
        ("http:///film.example/x", "film.example"),
        ("ht\ntps://film.exa\tmple/", "film.example"),
        (" https://film.example ", "film.example"),
        ("film.example/a://b", "film.example"),
        ("%66ilm.example", "film.example"),
        ("https://a_b.film.example/", "a_b.film.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("b%C3%BCcher.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("i❤.example", "xn--i-7iq.example"),
        ("film．example", "film.example"),
        ("a\u00adb.example", "ab.example"),
        ("127.1", "127.0.0.1"),
        ("0x7f.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("https://203.0.113.7.:80/", "203.0.113.7"),
        ("２０３.0.113.7", "203.0.113.7"),
        ("[2001:DB8::0:1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[::ffff:203.0.113.7]", "203.0.113.7"),
    ],
)
def test_one_form(text: str, host: str) -> None:
    assert canonical_host(text) == host
    assert canonical_host(host) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "https://",
        "https:///",
        "a..b.example",
        "a b.example",
        "film.example:x",
        "film.example:80:90",
        "%2561.example",
        "%00.example",
        "256.1.1.1",
        "1.2.3.4.5",
        "a.0x",
        "[::1",
        "[film.example]",
        "[fe80::1%25eth0]",
        "x" * 64 + ".example",
        ".".join(["abcdefghi"] * 30),
        "\u2488com.example",
        "ａ" * 5000,
        "\ud800.example",
    ],
)
def test_no_host(text: str) -> None:
    assert canonical_host(text) is None


def test_parents_are_nearest_first() -> None:
    assert list(parents("a.b.c")) == ["b.c", "c"]
    assert list(parents("2001:db8::1")) == []


@pytest.mark.parametrize(
    ("host", "private", "domain"),
    [
        ("a.b.film.co.uk", True, "film.co.uk"),
        ("tenant.github.io", True, "tenant.github.io"),
        ("a.tenant.github.io", False, "github.io"),
        ("github.io", True, None),
        ("github.io", False, "github.io"),
        ("co.uk", True, None),
        ("city.kobe.jp", True, "city.kobe.jp"),
        ("b.c.kobe.jp", True, "b.c.kobe.jp"),
        ("www.ck", True, "www.ck"),
        ("a.b.example", True, "b.example"),
        ("b.example", True, "b.example"),
        ("example", True, None),
        ("x.xn--p1ai", True, "x.xn--p1ai"),
        ("203.0.113.7", True, None),
        ("https://www.film.com/", True, "film.com"),
    ],
)
def test_registrable_domain(host: str, private: bool, domain: str | None) -> None:
    assert registrable_domain(host, private=private) == domain


def test_public_suffixes() -> None:
    assert is_public_suffix("github.io")
    assert not is_public_suffix("github.io", private=False)
    assert is_public_suffix("com")
    assert is_public_suffix("anything-unlisted")
    assert not is_public_suffix("film.com")
    assert not is_public_suffix("203.0.113.7")


@pytest.mark.parametrize(
    "host", ["a.localhost", "x.local", "b.internal", "film.example", "a.test", "127.0.0.1", "::1"]
)
def test_reserved(host: str) -> None:
    assert is_reserved(host)


def test_not_reserved() -> None:
    assert not is_reserved("example.com")
    assert not is_reserved("8.8.8.8")
    assert is_ip("8.8.8.8")
    assert not is_ip("film.a8")
