"""Configuration of the Unbound resolver, as providers generate it from the orders they get.

`local-zone` is a name with all below it, `local-data` one name. A zone that answers as usual
(`transparent`) exempts its name and what lies below
(https://unbound.docs.nlnetlabs.nl/en/latest/manpages/unbound.conf.html).
"""

from __future__ import annotations

import re
from dataclasses import replace

from blocklists.defaults import Defaults
from blocklists.hostnames import canonical_host, parents
from blocklists.intake import Intake
from blocklists.model import Parsed, Scope, Status
from blocklists.source import Source

_BLOCKING_WORDS = """
    deny refuse static redirect inform_deny inform_redirect always_refuse always_nxdomain always_nodata
    always_deny always_null
"""
_BLOCKING = frozenset(_BLOCKING_WORDS.split())
_OPEN = frozenset({"transparent", "typetransparent", "inform", "always_transparent", "nodefault"})
_LINE = re.compile(r"(local-zone|local-data|local-data-ptr)\s*:\s*(?:\"([^\"]*)\"|'([^']*)'|(\S+))\s*(\S*)")


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read the local zones; other settings of the file are none of ours, and passed over."""
    intake = Intake(defaults)
    zones: set[str] = set()
    hosts: list[tuple[int, str, str]] = []
    for number, line in intake.lines(data):
        match = _LINE.match(line.partition("#")[0].strip())
        if match is None:
            if line.startswith("local-"):
                intake.reject(number, line, "not a local zone of a name")
            continue
        kind, value, action = match[1], match[2] or match[3] or match[4] or "", match[5].strip("\"'")
        if kind == "local-zone":
            _zone(intake, defaults, zones, (number, line, value, action))
        elif kind == "local-data":
            hosts.append((number, line, value))
    intake.defaults = defaults
    for number, line, value in hosts:
        _host(intake, zones, number, line, value)
    return intake.parsed()


def _zone(intake: Intake, defaults: Defaults, zones: set[str], found: tuple[int, str, str, str]) -> None:
    number, line, name, action = found
    if action not in _BLOCKING | _OPEN:
        intake.reject(number, line, "an action that neither blocks nor exempts")
        return
    host = canonical_host(name)
    if host is not None:
        zones.add(host)
    intake.defaults = replace(defaults, status=Status.EXCEPTED) if action in _OPEN else defaults
    intake.name(number, name.rstrip("."), scope=Scope.DOMAIN_AND_SUBDOMAINS, raw=line)


def _host(intake: Intake, zones: set[str], number: int, line: str, record: str) -> None:
    """A record of its own is one name; beside its zone it says only what the answer is."""
    words = record.split()
    host = canonical_host(words[0]) if words else None
    if host is not None and not zones.isdisjoint((host, *parents(host))):
        return
    if not {word.upper() for word in words[1:]} & {"A", "AAAA", "CNAME"}:
        intake.reject(number, line, "a record that leads no visitor elsewhere")
        return
    intake.name(number, words[0].rstrip("."), scope=Scope.EXACT_HOST, raw=line)


SOURCE = Source(
    name="unbound",
    title="Unbound local zones",
    description="What a provider's resolver answers for listed names; open zones are exemptions.",
    parse=parse,
    needs=("--ground", "--jurisdiction", "--body"),
)
