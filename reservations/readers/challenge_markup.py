"""Pages that are a challenge instead of the content (CAPTCHA, bot check).

Cloudflare's own marker is enough; the others also stand on ordinary pages (a contact form with a
CAPTCHA, Cloudflare's background detection), so they count only where the page shows next to nothing
else. Markers other than Cloudflare's are taken from observation, not from vendors' documentation.
"""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

EXAMINED = 16_384
"""Bytes in which a challenge page shows what it is."""

MAX_PAGE = 65_536
"""A challenge page is small; a longer page has content of its own."""

MAX_TAGS = 500
"""Nor does it have many tags."""

SPARSE_WORDS = 120
"""Fewer visible words than this are no main content."""

CERTAIN = (b"_cf_chl_opt",)
"""In the text of a page: only a Cloudflare challenge page sets it."""

_BLOCK_PAGES = (
    b"/cdn-cgi/challenge-platform/",
    b"captcha-delivery.com",
    b"_incapsula_resource",
    b"px-captcha",
)
_ANYWHERE = (b"px-captcha", b"_pxappid")
"""Stand in an element of the text or in a script."""
_CAPTCHAS = (
    b"challenges.cloudflare.com/turnstile",
    b"hcaptcha.com/1/api.js",
    b"recaptcha/api.js",
    b"recaptcha/enterprise.js",
)
_WIDGETS = ".g-recaptcha,.h-captcha,.cf-turnstile"

POSSIBLE = _BLOCK_PAGES + _CAPTCHAS
"""In tags of a page: a challenge only where nothing else is to be seen."""


def certain_marker(lowered: bytes) -> tuple[str, int] | None:
    """A marker that no ordinary page has, and where it stands."""
    for marker in CERTAIN:
        at = lowered.find(marker, 0, EXAMINED)
        if at >= 0:
            return marker.decode("ascii"), at
    return None


def possible_marker(tags: bytes, page: bytes = b"") -> str | None:
    """A marker in the tags of a page, or anywhere in it, that makes a closer look worth while."""
    if any(marker in page for marker in _ANYWHERE):
        return next(m.decode("ascii") for m in _ANYWHERE if m in page)
    if not (b"captcha" in tags or b"challenge" in tags or b"_incapsula_" in tags):
        return None  # every marker has one of these
    return next((m.decode("ascii") for m in POSSIBLE if m in tags), None)


def is_interstitial(page: str, marker: str) -> bool:
    """Whether a page with a possible marker shows next to nothing but the challenge."""
    if page.count("<") > MAX_TAGS:
        return False
    parser = LexborHTMLParser(page)
    if marker.encode("ascii") in _CAPTCHAS and parser.css_first(_WIDGETS) is None:
        return False
    parser.strip_tags(["script", "style", "noscript", "template", "svg"])
    body = parser.body
    return body is None or len(body.text(separator=" ").split()) < SPARSE_WORDS
