"""Plain lists of addresses, such as those blocked at Spanish providers on match days.

Many sites share an address, so these are live events whatever else is stated: off by default, and
matched only where a URL's host is the address itself.
"""

from __future__ import annotations

from dataclasses import replace

from blocklists.defaults import Defaults
from blocklists.hostnames import canonical_host, is_ip
from blocklists.intake import Intake
from blocklists.model import Parsed, RecognitionKind, Scope
from blocklists.source import Source


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read one address a line. A name is rejected: it would be another kind of list."""
    intake = Intake(replace(defaults, recognition_kind=RecognitionKind.LIVE_EVENT))
    for number, line in intake.lines(data):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        if "/" in text:
            intake.reject(number, line, "a network, not a single address")
        elif not _is_address(text):
            intake.reject(number, line, "not an address", "names go into a list of names")
        else:
            intake.name(number, text, scope=Scope.IP_LITERAL, raw=line)
    return intake.parsed()


def _is_address(text: str) -> bool:
    # Numbers alone (a time stamp among the lines) would be read as an address too.
    return ("." in text or ":" in text) and is_ip(canonical_host(text) or "")


SOURCE = Source(
    name="ip_list",
    title="List of addresses",
    description="One address a line. Live events, off by default, and never matched to names.",
    parse=parse,
    needs=("--ground", "--jurisdiction", "--body"),
)
