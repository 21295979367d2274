"""The addresses we crawl from, as a file: JAFAR 1.0, which readers of the older form can read too.

https://datatracker.ietf.org/doc/html/draft-illyes-webbotauth-jafar-00 (expired in October 2026; the
older form is what search engines and AI companies have published for years).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from crawler.network.addresses import why_refused

FORMAT = "1.0"
NOTES = "Also verify the Web Bot Auth signature; an address alone can be shared."
Network = IPv4Network | IPv6Network
_KEYS = {4: "ipv4Prefix", 6: "ipv6Prefix"}


class PrefixError(ValueError):
    """A prefix that must not be published; the message says why."""


def read_prefix(text: str) -> Network:
    """A prefix in CIDR form. Raises PrefixError, also where host bits are set."""
    try:
        return ip_network(text.strip(), strict=True)
    except ValueError as error:
        raise PrefixError(f"{text[:80]!r} is no address range: {error}") from error


def read_prefixes(texts: Iterable[str], *, allow_private: bool = False) -> tuple[Network, ...]:
    """Prefixes without repetition, IPv4 first. Raises PrefixError for one nobody can crawl from."""
    found = {read_prefix(text) for text in texts}
    for network in found:
        why = why_refused(str(network.network_address))
        if why and not allow_private:
            raise PrefixError(f"{network} cannot be where we crawl from: {why}")
    return tuple(sorted(found, key=lambda n: (n.version, n.network_address, n.prefixlen)))


def ip_ranges(prefixes: Sequence[Network], service: str, now: datetime) -> dict[str, Any]:
    """The file. `synctoken` changes with the prefixes alone, `creationTime` with each build."""
    listed = [{_KEYS[n.version]: str(n), "service": service} for n in prefixes]
    return {
        "formatVersion": FORMAT,
        "synctoken": sha256(repr([sorted(p.items()) for p in listed]).encode()).hexdigest()[:16],
        "creationTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "notes": NOTES,
        "prefixes": listed,
    }


def read_ip_ranges(data: object) -> tuple[tuple[Network, ...], tuple[str, ...]]:
    """What a consumer makes of a file, in either form: its prefixes, and what is wrong with it."""
    if not isinstance(data, dict) or not isinstance(data.get("prefixes"), list):
        return (), ("no list of prefixes",)
    version = data.get("formatVersion")
    if version is not None and str(version).split(".")[0] != FORMAT.split(".")[0]:
        return (), (f"format version {str(version)[:20]} is not one we know",)
    found: list[Network] = []
    wrong = [f"{key} is missing" for key in ("creationTime",) if key not in data]
    for item in data["prefixes"]:
        values = [item[key] for key in _KEYS.values() if key in item] if isinstance(item, dict) else []
        try:
            if len(values) != 1:
                raise PrefixError(f"{str(item)[:80]} does not hold exactly one of ipv4Prefix and ipv6Prefix")
            found.append(read_prefix(str(values[0])))
        except PrefixError as error:
            wrong.append(str(error))
    return tuple(found), tuple(wrong)
