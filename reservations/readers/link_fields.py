"""`Link` header values: targets with their relations and types.

Spec: RFC 8288 section 3, https://www.rfc-editor.org/rfc/rfc8288#section-3. Parsed as appendix B.2
there describes it, leniently and in linear time; what is no link is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_VALUE = 16_384
MAX_LINKS = 64

# Possessive, so that nothing is tried twice.
_LINK = re.compile(
    r"<([^<>]{0,8192}+)>"
    r"((?:\s*+;\s*+(?:[^\s=;,\"<>]++(?:\s*+=\s*+(?:\"(?:[^\"\\]++|\\.)*+\"|[^\s;,\"]*+))?)?)*+)"
)
_PARAMETER = re.compile(r"([^\s=;,\"]++)\s*+(?:=\s*+(?:\"((?:[^\"\\]++|\\.)*+)\"|([^\s;,\"]*+)))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of a header line."""

    target: str
    """As written, perhaps relative."""
    relations: tuple[str, ...]
    """Lower case; of several `rel` parameters the first counts (RFC 8288 section 3.3)."""
    media_type: str
    """Lower case, as written otherwise; empty where it is not stated."""
    anchor: str
    """What the link is about, where that is not the response itself (RFC 8288 section 3.2)."""


def read_links(value: str) -> tuple[Link, ...]:
    """The links of one header line; never raises."""
    links = (_link(m[1].strip(), m[2]) for m in _LINK.finditer(value[:MAX_VALUE]))
    return tuple(link for link, _ in zip(links, range(MAX_LINKS), strict=False))


def _link(target: str, parameters: str) -> Link:
    found: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(parameters):
        found.setdefault(name.lower().rstrip("*"), re.sub(r"\\(.)", r"\1", quoted) or bare)
    return Link(
        target=target,
        relations=tuple(found.get("rel", "").lower().split()),
        media_type=found.get("type", "").strip().lower(),
        anchor=found.get("anchor", ""),
    )
