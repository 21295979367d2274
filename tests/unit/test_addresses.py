"""Hostile addresses and URLs, one table: hostile_addresses.json."""

import json
import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.config import Config, ConfigError
from crawler.network import (
    DIRECT,
    AddressGuard,
    GuardedReactor,
    Proxies,
    UnsafeAddress,
    identity_headers,
    is_public,
    read_proxies,
    unsafe_address_in,
    why_refused,
)
from crawler.network.addresses import REFUSED

TABLE = json.loads(Path(__file__).with_name("hostile_addresses.json").read_text("utf-8"))


def row_name(row: dict[str, Any]) -> str:
    return f"{row.get('ip', row.get('url'))!a}"[:60]


@pytest.mark.parametrize("row", TABLE["ips"], ids=row_name)
def test_address_is_judged_as_the_table_says(row: dict[str, Any]) -> None:
    assert is_public(row["ip"]) is row["public"], why_refused(row["ip"])


@pytest.mark.parametrize("row", TABLE["ips"], ids=row_name)
def test_guard_opens_no_socket_for_a_refused_address(row: dict[str, Any]) -> None:
    guard = AddressGuard()
    info = (socket.AF_INET, socket.SOCK_STREAM, 0, "", (row["ip"], 80))
    if row["public"]:
        guard.socket_factory(info).close()
    else:
        with pytest.raises(UnsafeAddress) as refused:
            guard.socket_factory(info)
        assert refused.value.reason == "security.address"


@pytest.mark.parametrize("row", TABLE["urls"], ids=row_name)
@pytest.mark.parametrize("allow_private", [False, True])
def test_url_is_judged_as_the_table_says(row: dict[str, Any], allow_private: bool) -> None:
    expected = row.get("reason_private", row["reason"]) if allow_private else row["reason"]
    reason = AddressGuard(allow_private=allow_private).check_url(row["url"])
    assert (reason.code if reason else None) == expected, reason


def test_url_longer_than_8_kib_is_refused() -> None:
    long = "http://example.com/" + "a" * 8192
    reason = AddressGuard().check_url(long)
    assert reason is not None
    assert reason.code == "security.url"
    assert AddressGuard().check_url(long[:8192]) is None


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    for url in (text, f"http://{text}/", f"http://[{text}]:80/", f"http://a.example:{text}/"):
        AddressGuard().check_url(url)
    why_refused(text)


@given(st.ip_addresses())
def test_every_address_has_an_answer_and_table_rows_are_refused(address: Any) -> None:
    assert why_refused(str(address)) is None or isinstance(why_refused(str(address)), str)


@pytest.mark.parametrize("row", REFUSED, ids=lambda r: r[0])
def test_first_and_last_address_of_each_row_are_refused(row: tuple[str, str, str]) -> None:
    network = ip_network(row[0])
    assert not is_public(str(network[0]))
    assert not is_public(str(network[-1]))
    assert row[2]


def test_allow_private_still_refuses_what_is_no_address() -> None:
    guard = AddressGuard(allow_private=True)
    guard.check("127.0.0.1", 80)
    with pytest.raises(UnsafeAddress):
        guard.check("localhost", 80)


def test_answer_with_a_public_and_a_private_address_is_refused_whole() -> None:
    with pytest.raises(UnsafeAddress):
        AddressGuard().check_all(["8.8.8.8", "10.0.0.1"], 80)


def test_unsafe_address_is_found_below_wrapping_exceptions() -> None:
    outer = RuntimeError("wrapped")
    outer.__cause__ = ConnectionError("in the middle")
    outer.__cause__.__context__ = inner = UnsafeAddress("no")
    assert unsafe_address_in(outer) is inner
    assert unsafe_address_in(ValueError()) is None


class FakeReactor:
    def __init__(self) -> None:
        self.dialled: list[tuple[str, int]] = []

    def connectTCP(self, host: str, port: int, *args: Any, **kwargs: Any) -> str:  # noqa: N802
        self.dialled.append((host, port))
        return "connector"

    def callLater(self) -> str:  # noqa: N802
        return "later"


def test_guarded_reactor_checks_what_it_dials_and_passes_on_the_rest() -> None:
    real = FakeReactor()
    guarded = GuardedReactor(real, AddressGuard())
    with pytest.raises(UnsafeAddress):
        guarded.connectTCP("127.0.0.1", 80)
    assert guarded.connectTCP("8.8.8.8", 80, object(), timeout=3) == "connector"
    assert real.dialled == [("8.8.8.8", 80)]
    assert guarded.callLater() == "later"


# Proxies


def proxied(**kwargs: Any) -> Proxies:
    return read_proxies("http://u:p@proxy.example:3128", kwargs)


def test_no_proxy_anywhere_means_direct() -> None:
    assert read_proxies("", {}) == DIRECT
    assert DIRECT.for_url("http://example.com/") is None


