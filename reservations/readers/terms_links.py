"""Links of a page to the terms of its site: terms of use, legal notices, imprints, usage information.

Recital 18 of Directive (EU) 2019/790 (https://eur-lex.europa.eu/eli/dir/2019/790/oj) names terms and
conditions of a website; `usageInfo` is https://schema.org/usageInfo, `terms-of-service` and `license`
are link relations (RFC 6903 section 4, https://html.spec.whatwg.org/#link-type-license). A link counts
by its relation, or by a few words that are nothing else's; links inside articles do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from reservations.readers.charsets import encoding_of
from reservations.readers.html_head import looks_like_html
from reservations.readers.html_tags import is_parsable
from reservations.readers.page_links import absolute, base_of

MAX_LINKS = 5_000
MAX_TEXT = 60
MAX_WORDS = 6
MAX_FOUND = 8

_RELATIONS = frozenset({"terms-of-service", "license", "copyright"})
_KINDS = (
    r"\btdm\b|text[\s-]+(?:and|und|et|i|y|e|en)[\s-]+data|nutzungsvorbehalt|reservation of rights"
    r"|\bai[\s-]+policy|\bki[\s-]+richtlinie",
    r"\bterms\b|\bconditions\b|nutzungsbedingungen|gesch[äa]ftsbedingungen|\bagb\b|\bcg[uv]\b|condiciones"
    r"|t[ée]rminos|condizioni|termini|voorwaarden|regulamin|warunki|termos|condi[çc][õo]es|vilk[åa]r"
    r"|betingelser|villkor|podm[ií]nky|k[äa]ytt[öo]ehdot|felhaszn[áa]l[áa]si",
    r"\blegal\b|\blegals\b|rechtlich|mentions l[ée]gales|note legali|juridisch|disclaimer|nota prawna|retlig"
    r"|juridisk",
    r"\bimprint\b|impressum|\bcolophon\b|colofon|kolofon|\bcopyright\b",
)
"""What a link says, most telling first; each in words that a link to something else rarely holds."""
_SAYS = tuple(re.compile(kind, re.IGNORECASE) for kind in _KINDS)
_NEVER = re.compile(r"privacy|cookie|datenschutz|\bin terms\b", re.IGNORECASE)
_NEEDLES = (
    *(b"terms", b"condition", b"legal", b"imprint", b"impressum", b"license", b"usageinfo", b"copyright"),
    *(
        b"bedingungen",
        b"agb",
        b"vorbehalt",
        b"rechtlich",
        b"cgu",
        b"cgv",
        b"condici",
        b"condizion",
        b"termin",
    ),
    *(b"voorwaarden", b"regulamin", b"warunki", b"termos", b"vilk", b"betingelser", b"villkor", b"podm"),
    *(b"juridis", b"disclaimer", b"prawna", b"retlig", b"colof", b"kolof", b"tdm", b"policy", b"ehdot"),
)
_USAGE_INFO = re.compile(
    r"\"usageInfo\"\s{0,20}:\s{0,20}(?:\{[^{}]{0,500}?\"(?:@id|url)\"\s{0,20}:\s{0,20})?\"([^\"\s]{1,2000})\""
)
_MAX_SCRIPT = 65_536
_TAILS = (131_072, 65_536, 32_768, 16_384)
"""Bytes at the end, where footers are, that are read of a page that is too large for a parser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsLink:
    """Where a page says that its terms are."""

    url: str
    """Absolute, http or https, without fragment."""
    says: str
    """The link's own words or its relation; hostile, at most MAX_TEXT characters."""


def terms_links(body: bytes, fields: Sequence[tuple[str, str]], url: str) -> tuple[TermsLink, ...]:
    """Links of an HTML page to terms, most telling first, at most MAX_FOUND. Never raises."""
    lowered = body.lower()
    if not any(needle in lowered for needle in _NEEDLES) or not looks_like_html(fields, body):
        return ()
    part = next((part for part in (body, *(body[-size:] for size in _TAILS)) if is_parsable(part)), b"")
    parser = LexborHTMLParser(part.decode(encoding_of(body, fields), "replace"))
    base = base_of(parser, url)
    found: dict[str, tuple[int, TermsLink]] = {}
    for rank, href, says in _candidates(parser):
        target = absolute(base, href)
        if target and (target not in found or rank < found[target][0]):
            found[target] = (rank, TermsLink(url=target, says=says[:MAX_TEXT]))
    ranked = sorted(found.values(), key=lambda item: item[0])
    return tuple(link for _, link in ranked[:MAX_FOUND])


def _candidates(parser: LexborHTMLParser) -> Iterator[tuple[int, str, str]]:
    """Rank, address and words of what may be a link to terms."""
    for node in parser.css('script[type^="application/ld+json"]')[:50]:
        for match in _USAGE_INFO.finditer(node.text()[:_MAX_SCRIPT]):
            yield 0, match[1].replace("\\/", "/"), "usageInfo"
    for node in parser.css("a[href], link[href], area[href]")[:MAX_LINKS]:
        rank, says = _rank(node)
        if rank is not None:
            yield rank, node.attributes.get("href") or "", says


def _rank(node: LexborNode) -> tuple[int | None, str]:
    attributes = node.attributes
    if "usageinfo" in (attributes.get("itemprop") or "").lower().split():
        return 0, "usageInfo"
    stated = _RELATIONS.intersection((attributes.get("rel") or "").lower().split())
    if stated:
        return 1, f"rel={min(stated)}"
    if node.tag == "link":
        return None, ""
    says = " ".join(node.text()[: 4 * MAX_TEXT].split())
    if not says or len(says) > MAX_TEXT or says.count(" ") >= MAX_WORDS or _NEVER.search(says):
        return None, ""
    rank = next((rank for rank, kind in enumerate(_SAYS) if kind.search(says)), None)
    return (None, "") if rank is None or _in_article(node) else (rank, says)


def _in_article(node: LexborNode) -> bool:
    above = node.parent
    for _ in range(64):
        if above is None:
            return False
        if above.tag == "footer":
            return False
        if above.tag == "article":
            return True
        above = above.parent
    return True
