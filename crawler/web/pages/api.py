"""The API: `/api/v1`. Rows in the bytes of the command line; lists paged by cursor, never by offset."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from blocklists.hostnames import registrable_domain
from crawler.present import decision, dumps, file_version, record_status
from crawler.present import lookup as present_lookup
from crawler.present import reservation as present_reservation
from crawler.store.queries.decisions import DecisionFilter, decisions
from crawler.store.queries.files import file_versions
from crawler.store.queries.lookup import MAX_RESERVATIONS, LookupFilter, lookup
from crawler.store.queries.pages import first_of, hosts
from crawler.web.access import access, require_domain
from crawler.web.answer import JSON, reply, rows_json
from crawler.web.errors import ProblemError, limit
from crawler.web.removed import about_url
from crawler.web.security import opened, sealed
from crawler.web.site import site_of
from crawler.web.subject import MAX_SUBJECT, host_of, prefix_of

ROUTER = APIRouter(prefix="/api/v1", tags=["register"])
MAX_PAGE = 200
MOST_IN_FOLDER = 50_000
"""Decisions summed up for one question about a folder: a second's work."""
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, words in (
        (401, "A token is needed"),
        (403, "The token is for another domain"),
        (422, "The question cannot be read"),
        (429, "Too many questions; `Retry-After` says when"),
    )
}
_ANSWER: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"content": {JSON: {}}}, **PROBLEMS},
}
Domain = Annotated[str, Query(max_length=300, description="A domain, with everything below it.")]
Cursor = Annotated[str, Query(max_length=500, description="`next` of the page before.")]
Size = Annotated[int, Query(alias="limit", ge=1, le=MAX_PAGE, description="Rows on a page.")]


@ROUTER.get("/domains/{domain}", summary="What happened to a domain", **_ANSWER)
def of_domain(request: Request, domain: str) -> Response:
    """The same bytes as `forbear lookup DOMAIN --json`. A dated nothing is an answer, not an error."""
    limit(request, "lookup")
    with site_of(request).reading() as connection:
        answer = lookup(connection, LookupFilter(subject=host_of(domain)))
    return reply(request, dumps(present_lookup(answer)) + "\n", JSON)


@ROUTER.get("/lookup", summary="What happened to an address, a folder or a domain", **_ANSWER)
def of_address(
    request: Request,
    url: Annotated[str, Query(max_length=MAX_SUBJECT, description="One address, in full.")] = "",
    prefix: Annotated[str, Query(max_length=MAX_SUBJECT, description="A folder; ends with a slash.")] = "",
    domain: Domain = "",
) -> Response:
    """For `url` a list of decisions, each in the bytes of `forbear why URL --json`; else one object."""
    if sum(map(bool, (url, prefix, domain))) != 1:
        raise ProblemError(422, "Give one of url, prefix or domain.")
    limit(request, "lookup")
    with site_of(request).reading() as connection:
        if url:
            host_of(url)
            return reply(request, rows_json(about_url(connection, url), None), JSON)
        subject = prefix_of(prefix) if prefix else host_of(domain)
        wanted = LookupFilter(subject=subject)
        if first_of(connection, wanted, MOST_IN_FOLDER) is not wanted:
            raise ProblemError(
                422,
                f"More than {MOST_IN_FOLDER:,} decisions: ask for a folder below, or for the whole domain.",
            )
        answer = lookup(connection, wanted)
    return reply(request, dumps(present_lookup(answer)) + "\n", JSON)


@ROUTER.get("/reservations", summary="Reservations seen on a domain", **_ANSWER)
def reservations(request: Request, domain: Domain, cursor: Cursor = "") -> Response:
    """Every reservation, also those that have ended, in the order they were first seen."""
    limit(request, "lookup")
    after = _after(request, "reservations", cursor)
    wanted = LookupFilter(subject=host_of(domain), after_reservation=after)
    with site_of(request).reading() as connection:
        rows = lookup(connection, wanted).reservations
    following = rows[-1].id if len(rows) == MAX_RESERVATIONS else None
    return _page(request, "reservations", map(present_reservation, rows), following, domain=domain)


@ROUTER.get("/files", summary="Rights files of a domain through time", **_ANSWER)
def files(request: Request, domain: Domain) -> Response:
    """A row a version: when it was first and last seen, and its SHA-256."""
    limit(request, "lookup")
    with site_of(request).reading() as connection:
        wanted = LookupFilter(subject=host_of(domain))
        rows = file_versions(connection, hosts(connection, wanted))
    return reply(request, rows_json(map(file_version, rows), None), JSON)


@ROUTER.get("/decisions", summary="Decisions, for a domain's owner and for staff", **_ANSWER)
def all_decisions(
    request: Request,
    domain: Domain = "",
    verdict: Annotated[str, Query(pattern="^(keep|exclude|defer)?$")] = "",
    reason: Annotated[str, Query(max_length=100, description="A code, or its first part.")] = "",
    cursor: Cursor = "",
    size: Size = 100,
) -> Response:
    """Rows in the bytes of `forbear decisions export`, in the order they were recorded.

    Needs `Authorization: Bearer`: the token that proved a domain, or a staff token.
    """
    who = access(request)
    host = host_of(domain) if domain else ""
    require_domain(who, host)
    # A registrable domain means everything below it, another host itself alone.
    is_whole = bool(host) and registrable_domain(host) == host
    if who.domain and not who.below and is_whole:
        raise ProblemError(403, "A file proves one host; for all hosts of a domain prove it by DNS.")
    limit(request, "lookup")
    wanted = DecisionFilter(
        domain=host if is_whole else None,
        host=host if host and not is_whole else None,
        verdict=verdict or None,
        reason=reason or None,
        after=_after(request, "decisions", cursor),
        limit=size + 1,
    )
    with site_of(request).reading() as connection:
        rows = list(decisions(connection, wanted))
    following = rows[size - 1].id if len(rows) > size else None
    chosen = {"domain": domain, "verdict": verdict, "reason": reason, "limit": str(size)}
    return _page(request, "decisions", map(decision, rows[:size]), following, **chosen)


@ROUTER.get("/status", summary="How far the register reaches", **_ANSWER)
def status(request: Request) -> Response:
    """Crawls, decisions, and the moment of the last one."""
    return reply(request, dumps(record_status(site_of(request).status())) + "\n", JSON)


def _after(request: Request, purpose: str, cursor: str) -> int:
    return int(opened(site_of(request), purpose, cursor)) if cursor else 0


def _page(request: Request, name: str, rows: Any, following: int | None, **query: str) -> Response:
    cursor = None if following is None else sealed(site_of(request), name, following)
    links = []
    if cursor is not None:
        chosen = {k: v for k, v in query.items() if v} | {"cursor": cursor}
        links = [f'</api/v1/{name}?{urlencode(chosen)}>; rel="next"']
    return reply(request, rows_json(rows, cursor), JSON, links=links)
