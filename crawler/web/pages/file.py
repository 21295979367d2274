"""A stored rights file with its line numbers, and its exact bytes for download."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from crawler.store.queries.files import file_content
from crawler.store.queries.retention import removed_evidence
from crawler.web.answer import reply
from crawler.web.differences import differences
from crawler.web.errors import ProblemError, limit
from crawler.web.evidence_view import excerpt
from crawler.web.site import language_of, site_of

ROUTER = APIRouter(include_in_schema=False)


@ROUTER.get("/file/{sha256}")
def page(
    request: Request,
    sha256: str,
    line: int = Query(0, ge=0),
    before: str = Query("", max_length=64, description="SHA-256 of an earlier version."),
) -> Response:
    """The file as text; beside an earlier version, what changed."""
    limit(request, "lookup")
    content = _content(request, sha256)
    speech = language_of(request)
    marks = {line: speech.say("This is the line that was quoted.")} if line else {}
    return site_of(request).page(
        request,
        "file.html",
        current="lookup",
        sha256=sha256,
        length=len(content),
        part=excerpt(content, marks, context=None),
        change=differences(_content(request, before), content) if before else None,
        before=before,
    )


@ROUTER.get("/file/{sha256}/bytes")
def octets(request: Request, sha256: str) -> Response:
    """The bytes as received, never under the type they came with."""
    limit(request, "lookup")
    return reply(request, _content(request, sha256), "application/octet-stream", name=f"{sha256[:16]}.bin")


def _content(request: Request, sha256: str) -> bytes:
    with site_of(request).reading() as connection:
        content = file_content(connection, sha256)
        gone = removed_evidence(connection, [sha256]).get(sha256) if content == b"" else None
    if content is None:
        raise ProblemError(404, "No rights file with this SHA-256 is stored.")
    if gone is not None:
        day = language_of(request).plain_day(gone.removed_at)
        raise ProblemError(410, "This file was removed on %(day)s: %(why)s", day=day, why=gone.reason)
    return content