def test_configured_proxy_is_for_both_schemes_and_beats_the_environment() -> None:
    proxies = proxied(http_proxy="http://other.example:1")
    for url in ("http://example.com/", "https://example.com/"):
        endpoint = proxies.for_url(url)
        assert endpoint is not None
        assert (endpoint.host, endpoint.port) == ("proxy.example", 3128)
    assert proxies.exclusive


def test_environment_names_a_proxy_per_scheme_in_either_case() -> None:
    proxies = read_proxies("", {"http_proxy": "a.example:80", "HTTPS_PROXY": "https://b.example"})
    http, https = (proxies.for_url(f"{s}://example.com/") for s in ("http", "https"))
    assert http is not None
    assert https is not None
    assert (http.host, http.port, https.host, https.port) == ("a.example", 80, "b.example", 443)


def test_upper_case_http_proxy_is_ignored_under_cgi() -> None:
    assert read_proxies("", {"HTTP_PROXY": "http://evil.example", "REQUEST_METHOD": "GET"}) == DIRECT


@pytest.mark.parametrize(
    ("rule", "url", "direct"),
    [
        ("example.com", "http://example.com/", True),
        ("example.com", "http://a.example.com/", True),
        ("example.com", "http://badexample.com/", False),
        (".example.com", "http://a.example.com/", True),
        ("*.example.com", "http://a.example.com/", True),
        ("example.com:8080", "http://example.com:8080/", True),
        ("example.com:8080", "http://example.com/", False),
        ("93.184.0.0/16", "http://93.184.216.34/", True),
        ("93.184.0.0/16", "http://8.8.8.8/", False),
        ("2606:4700::/32", "http://[2606:4700:4700::1111]/", True),
        ("[2606:4700:4700::1111]", "http://[2606:4700:4700::1111]:81/", True),
        ("*", "http://example.com/", True),
        ("a, ,example.com", "http://example.com/", True),
    ],
)
def test_no_proxy(rule: str, url: str, direct: bool) -> None:
    proxies = proxied(no_proxy=rule)
    assert (proxies.for_url(url) is None) is direct
    assert not proxies.exclusive


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost:8/", "http://[::1]/", "http://a.localhost/"]
)
def test_loopback_never_goes_to_a_proxy(url: str) -> None:
    assert proxied().for_url(url) is None


@pytest.mark.parametrize("text", ["socks5://a.example:1", "http://", "http://a.example:99999", "ftp://a"])
def test_impossible_proxy_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="proxy"):
        read_proxies(text, {})


def test_password_of_a_proxy_is_in_no_repr() -> None:
    assert "u:p" not in repr(proxied())


def test_behind_a_proxy_only_its_own_endpoint_is_dialled() -> None:
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["10.9.9.9"]

    guard = AddressGuard(proxies=proxied(), resolve=resolve)
    guard.check("10.9.9.9", 3128)
    for ip, port in (("10.9.9.9", 80), ("10.9.9.8", 3128), ("8.8.8.8", 3128), ("8.8.8.8", 443), ("::1", 80)):
        with pytest.raises(UnsafeAddress):
            guard.check(ip, port)
    assert looked_up == ["proxy.example"]


def test_with_no_proxy_rules_public_addresses_are_dialled_too() -> None:
    guard = AddressGuard(proxies=proxied(no_proxy="example.com"), resolve=lambda h, p: ["10.9.9.9"])
    guard.check("8.8.8.8", 443)
    with pytest.raises(UnsafeAddress):
        guard.check("10.0.0.1", 443)


def test_identity_headers_say_who_asks() -> None:
    config = Config().merged(
        crawler={"product_token": "ExampleBot", "info_url": "https://example.org/bot"},
        operator={"contact": "crawler@example.org"},
    )
    assert identity_headers(config) == {
        "User-Agent": "ExampleBot/1.0 (+https://example.org/bot)",
        "From": "crawler@example.org",
        "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
        "Accept-Encoding": "gzip, deflate",
    }
    assert "From" not in identity_headers(Config())


def test_where_ports_are_named_no_other_is_asked() -> None:
    guard = AddressGuard(ports=frozenset({80, 443}))
    for url in (
        "http://example.org/",
        "https://example.org/",
        "https://example.org:80/",
        "http://example.org:443/",
    ):
        assert guard.check_url(url) is None
    for port in (22, 25, 8080, 6379):
        refused = guard.check_url(f"http://example.org:{port}/")
        assert refused is not None
        assert (refused.code, refused.why) == ("security.url", f"port {port} is not asked here")
        with pytest.raises(UnsafeAddress, match=f"port {port}"):
            guard.check("9.9.9.9", port)
    guard.check("9.9.9.9", 443)
    assert AddressGuard().check_url("http://example.org:8080/") is None
