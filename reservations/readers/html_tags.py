"""Tags in the bytes of a page as received: a cheap look before parsing, and where elements stand.

Never the authority on what is an element (comments and scripts hold tags too); selectolax is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TAG = 65_536
"""Bytes of one tag that are looked at."""

MAX_TEXT = 1_000_000
"""Bytes of a script that are looked at."""

_MAX_WORD = 64
"""Bytes of text after a tag that may be a word of structured data."""

MAX_TAGS = 4_000

MAX_PARSED = 524_288
MAX_PARSED_TAGS = 3_000
MAX_PARSED_RUN = 32_768
"""What a parser is given at most: bytes, tags, and bytes without a `>`.

Every HTML5 parser takes quadratic time or space for some pages (open elements at each block, active
formatting elements at each paragraph, attributes of one tag). These keep the worst near a second;
pages beyond them are read by their tags alone.
"""

# A quote opens a value only after `=` (HTML Standard section 13.2.5.35), and only if it is closed.
# Possessive, so that nothing is tried twice.
_REST = rb"(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+"
SIGNAL_TAGS = re.compile(rb"<(?:meta|link|script)(?=[\s/>])" + _REST)
"""Tags that may carry a signal, in lower-cased bytes, up to but without the closing `>`."""

_ANY_TAG = re.compile(rb"<[a-z][^\s/>]*+" + _REST)
_ATTRIBUTE = re.compile(r"([^\s/>=]++)\s*+(?:=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>]*+)))?")
_TAG_NAME = re.compile(r"<([^\s/>]++)")

# Letters, digits and `-` can only hide in a name as numeric references; `:` and `_` also have
# named ones. Others are no sign of anything: WordPress writes `&#038;` in every link.
ESCAPED_NAME = re.compile(
    rb"&(?:colon|lowbar|underbar|#0*+(?:4[5-9]|5[0-8]|6[5-9]|[78][0-9]|9[0-57-9]|1[01][0-9]|12[0-2])(?![0-9])"
    rb"|#x0*+(?:2[d-f]|3[0-9a]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])(?![0-9a-f]))"
)

_OPAQUE = re.compile(
    rb"<!--(?:-?>|.*?(?:--!?>|\Z))"
    rb"|<[!?][^>]*+"
    rb"|<(script|style|title|textarea|xmp|iframe|noembed|noframes|template)(?=[\s/>])"
    + _REST
    + rb"(?:.*?</\1|.*\Z)",
    re.DOTALL,
)
"""Runs in which a tag is not a tag: comments, and elements whose content is text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTag:
    """A start tag in the bytes."""

    name: str
    attributes: dict[str, str]
    start: int
    end: int
    text: str
    """The word that follows; for a script, its text."""
    stop: int
    """Where the next tag can begin; for a script, after its text."""


def is_parsable(page: bytes) -> bool:
    """Whether parsing this takes bounded time, whatever it holds."""
    return (
        len(page) <= MAX_PARSED
        and page.count(b"<") <= MAX_PARSED_TAGS
        and (len(page) <= MAX_PARSED_RUN or max(map(len, page.split(b">"))) <= MAX_PARSED_RUN)
    )


def raw_tag(body: bytes, lowered: bytes, start: int, end: int, encoding: str) -> RawTag:
    """Read one start tag whose bytes run from `start` to `end`, the `>` excluded."""
    source = body[start : min(end, start + MAX_TAG)].decode(encoding, "replace")
    name = _TAG_NAME.match(source)
    tag = name[1].lower() if name else ""
    attributes: dict[str, str] = {}
    for key, double, single, bare in _ATTRIBUTE.findall(source, name.end() if name else 0):
        attributes.setdefault(key.lower(), html.unescape(double or single or bare))
    if tag == "script":
        stop = lowered.find(b"</script", end)
        text = body[end + 1 : min(stop if stop >= 0 else len(body), end + MAX_TEXT)]
    else:
        stop = -1
        text = body[end + 1 : end + _MAX_WORD].partition(b"<")[0]
    return RawTag(
        name=tag,
        attributes=attributes,
        start=start,
        end=end,
        text=text.decode(encoding, "replace"),
        stop=len(body) if tag == "script" and stop < 0 else max(end, stop),
    )


def enclosing_tag(lowered: bytes, position: int) -> tuple[int, int] | None:
    """Start and end of the tag around a position, None where it stands in text."""
    start = lowered.rfind(b"<", 0, position)
    match = _ANY_TAG.match(lowered, start, start + MAX_TAG) if start >= 0 else None
    return (start, match.end()) if match and match.end() > position else None


def outside_opaque(lowered: bytes, starts: list[int]) -> list[int]:
    """The positions, in ascending order, that stand in no comment and in no element of plain text.

    A script's own start tag is not inside the script.
    """
    spans = ((m.start(), m.end()) for _, m in zip(range(MAX_TAGS), _OPAQUE.finditer(lowered), strict=False))
    return list(_outside(starts, spans))


def _outside(starts: list[int], spans: Iterator[tuple[int, int]]) -> Iterator[int]:
    begin, end = next(spans, (-1, -1))
    for start in starts:
        while begin >= 0 and end <= start:
            begin, end = next(spans, (-1, -1))
        if begin < 0 or start <= begin:
            yield start
