"""Pages that are a login instead of the content, and content that a script hides from who has not paid.

A login form stands on many pages. One is the whole page only where next to nothing else is to be seen, and
its title says so or there is hardly a word. AMP marks what only subscribers see
(https://amp.dev/documentation/components/amp-subscriptions#the-subscriptions-section-attribute).
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from reservations.readers.challenge_markup import MAX_PAGE, MAX_TAGS, SPARSE_WORDS

FEW_WORDS = 30
"""Visible words of a login page whose title does not say what it is."""

_PASSWORD = re.compile(rb"<input\b[^<>]{0,500}?\btype\s{0,9}=\s{0,9}[\"']?password")
_SUBSCRIBERS = re.compile(rb"<[a-z][^<>]{0,500}?\bsubscriptions-section\s{0,9}=\s{0,9}[\"']?content[\"'\s>]")
_TITLE = re.compile(
    r"\b(?:log[ -]?in|sign[ -]?in|log[ -]?on|anmeld\w*|einloggen|connexion|se connecter|iniciar sesi[oó]n"
    r"|accedi|inloggen|aanmelden|logowanie|zaloguj|logga in|log ind|entrar|p[rř]ihl[aá][sš]\w*)\b",
    re.IGNORECASE,
)


def password_field(lowered: bytes) -> int | None:
    """Where a small page asks for a password; None where it does not."""
    if len(lowered) > MAX_PAGE or b"password" not in lowered:
        return None
    found = _PASSWORD.search(lowered)
    return found.start() if found else None


def subscribers_part(lowered: bytes) -> int | None:
    """Where the part begins that only subscribers see; None where there is none."""
    found = _SUBSCRIBERS.search(lowered) if b"subscriptions-section" in lowered else None
    return found.start() if found else None


def is_login_page(page: str) -> bool:
    """Whether a page with a password field shows next to nothing but the login."""
    if page.count("<") > MAX_TAGS:
        return False
    parser = LexborHTMLParser(page)
    if parser.css_first("input[type=password i]") is None:  # in a comment or a script
        return False
    title = parser.css_first("title")
    says_so = title is not None and _TITLE.search(title.text()[:300]) is not None
    parser.strip_tags(["script", "style", "noscript", "template", "svg"])
    words = len(parser.body.text(separator=" ").split()) if parser.body else 0
    return words < (SPARSE_WORDS if says_so else FEW_WORDS)
