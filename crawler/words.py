"""Reason codes in plain words, for tables and pages. One table; a code without words is a test failure.

A permission is never shown as one: what nothing reserves is "no reservation found".
"""

from __future__ import annotations

from reservations.reader_changes import ReaderChange

_WORDS = {
    "none": "no reservation found",
    "robots.disallow": "robots.txt disallows the page",
    "robots.unreachable": "robots.txt could not be had",
    "robots.unparsable": "robots.txt is a login or challenge page",
    "robots.too_large": "robots.txt is larger than 5 MiB",
    "robots.forbidden_403": "robots.txt is forbidden (403)",
    "robots.unauthorized_401": "robots.txt needs a login (401)",
    "robots.redirect_loop": "robots.txt redirects without end",
    "robots.other_ai_bots": "robots.txt disallows other AI crawlers (left out of caution)",
    "tdmrep.file": "tdmrep.json reserves text and data mining",
    "tdmrep.header": "a tdm-reservation header reserves",
    "tdmrep.meta": "a tdm-reservation meta element reserves",
    "tdmrep.pdf": "the PDF's metadata reserve text and data mining",
    "tdmrep.epub": "the EPUB's metadata reserve text and data mining",
    "tdmrep.malformed": "a malformed TDMRep statement that plainly reserves",
    "tdmrep.unreachable": "tdmrep.json could not be had",
    "aipref.robots": "Content-Usage in robots.txt reserves",
    "aipref.header": "a Content-Usage header reserves",
    "aipref.legacy": "Content-Usage with a label of an earlier draft reserves",
    "aipref.malformed": "a malformed Content-Usage that plainly reserves",
    "content_signal": "a Content-Signal says no to AI training",
    "noai.header": "X-Robots-Tag says noai, noimageai or noml",
    "noai.meta": "a robots meta element says noai, noimageai or noml",
    "ai_txt": "ai.txt disallows the page",
    "ai_txt.unreachable": "ai.txt could not be had",
    "trust_txt": "trust.txt does not allow training",
    "trust_txt.unreachable": "trust.txt could not be had",
    "rsl.prohibited": "an RSL licence prohibits AI training",
    "rsl.payment": "an RSL licence asks for payment or a contract",
    "rsl.unreadable": "an RSL licence is named and cannot be read",
    "iptc_plus": "the file's IPTC/PLUS metadata prohibit data mining or training",
    "c2pa": "the file's content credentials do not allow mining or training",
    "natural_language": "a sentence reserves text and data mining",
    "access.401": "the page needs a login (401)",
    "access.402": "the page asks for payment (402)",
    "access.403": "the page is forbidden (403)",
    "access.451": "unavailable for legal reasons (451)",
    "access.login": "a login page stands before it",
    "access.paywall": "marked as not free of charge",
    "access.metered": "behind a metered paywall",
    "access.challenge": "a challenge page for visitors",
    "access.rate_limited": "asked us to slow down (429)",
    "security.scheme": "not an http or https address",
    "security.address": "a private or special network address",
    "security.userinfo": "credentials in the address",
    "security.url": "not a URL that can be requested",
    "error.redirect": "redirects elsewhere (the target has a row of its own)",
    "error.redirect_loop": "redirects without end",
    "error.out_of_scope": "outside the scope of this crawl",
    "error.depth": "deeper than this crawl goes",
    "error.budget": "more pages of this domain than wanted",
    "error.media_type": "not a kind of content that was asked for",
    "error.too_large": "larger than the limit",
    "error.undecodable": "content coding cannot be undone",
    "error.truncated": "the answer broke off",
    "error.timeout": "no answer in time",
    "error.dns": "the host name is not known",
    "error.connection": "no connection",
    "error.waiting": "the host asks us to wait longer than this crawl runs",
    "error.proxy": "our own proxy refused",
    "error.method": "only GET is sent",
    "error.not_modified": "answered “not modified” to a request that set no condition",
    "error.not_asked": "the page was not asked for, and is not in the record as it was read last",
    "error.internal": "a defect of ours; nothing was kept",
    "error.evidence_missing": "what must be asked first has not been asked yet",
    "error.refused_by_handler": "refused at the socket: it had no permit",
}


def in_words(code: str) -> str:
    """A reason code in plain words; the code itself where it is a family with an open end."""
    if code in _WORDS:
        return _WORDS[code]
    family, _, rest = code.partition(".")
    if family == "blocklist":
        return f"not visited: named on the list {rest!r}"
    if rest.startswith("http_"):
        return f"answered with status {rest.removeprefix('http_')}"
    return code


def codes() -> frozenset[str]:
    """The codes that have words."""
    return frozenset(_WORDS)


def of_change(change: ReaderChange) -> str:
    """A change of the readers, with its number and day."""
    return f"change {change.version} of the readers ({change.since}, {change.protocol}): {change.changed}"
