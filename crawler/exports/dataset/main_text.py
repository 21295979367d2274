"""The main text of a page, without navigation and footer, and its language: an extra, where it is installed.

trafilatura finds the text; it is under the Apache licence from version 1.8 on, and older ones are not
used. py3langid tells the language, without a network; it is under the BSD licence.
"""

from __future__ import annotations

import importlib.metadata
from functools import cache
from typing import Any

from selectolax.lexbor import LexborHTMLParser

PACKAGE = "trafilatura"
LEAST = (1, 8)
OF_LANGUAGE = "py3langid"
LEAST_OF_LANGUAGE = (0, 4)
SURE = 0.9
"""How likely a language must be; below it none is named."""
SHORTEST = 20
"""Characters of text below which no language is told."""
LOOKED_AT = 20_000
"""Characters of a text that are looked at for its language."""
MAX_TEXT = 4 * 2**20
"""Characters of a page beyond which no main text is looked for: it would take minutes."""
HTML = frozenset({"text/html", "application/xhtml+xml"})


class NoExtractorError(Exception):
    """There is no extractor; says how to get one."""


@cache
def extractor() -> str:
    """Names and versions of what finds text and language, for the manifest. Raises NoExtractorError."""
    return f"{_version(PACKAGE, LEAST)}, {_version(OF_LANGUAGE, LEAST_OF_LANGUAGE)}"


def _version(package: str, least: tuple[int, int]) -> str:
    remedy = f"install {package} {'.'.join(map(str, least))} or newer (pip install 'forbear[text]')"
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise NoExtractorError(f"{package} is not here, for main text and language; {remedy}") from error
    if tuple(int(part) for part in version.split(".")[:2]) < least:
        raise NoExtractorError(f"{package} {version} is too old, or under another licence; {remedy}")
    return f"{package} {version}"


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


def language_of(text: str | None) -> str | None:
    """The language a text is in, as ISO 639-1 has it; None where it is too short to tell, or not sure."""
    if text is None or len(text.strip()) < SHORTEST:
        return None
    language, likely = _identifier().classify(text[:LOOKED_AT])
    return language if likely >= SURE and language != "zxx" else None


@cache
def _identifier() -> Any:
    # Loads for a second, and only here.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def declared_language(media_type: str, text: str | None) -> str | None:
    """The language a page says it is in (`html lang`); None where it says nothing."""
    if text is None or media_type not in HTML:
        return None
    root = LexborHTMLParser(text[:65_536]).root
    value = root.attributes.get("lang") if root is not None else None
    return value.strip()[:35] or None if value else None
