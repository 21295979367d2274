"""The front page and the one field that takes anything."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from crawler.store.queries.status import reserving_domains
from crawler.web.errors import ProblemError
from crawler.web.site import language_of, local, site_of
from crawler.web.subject import MAX_SUBJECT, address_of, host_of

ROUTER = APIRouter(include_in_schema=False)


@ROUTER.get("/")
def start(request: Request) -> Response:
    """Did you take anything of mine?"""
    return _page(request)


def _page(request: Request, question: str = "", error: str = "", status: int = 200) -> Response:
    site = site_of(request)
    with site.reading() as connection:
        reserving = reserving_domains(connection)
    return site.page(
        request,
        "start.html",
        status=status,
        public=not question,
        current="lookup",
        question=question,
        error=error,
        reserving=reserving,
    )


def answer_to(request: Request, q: str) -> Response:
    """Lead from what was typed to the page that answers it."""
    typed = q.strip()[:MAX_SUBJECT]
    try:
        host = host_of(typed)
    except ProblemError as error:
        return _page(request, typed, error.said(language_of(request)), 422)
    address = address_of(typed)
    where = f"/lookup?url={quote(address, safe='')}" if address else f"/d/{host}"
    return RedirectResponse(local(request, where), 303)
