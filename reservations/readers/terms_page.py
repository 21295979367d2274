"""The page of terms that a site links, reduced to the sentences in it that reserve.

A page is not stored whole: what is kept is a line with the length and SHA-256 of what was received,
and each sentence as a paragraph. Reading the extract gives what reading the page gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from html import unescape

from selectolax.lexbor import LexborHTMLParser

from reservations.model import Evidence, Outcome
from reservations.readers.charsets import encoding_of
from reservations.readers.html_head import looks_like_html
from reservations.readers.html_tags import is_parsable
from reservations.readers.http_fields import content_type_of, media_type_of
from reservations.readers.phrases import MAX_HITS, MAX_TEXT, find_reservations

KIND = "terms"
"""Kind of evidence: a page that the site itself links as its terms."""
MAX_CHARACTERS = 10 * MAX_TEXT
"""Characters of a page's text that are searched."""
MAX_BYTES = 4_000_000

_FIRST_LINE = re.compile(rb"Extract of a page of terms: \d{1,12} bytes as received, SHA-256 [0-9a-f]{64}\n")
_NOT_SEARCHED = "Not searched: "
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "br", "caption", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "th"),
        *("thead", "title", "tr", "ul"),
    }
)
# Possessive, and a run that nothing closes ends with the page, so that nothing is read twice.
_TAG = re.compile(r"</?+([a-zA-Z][a-zA-Z0-9]{0,20}+)[^<>]{0,4000}+>")
_SILENT_RUN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|template|noscript)\b.*?(?:</\1|\Z)", re.DOTALL | re.IGNORECASE
)
_SILENT = ["script", "style", "template", "noscript", "svg", "iframe", "textarea", "select", "option"]


def is_reduced(body: bytes) -> bool:
    """Whether it is an extract that `reduced` made."""
    return _FIRST_LINE.match(body) is not None


def was_searched(body: bytes) -> bool:
    """Whether an extract is of a page that could be searched."""
    return f"\n{_NOT_SEARCHED}".encode("ascii") not in body


def reduced(evidence: Evidence) -> Evidence:
    """A page of terms as it is kept; anything else, and what is reduced already, as it is."""
    body = evidence.body
    if evidence.kind != KIND or evidence.outcome is not Outcome.FOUND or is_reduced(body):
        return evidence
    first = f"Extract of a page of terms: {len(body)} bytes as received, SHA-256 {sha256(body).hexdigest()}\n"
    paragraphs = _paragraphs(evidence)
    kept = first + "".join(f"\n{paragraph}\n" for paragraph in paragraphs)
    return replace(evidence, body=kept.encode("utf-8", "replace"))


def _paragraphs(evidence: Evidence) -> list[str]:
    text = _text(evidence)
    if text is None:
        media_type = media_type_of(content_type_of(evidence.fields)) or "no media type"
        return [_NOT_SEARCHED + media_type[:100].encode("ascii", "replace").decode("ascii")]
    found: dict[str, None] = {}
    for part in _parts(text[:MAX_CHARACTERS]):
        for hit in find_reservations(part):
            if find_reservations(hit.sentence.text):  # it is read the same once it stands alone
                found[hit.sentence.text] = None
        if len(found) >= MAX_HITS:
            break
    return list(found)[:MAX_HITS]


def _text(evidence: Evidence) -> str | None:
    """The running text, blocks apart by empty lines; None for what is neither HTML nor plain text."""
    body, fields = evidence.body, evidence.fields
    if looks_like_html(fields, body):
        page = body[:MAX_BYTES].decode(encoding_of(body, fields), "replace")
        return _visible(page) if is_parsable(body) else _without_tags(page)
    if media_type_of(content_type_of(fields)).startswith("text/"):
        return body.decode(encoding_of(body, fields), "replace")
    return None


def _visible(page: str) -> str:
    parser = LexborHTMLParser(page)
    parser.strip_tags(_SILENT)
    root = parser.body or parser.root
    if root is None:
        return ""
    parts: list[str] = []
    length = 0
    for node in root.traverse(include_text=True):
        if node.tag in _BLOCKS:
            parts.append("\n\n")
        elif node.tag == "-text":
            text = " ".join((node.text_content or "").split())
            length += len(text)
            parts.append(f" {text} ")
            if length > MAX_CHARACTERS:
                break
    return "".join(parts)


def _without_tags(page: str) -> str:
    """As `_visible`, for a page that would take a parser too long."""
    return unescape(_TAG.sub(_separator, _SILENT_RUN.sub(" ", page)))


def _separator(tag: re.Match[str]) -> str:
    return "\n\n" if tag[1].lower() in _BLOCKS else " "


def _parts(text: str) -> Iterator[str]:
    """Pieces that are searched whole, cut where a paragraph ends if one does."""
    while text:
        end = len(text) if len(text) <= MAX_TEXT else text.rfind("\n\n", 1, MAX_TEXT)
        end = MAX_TEXT if end < 1 else end
        yield text[:end]
        text = text[end:]
