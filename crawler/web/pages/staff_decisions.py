"""Any decision by filter: the address is the filter, and exports carry it into the audit trail."""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from blocklists.hostnames import canonical_host, registrable_domain
from crawler.exports import discover
from crawler.store.public import audit
from crawler.store.queries.decisions import DecisionFilter, DecisionRow, decisions
from crawler.store.queries.staff import newest_decisions
from crawler.web.access import require_staff
from crawler.web.answer import MAX_ROW
from crawler.web.errors import ProblemError
from crawler.web.site import Site, site_of
from crawler.words import codes
from reservations.model import Stage, Verdict

ROUTER = APIRouter(include_in_schema=False)
PAGE = 100
READY = (
    ("Reserved after fetch", "verdict=exclude&stage=body"),
    ("Shut out by robots.txt", "verdict=exclude&reason=robots"),
    ("Listed sites", "reason=blocklist"),
    ("Waiting", "verdict=defer"),
    ("Kept", "verdict=keep"),
)
_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The filter as it stands in the address."""

    q: str = ""
    verdict: str = ""
    reason: str = ""
    stage: str = ""
    since: str = ""
    until: str = ""

    @property
    def query(self) -> str:
        """The part of the address that keeps it."""
        return urlencode({k: v for k, v in asdict(self).items() if v})

    def wanted(self, limit: int | None = None) -> DecisionFilter:
        """The question to the record. Raises ProblemError for what cannot be asked."""
        if self.verdict not in ("", *Verdict) or self.stage not in ("", *Stage):
            raise ProblemError(422, "No such decision or stage.")
        host = canonical_host(self.q) or ""
        if self.q and not host:
            raise ProblemError(422, "That is no domain and no address.")
        is_address = "://" in self.q
        whole = registrable_domain(host) in (host, None)
        return DecisionFilter(
            domain=host if host and whole and not is_address else None,
            host=host if host and not whole and not is_address else None,
            url_prefix=self.q if is_address else None,
            verdict=self.verdict or None,
            reason=self.reason or None,
            since=_day(self.since),
            until=_next(_day(self.until)),
            limit=limit,
        )


@ROUTER.get("/staff/decisions")
def page(request: Request, before: int | None = Query(None, ge=1, le=MAX_ROW)) -> Response:
    """Show me those."""
    who = require_staff(request)
    site = site_of(request)
    fields = _of(request)
    rows: list[DecisionRow] = []
    error = ""
    try:
        wanted = fields.wanted(PAGE + 1)
        with site.reading() as connection:
            rows = list(newest_decisions(connection, wanted, stage=fields.stage, before=before))
        _remember(site, who, "filter", fields.query or "all decisions")
    except ProblemError as problem:
        error = problem.detail
    return site.page(
        request,
        "staff_decisions.html",
        status=422 if error else 200,
        current="decisions",
        who=who,
        f=fields,
        query=fields.query,
        rows=rows[:PAGE],
        more=len(rows) > PAGE,
        error=error,
        ready=READY,
        codes=sorted(codes()),
        formats=[name for name in ("jsonl", "csv", "parquet") if name in discover()],
        now=site.now(),
    )


@ROUTER.get("/staff/decisions.{form}")
def export(request: Request, form: str) -> Response:
    """The matches as a file, in the bytes of `forbear decisions export`."""
    who = require_staff(request)
    site, fields = site_of(request), _of(request)
    if form not in discover():
        raise ProblemError(404, "")
    wanted = fields.wanted()
    handle, name = tempfile.mkstemp(prefix="forbear-", suffix=f".{form}")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as out, site.reading() as connection:
            rows = decisions(connection, wanted)
            if fields.stage:
                rows = (row for row in rows if row.stage == fields.stage)
            count = discover()[form].write(rows, out)
        with path.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        said = f"{form}: {fields.query or 'all decisions'}: {count} rows, sha256 {digest}"
        _remember(site, who, "export", said)
    except BaseException:  # what was exported does not stay behind
        path.unlink()
        raise
    return FileResponse(
        path,
        media_type=_TYPES.get(form, "application/octet-stream"),
        filename=f"decisions.{form}",
        headers={"X-Rows": str(count), "X-SHA256": digest},
        background=BackgroundTask(path.unlink),
    )


def _of(request: Request) -> Fields:
    return Fields(**{name: request.query_params.get(name, "").strip()[:2048] for name in Fields.__slots__})


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return min(datetime.fromisoformat(text).replace(tzinfo=UTC), _LAST)
    except ValueError as error:
        raise ProblemError(422, "Write a day as 2026-11-24.") from error


_LAST = datetime(9999, 12, 30, tzinfo=UTC)
"""After which there is no day that a day follows."""


def _next(day: datetime | None) -> datetime | None:
    return None if day is None else day + timedelta(days=1)


def _remember(site: Site, who: str, action: str, subject: str) -> None:
    with site.writing() as connection:
        audit(connection, site.now(), who, action, subject)
