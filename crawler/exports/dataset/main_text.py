"""The main text of a page, without navigation and footer: an extra, by trafilatura where it is installed.

trafilatura is under the Apache licence from version 1.8 on; older ones are not used.
"""

from __future__ import annotations

import importlib.metadata
from functools import cache

from selectolax.lexbor import LexborHTMLParser

PACKAGE = "trafilatura"
LEAST = (1, 8)
MAX_TEXT = 4 * 2**20
"""Characters of a page beyond which no main text is looked for: it would take minutes."""
HTML = frozenset({"text/html", "application/xhtml+xml"})


class NoExtractorError(Exception):
    """There is no extractor; says how to get one."""


@cache
def extractor() -> str:
    """Name and version of the extractor, for the manifest. Raises NoExtractorError."""
    remedy = f"install {PACKAGE} {'.'.join(map(str, LEAST))} or newer (pip install 'forbear[text]')"
    try:
        version = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise NoExtractorError(f"no extractor of main text here; {remedy}") from error
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST:
        raise NoExtractorError(f"{PACKAGE} {version} is under another licence; {remedy}")
    return f"{PACKAGE} {version}"


def main_text(media_type: str, text: str | None) -> str | None:
    """The main text of a page; None where there is none to be found, or it is no page."""
    if text is None or media_type not in HTML or len(text) > MAX_TEXT:
        return None
    from trafilatura import extract  # loads for a second, and only here

    try:
        found = extract(text, include_comments=False, fast=True)
    except Exception:  # hostile markup must not end an export; the page's own text is beside it
        return None
    return found or None


def declared_language(media_type: str, text: str | None) -> str | None:
    """The language a page says it is in (`html lang`); None where it says nothing."""
    if text is None or media_type not in HTML:
        return None
    root = LexborHTMLParser(text[:65_536]).root
    value = root.attributes.get("lang") if root is not None else None
    return value.strip()[:35] or None if value else None
