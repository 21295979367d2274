"""Zone stubs of the BIND name server: a zone served from a file that says "blocked".

A zone is its name with all below it. Only zones of which the server is itself the source are blocks;
a forwarded or secondary zone is somebody's, and the server asks them
(https://bind9.readthedocs.io/en/latest/reference.html#zone-block-grammar).
"""

from __future__ import annotations

import re

from blocklists.defaults import Defaults
from blocklists.intake import Intake
from blocklists.model import Parsed, Scope
from blocklists.source import Source

_COMMENT = re.compile(r"\"[^\"\n]*\"|/\*.*?\*/|(?://|#)[^\n]*", re.DOTALL)
_ZONE = re.compile(r"\bzone\s+(\"[^\"\n]*\"|[^\s\"{]+)\s*(?:IN|CH|HS)?\s*\{([^{}]*)\}", re.IGNORECASE)
_TYPE = re.compile(r"\btype\s+\"?(\w+)", re.IGNORECASE)
_OWN = frozenset({"", ".", "localhost"})
"""Zones that every server has of its own, beside the reverse ones."""


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read the zones, on one line or on several; other statements of the file are passed over."""
    intake = Intake(defaults)
    lines = dict(intake.lines(data))
    last = max(lines, default=0)
    text = _COMMENT.sub(_blanked, "\n".join(lines.get(number, "") for number in range(1, last + 1)))
    position, number = 0, 1
    for match in _ZONE.finditer(text):
        number += text.count("\n", position, match.start())
        position = match.start()
        _zone(intake, number, " ".join(match[0].split()), match[1].strip('"').rstrip("."), match[2])
    return intake.parsed()


def _zone(intake: Intake, number: int, raw: str, name: str, body: str) -> None:
    if name.lower() in _OWN or name.lower().endswith((".in-addr.arpa", ".ip6.arpa")):
        return
    kind = _TYPE.search(body)
    if kind is None or kind[1].lower() not in ("master", "primary"):
        intake.reject(number, raw, "not a zone the server answers itself")
        return
    intake.name(number, name, scope=Scope.DOMAIN_AND_SUBDOMAINS, raw=raw)


def _blanked(match: re.Match[str]) -> str:
    """Quoted text stays; a comment becomes as many line ends as it had."""
    text = match[0]
    return text if text.startswith('"') else "\n" * text.count("\n")


SOURCE = Source(
    name="bind",
    title="BIND zone stubs",
    description="Zones a provider's name server answers itself; each is a name and all below it.",
    parse=parse,
    needs=("--ground", "--jurisdiction", "--body"),
)
