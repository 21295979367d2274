"""Which URLs may be requested at all, judged from the text alone: no look-up, no socket. Pure.

Two clients must never read one URL differently, so a host that some reader takes for an address and
another for a name is refused in every form but the plain one (URL Standard, IPv4 parser:
https://url.spec.whatwg.org/#concept-ipv4-parser).
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from crawler.network.addresses import why_refused
from reservations.model import Effect, Reason

MAX_URL = 8192
"""Characters; RFC 9110 section 4.1 asks for 8000 at least."""

_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NO_HOST_CHARACTER = re.compile(r"""[\s"#%/:<>?@\[\\\]^`{|}]""")
_IPV4 = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_BRACKETS = re.compile(r"\[[^\[\]]*\](?::[0-9]*)?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_LOCAL_NAMES = {
    "localhost": "RFC 6761 section 6.3",
    "local": "RFC 6762",
    "internal": "reserved for private use by ICANN, 2024",
    "home.arpa": "RFC 8375",
    "onion": "RFC 7686",
}
"""Names that never lead to the public internet, with all names below them."""


def refuse(code: str, why: str) -> Reason:
    """A reason that excludes, of the security family."""
    return Reason(code=f"security.{code}", effect=Effect.EXCLUDE, protocol="security", why=why)


def check_url_text(url: str, *, allow_private: bool = False) -> Reason | None:
    """Why a URL may not be requested, whatever its host resolves to; None where it may."""
    if len(url) > MAX_URL:
        return refuse("url", f"longer than {MAX_URL} characters")
    if control := _CONTROL.search(url):
        return refuse("url", f"holds the control or space character U+{ord(control[0]):04X}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return refuse("url", f"cannot be read: {str(error)[:100]}")
    if parts.scheme not in ("http", "https"):
        return refuse("scheme", f"only http and https are requested, not {parts.scheme[:20] or 'none'!r}")
    if "@" in parts.netloc:
        return refuse("userinfo", "holds a user name or password")
    if port == 0:
        return refuse("url", "port 0 cannot be asked")
    return _check_host(parts, allow_private=allow_private)


def _check_host(parts: SplitResult, *, allow_private: bool) -> Reason | None:
    host = parts.hostname
    if not host:
        return refuse("url", "names no host")
    if parts.netloc.startswith("["):
        if not _BRACKETS.fullmatch(parts.netloc):
            return refuse("url", "text around the brackets of an address")
        return _check_ipv6(host, allow_private=allow_private)
    if found := _NO_HOST_CHARACTER.search(host):
        return refuse("url", f"no host name holds {found[0]!r}")
    return _check_name(host, allow_private=allow_private)


def _check_ipv6(host: str, *, allow_private: bool) -> Reason | None:
    try:
        IPv6Address(host)
    except ValueError:
        return refuse("url", "not an IPv6 address between the brackets")
    return _check_address(host, allow_private=allow_private)


def _check_name(host: str, *, allow_private: bool) -> Reason | None:
    # Circled digits and ideographic full stops become digits and dots in every client that maps
    # names before it looks them up (UTS 46), so they are mapped here first.
    plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().removesuffix(".")
    labels = plain.split(".")
    if _NO_HOST_CHARACTER.search(plain):
        return refuse("url", "no host name once its characters are mapped (UTS 46)")
    if _NUMBER.fullmatch(labels[-1]):
        if not _IPV4.fullmatch(host) or any(int(label) > 255 for label in labels):
            return refuse("address", "a number in place of a host, not in plain dotted form")
        return _check_address(str(IPv4Address(host)), allow_private=allow_private)
    if len(plain) > 253 or any(not 0 < len(label) <= 63 for label in labels):
        return refuse("url", "no host name: a label is empty or too long (RFC 1035 section 2.3.4)")
    return None if allow_private else _check_local(labels)


def _check_address(ip: str, *, allow_private: bool) -> Reason | None:
    why = None if allow_private else why_refused(ip)
    return refuse("address", f"refused address {ip}: {why}") if why else None


def _check_local(labels: list[str]) -> Reason | None:
    if len(labels) == 1 and labels[0] not in _LOCAL_NAMES:
        return refuse("address", "a name without a dot is a local one (RFC 6761, RFC 7085)")
    for name, source in _LOCAL_NAMES.items():
        if ".".join(labels[-1 - name.count(".") :]) == name:
            return refuse("address", f"names below {name!r} are local ({source})")
    return None
