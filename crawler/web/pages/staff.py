"""The staff's overview and the audit trail."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from crawler.store.public import audit, audit_trail
from crawler.web.access import require_staff
from crawler.web.answer import MAX_ROW
from crawler.web.overview import overview
from crawler.web.site import language_of, site_of

ROUTER = APIRouter(include_in_schema=False)
_PAGE = 100


@ROUTER.get("/staff")
def page(request: Request) -> Response:
    """Is the crawl well, and must I do something?"""
    who = require_staff(request)
    site = site_of(request)
    with site.reading() as connection:
        view = overview(connection, site.config, site.now(), language_of(request))
    return site.page(request, "staff_overview.html", current="overview", who=who, view=view, now=site.now())


@ROUTER.get("/staff/")
def with_slash() -> Response:
    """The same."""
    return RedirectResponse("/staff", 308)


@ROUTER.get("/staff/audit")
def trail(request: Request, before: int | None = Query(None, ge=1, le=MAX_ROW)) -> Response:
    """What was done by whom."""
    who = require_staff(request)
    site = site_of(request)
    with site.writing() as connection:
        audit(connection, site.now(), who, "open", "audit trail")
    with site.reading() as connection:
        rows = audit_trail(connection, before=before, limit=_PAGE + 1)
    return site.page(
        request, "staff_audit.html", current="audit", who=who, rows=rows[:_PAGE], more=len(rows) > _PAGE
    )
