"""Forms and cursors: posts come from our own pages, and what we hand out comes back unchanged."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from crawler.web.errors import ProblemError
from crawler.web.site import Site


def same_origin(request: Request) -> None:
    """Refuse a post that another site's page sent. Raises ProblemError.

    Browsers say where a request comes from (Fetch Metadata, Origin); what says nothing is no browser,
    and carries no authority it was not given on purpose.
    """
    where = request.headers.get("sec-fetch-site")
    if where is not None and where not in ("same-origin", "none"):
        raise ProblemError(403, "This form was sent from another site. Send it from ours.")
    origin = request.headers.get("origin")
    if where is None and origin not in (None, "null") and _authority(origin or "") != request.url.netloc:
        raise ProblemError(403, "This form was sent from another site. Send it from ours.")


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def sealed(site: Site, purpose: str, value: Any) -> str:
    """A value that only this instance could have written."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return _b64(_mac(site, purpose, body) + body)


def opened(site: Site, purpose: str, text: str) -> Any:
    """What was sealed. Raises ProblemError for anything else."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as error:
        raise ProblemError(422, "This cursor is not one of ours.") from error
    mac, body = raw[:16], raw[16:]
    if not hmac.compare_digest(mac, _mac(site, purpose, body)):
        raise ProblemError(422, "This cursor is not one of ours.")
    return json.loads(body)


def _mac(site: Site, purpose: str, body: bytes) -> bytes:
    return hmac.new(site.secret, purpose.encode() + b"\0" + body, sha256).digest()[:16]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
