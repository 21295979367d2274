"""Answers for machines: JSON, CSV, feeds and downloads, with an ETag where one saves a transfer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crawler.exports.csv_file import cell
from crawler.present import dumps

JSON = "application/json"
CSV = "text/csv; charset=utf-8"
ATOM = "application/atom+xml; charset=utf-8"
JSON_FEED = "application/feed+json"
ZIP = "application/zip"
MAX_ROW = 2**63 - 1
"""The highest number a row can have: a database takes no other for one."""


def reply(
    request: Request, body: str | bytes, media_type: str, *, name: str = "", links: Sequence[str] = ()
) -> Response:
    """A body with its ETag; nothing where the caller has it already. `name` makes it a download."""
    data = body.encode() if isinstance(body, str) else body
    tag = etag(data)
    headers = {"ETag": tag, "Cache-Control": "no-cache", "X-Robots-Tag": "noindex"}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{_safe(name)}"'
    if links:
        headers["Link"] = ", ".join(links)
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(data, 200, headers, media_type)


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller has what this ETag stands for (RFC 9110 section 13.1.2)."""
    known = {t.strip().removeprefix("W/") for t in request.headers.get("if-none-match", "").split(",")}
    return tag in known or "*" in known


def etag(data: bytes) -> str:
    """The ETag of a body."""
    return f'"{sha256(data).hexdigest()[:32]}"'


def rows_json(rows: Iterable[Any], following: str | None) -> str:
    """A page of rows, each in the bytes the command line prints, and the cursor of the next page."""
    return f'{{"items":[{",".join(map(dumps, rows))}],"next":{dumps(following)}}}\n'


def table_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table for spreadsheets: nothing in it is run as a formula."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(header)
    lines.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _safe(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else "_" for c in name)[:120]
