"""Sentences in a page's footer and legal lines that reserve; nothing else of the page is taken.

Recital 18 and Article 4(3) of Directive (EU) 2019/790 (https://eur-lex.europa.eu/eli/dir/2019/790/oj)
name terms and conditions of a website. Looked at are footers, small print, elements named after
footers, legal notices, copyright and imprints, the line round a link to such a page, and notices in
meta elements and structured data (https://schema.org/copyrightNotice). An article is not: journalism
about mining is where most of such words stand. Pages that are linked are not fetched.

A page without such words near its footer costs a few substring searches and is not parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from reservations.readers.charsets import STATEFUL, WIDE, as_utf8, encoding_of, needs_another_form
from reservations.readers.html_tags import is_parsable
from reservations.readers.phrases import find_reservations

KIND = "text"
"""Kind of evidence that the sentences become; any other running text is of it too."""

MAX_REGIONS = 200
MAX_REGION = 8_000
"""Characters of a region; a larger one that only its name makes a footer is none."""
MAX_FOOTER = 20_000
MAX_SENTENCES = 5
"""Sentences of one page that are kept."""

_SHARED = (
    *(b"mining", b"tdm", b"2019/790", b"urhg", b"122-5-3", b"intelligen", b"llm", b"automat", b"scrap"),
    *(b"language model", b"ai model", b"ai system", b"generative", b"machine learning"),
    *(b"ai train", b"ai-train", b"train ai", b"training ai", b"of ai", b"any ai"),
)
_BY_LANGUAGE = {
    "en": (b"article 4", b"art 4"),
    "de": (b"maschinelles lernen", b"sprachmodell", b"44b", b"ki-", b" ki", b"ki "),
    "fr": (b"fouille", b"moisson", b"entra\xc3\xae", b"entra&icirc;"),
    "es": (b"miner\xc3\xad", b"miner&iacute;", b"entren", b"intelig", b"extracci", b"rastreo", b"67.3"),
    "it": (b"estrazion", b"addestr", b"quater"),
    "nl": (b"15o", b"taalmodel", b"van ai", b"ai-model"),
    "pl": (b"eksploracj", b"trenow", b"szkoleni", b"uczenia maszyn", b"intelig", b"aut."),
    "pt": (b"minera", b"prospe", b"trein", b"intelig"),
    "da": (b"tr\xc3\xa6n", b"tr&aelig;n", b"ophavsret"),
    "sv": (b"utvinning", b"tr\xc3\xa4n", b"tr&auml;n", b"upphovsr"),
    "cs": (b"vyt\xc4\x9b", b"tr\xc3\xa9nov", b"intelig", b"39c"),
}
_LANGUAGE = re.compile(rb"<html\b[^<>]{0,400}?\blang\s*=\s*[\"']?([a-z]{2})", re.IGNORECASE)
_EVERY = tuple(dict.fromkeys((*_SHARED, *(t for row in _BY_LANGUAGE.values() for t in row))))

_MAX_FOOTER_BYTES = 12_288
_ROUND = 1_536
"""Bytes round a mark that are searched before anything is parsed."""
_MAX_SCRIPT = 65_536

_NOTICE_NAMES = frozenset(
    {"copyright", "rights", "dc.rights", "dcterms.rights", "dcterms.accessrights", "dcterms.license"}
)
"""Names of meta elements that hold a notice."""
_NOTICE = re.compile(r"\"(?:copyrightNotice|usageInfo)\"\s{0,20}:\s{0,20}(\"(?:[^\"\\]|\\.){1,4000}\")")
_NOTICE_MARKS = (b"copyrightnotice", b"usageinfo", b"contentinfo")
"""What stands where a notice is given apart from the text (IPTC advises to repeat it in structured data)."""
_META_MARKS = (b'"copyright"', b"'copyright'", b'rights"', b"rights'")
_META_END = b"</head"
_MAX_META = 262_144
"""Bytes that are searched for notices in meta elements, where the end of the head is not to be seen."""
_MAX_NOTICES = 8
_MARKS = (b"copyright", b"legal", b"<small")
_MARKS_WITHOUT_FOOTER = (b"footer", b"imprint", b"impressum", b"terms")
_CANDIDATES = "footer, small, [role], [class], [id], a[href]"
_NAMED = re.compile(r"footer|copyright|imprint|impressum|colophon|(?<![a-z])legal", re.IGNORECASE)
_LINK = re.compile(
    r"terms|conditions|legal|imprint|impressum|nutzungsbedingungen|agb\b|rechtlich|cgu\b|condiciones"
    r"|mentions l[ée]gales|note legali|condizioni|voorwaarden|colofon|regulamin|vilk[åa]r|villkor|podm[ií]nky"
    r"|copyright|nutzungsvorbehalt|reservation of rights",
    re.IGNORECASE,
)
_MAX_LINK = 60
_TAG = re.compile(r"<[^<>]{0,2000}>")
_CONTENT = re.compile(r"\bcontent\s{0,9}=\s{0,9}([\"'])([^\"']{20,8000})\1")
_NEVER = frozenset({"html", "head", "body", "main", "article", "script", "style", "template", "noscript"})


def triggers(language: str) -> tuple[bytes, ...]:
    """What the topics of a language hold, as bytes in lower case; all of them for one that is not known."""
    own = _BY_LANGUAGE.get(language)
    return _EVERY if own is None else (*_SHARED, *own)


def reserving_sentences(body: bytes, fields: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Sentences of a page's boilerplate that reserve, at most MAX_SENTENCES. Never raises."""
    encoding = encoding_of(body, fields)
    if encoding in WIDE or (encoding == STATEFUL and needs_another_form(body)):
        body, encoding = as_utf8(body, encoding), "utf-8"
    language = _LANGUAGE.search(body[:2048])
    wanted = triggers(language[1].decode("ascii").lower() if language else "")
    windows = [w for w in _windows(body, encoding) if any(trigger in w for trigger in wanted)]
    if not windows:
        return ()
    if not any(find_reservations(text) for w in windows for text in _texts(w.decode("utf-8", "replace"))):
        return ()
    if not is_parsable(body):
        return ()
    found: dict[str, None] = {}
    parser = LexborHTMLParser(body.decode(encoding, "replace"))
    for text in chain(_notices(parser), _regions(parser)):
        for hit in find_reservations(text):
            if find_reservations(hit.sentence.text):  # it is read the same once it stands alone
                found[hit.sentence.text] = None
    return tuple(found)[:MAX_SENTENCES]


