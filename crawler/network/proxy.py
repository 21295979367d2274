"""Which proxy a request goes through, for pages and evidence alike.

`[network] proxy` of forbear.toml, else `http_proxy` and `https_proxy`; `no_proxy` is honoured in
both cases, as curl does. Loopback hosts never go to a proxy: its loopback is not ours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from crawler.config import ConfigError
from crawler.network.addresses import is_loopback

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyEndpoint:
    """A proxy of the operator's. Its password stays out of `repr` and logs."""

    url: str = field(repr=False)
    """With user name and password, as configured."""
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """The proxies of one instance; both None: every request goes out directly."""

    http: ProxyEndpoint | None = None
    https: ProxyEndpoint | None = None
    no_proxy: tuple[str, ...] = ()

    @property
    def endpoints(self) -> frozenset[ProxyEndpoint]:
        """The endpoints in use."""
        return frozenset(e for e in (self.http, self.https) if e is not None)

    @property
    def exclusive(self) -> bool:
        """Whether no request for a public host goes out directly."""
        return self.http is not None and self.https is not None and not self.no_proxy

    def for_url(self, url: str) -> ProxyEndpoint | None:
        """The proxy for a URL, None to go directly. Raises ValueError for an impossible port."""
        parts = urlsplit(url)
        endpoint = self.http if parts.scheme == "http" else self.https
        host = (parts.hostname or "").removesuffix(".")
        if endpoint is None or _is_own_machine(host):
            return None
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        return None if any(_bypasses(rule, host, port) for rule in self.no_proxy) else endpoint


DIRECT = Proxies()


def read_proxies(configured: str, environ: Mapping[str, str] | None = None) -> Proxies:
    """The proxies that the configuration and the environment name.

    Raises ConfigError for a proxy that is no http or https URL.
    """
    env = os.environ if environ is None else environ
    rules = tuple(r.strip().lower() for r in _variable("no_proxy", env).split(",") if r.strip())
    if "*" in rules:
        return DIRECT
    if configured:
        endpoint = _endpoint(configured, "[network] proxy")
        return Proxies(http=endpoint, https=endpoint, no_proxy=rules)
    http, https = (_variable(name, env) for name in ("http_proxy", "https_proxy"))
    return Proxies(
        http=_endpoint(http, "http_proxy") if http else None,
        https=_endpoint(https, "https_proxy") if https else None,
        no_proxy=rules,
    )


def _variable(name: str, env: Mapping[str, str]) -> str:
    if name == "http_proxy" and "REQUEST_METHOD" in env:
        return env.get(name, "").strip()  # under CGI a client sets HTTP_PROXY: https://httpoxy.org
    return (env.get(name) or env.get(name.upper()) or "").strip()


def _endpoint(text: str, source: str) -> ProxyEndpoint:
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        default = _DEFAULT_PORTS[parts.scheme]
        port = parts.port or default
    except (KeyError, ValueError) as error:
        raise ConfigError(f"{source}: not an http or https proxy URL with a possible port") from error
    if not parts.hostname:
        raise ConfigError(f"{source}: names no host; write http://proxy.example:3128")
    return ProxyEndpoint(url=url, host=parts.hostname, port=port)


def _is_own_machine(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or is_loopback(host)


def _bypasses(rule: str, host: str, port: int) -> bool:
    name, _, suffix = rule.rpartition(":")
    if name and suffix.isdigit() and (":" not in name or name.endswith("]")):
        if int(suffix) != port:
            return False
        rule = name
    rule = rule.strip("[]").removeprefix("*").removeprefix(".")
    return bool(rule) and (host == rule or host.endswith("." + rule) or _in_network(rule, host))


def _in_network(rule: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(rule, strict=False)
    except (TypeError, ValueError):
        return False
