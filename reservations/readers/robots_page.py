"""Whether what came back for a location file is a web page, and whether that page keeps a door shut."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from reservations.model import Evidence
from reservations.readers.challenge_markup import certain_marker, is_interstitial, possible_marker
from reservations.readers.http_fields import HttpFields

_EXAMINED = 65_536
_PAGE_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
_PASSWORD = re.compile(rb"<input\b[^<>]*\btype\s{0,9}=\s{0,9}[\"']?password", re.IGNORECASE)
_LOGIN_PATH = re.compile(r"/(?:log-?in|sign-?in|auth|sso)(?:[/.]|$)", re.IGNORECASE)


def is_page(evidence: Evidence) -> bool:
    """Whether an answer is HTML, by its beginning and its type or its first tags."""
    start = evidence.body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start.startswith(b"<"):
        return False
    typed = HttpFields(evidence.fields).media_type() in ("text/html", "application/xhtml+xml")
    return typed or any(mark in start for mark in _PAGE_STARTS)


def is_shut_door(evidence: Evidence) -> bool:
    """Whether a page asks for a login or a proof of humanity, so that the file was not served."""
    body = evidence.body[:_EXAMINED]
    return (
        says_challenge(evidence)
        or bool(evidence.redirects and _is_login(evidence.final_url))
        or _PASSWORD.search(body) is not None
        or _is_challenge(body)
    )


def says_challenge(evidence: Evidence) -> bool:
    """Whether the header says that a challenge answers, whatever the body is and the status.

    https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/
    """
    mitigated = HttpFields(evidence.fields).get("cf-mitigated")
    return mitigated is not None and mitigated.value.lower() == "challenge"


def _is_challenge(body: bytes) -> bool:
    lowered = body.lower()
    if certain_marker(lowered):
        return True
    marker = possible_marker(lowered)
    return marker is not None and is_interstitial(body.decode("utf-8", "replace"), marker)


def _is_login(url: str) -> bool:
    try:
        return _LOGIN_PATH.search(urlsplit(url).path) is not None
    except ValueError:
        return False