def encode_sentences(sentences: Sequence[str]) -> bytes:
    """As they are stored: a paragraph each, so that none runs into the next."""
    return ("\n\n".join(sentences) + "\n").encode("utf-8", "replace")


def _windows(body: bytes, encoding: str) -> list[bytes]:
    """The last footer, and what stands round the last legal lines outside it, in lower case and UTF-8."""
    lowered = body.lower()
    spans: list[tuple[int, int]] = []
    close = lowered.rfind(b"</footer")
    if close >= 0:
        start = max(0, close - _MAX_FOOTER_BYTES)
        spans.append((max(lowered.rfind(b"<footer", start, close), start), close + _ROUND))
    for word in (*_NOTICE_MARKS, *_MARKS, *(() if close >= 0 else _MARKS_WITHOUT_FOOTER)):
        at = lowered.rfind(word)
        if at >= 0 and not any(start <= at < end for start, end in spans):
            spans.append((at - _ROUND, at + _ROUND))
    head = lowered[: _end_of_head(lowered)]
    spans += [(at - _ROUND, at + _ROUND) for at in map(head.rfind, _META_MARKS) if at >= 0]
    spans = [(max(0, start), end) for start, end in spans]
    if encoding == "utf-8":
        return [lowered[start:end] for start, end in spans]
    # as received: a byte that looks like a capital letter may be half of another letter
    return [body[start:end].decode(encoding, "replace").encode("utf-8").lower() for start, end in spans]


def _end_of_head(lowered: bytes) -> int:
    end = lowered.find(_META_END, 0, _MAX_META)
    return end if end >= 0 else _MAX_META


def _notices(parser: LexborHTMLParser) -> Iterator[str]:
    """Notices in meta elements and in structured data."""
    metas = parser.css("meta[name][content], meta[property][content]")
    named = (meta for meta in metas if _NOTICE_NAMES & _names(meta))
    yield from ((m.attributes.get("content") or "")[:MAX_REGION] for m in islice(named, _MAX_NOTICES))
    for script in parser.css('script[type^="application/ld+json"]')[:_MAX_NOTICES]:
        for match in islice(_NOTICE.finditer(script.text()[:_MAX_SCRIPT]), _MAX_NOTICES):
            with suppress(ValueError):
                yield str(json.loads(match[1], strict=False))


def _names(meta: LexborNode) -> set[str]:
    return {(meta.attributes.get(naming) or "").strip().lower() for naming in ("name", "property")}


def _texts(window: str) -> Iterator[str]:
    """What may be running text in a piece of a page, and what meta elements in it hold."""
    yield _TAG.sub(" ", window)
    yield from (match[2] for match in islice(_CONTENT.finditer(window), _MAX_NOTICES))


def _regions(parser: LexborHTMLParser) -> Iterator[str]:
    """The text of each piece of boilerplate, blocks apart; a piece inside another is not given twice."""
    seen: set[int] = set()
    count = 0
    for node in parser.css(_CANDIDATES):
        region = _region(node)
        if region is None or region.mem_id in seen or _within(region, seen):
            continue
        seen.add(region.mem_id)
        text = region.text(separator=" ")
        if len(text) > (MAX_FOOTER if region.tag == "footer" else MAX_REGION):
            continue
        yield text
        count += 1
        if count == MAX_REGIONS:
            return


def _region(node: LexborNode) -> LexborNode | None:
    tag = node.tag or ""
    if tag == "a":
        return _line_of(node)
    if tag in _NEVER:
        return None
    attributes = node.attributes
    name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    footer = tag in ("footer", "small") or attributes.get("role") == "contentinfo"
    return node if footer or _NAMED.search(name) else None


def _line_of(link: LexborNode) -> LexborNode | None:
    """The element in which a link to terms or an imprint stands, if it is no more than a line of text."""
    text = link.text(strip=True)
    if not text or len(text) > _MAX_LINK or not _LINK.search(text):
        return None
    parent = link.parent
    return parent if parent is not None and (parent.tag or "") not in _NEVER else link


def _within(node: LexborNode, seen: set[int]) -> bool:
    """Whether an element stands in an article, or in a region that was given already."""
    above = node.parent
    for _ in range(64):
        if above is None:
            return False
        if above.mem_id in seen or above.tag == "article" or _is_article(above):
            return True
        above = above.parent
    return True


def _is_article(node: LexborNode) -> bool:
    attributes = node.attributes
    said = f"{attributes.get('itemprop') or ''} {attributes.get('role') or ''}".lower()
    return "articlebody" in said or "article" in said.split()
