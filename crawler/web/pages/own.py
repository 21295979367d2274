"""Prove that a domain is yours, and see every page of it."""

from __future__ import annotations

import io
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from blocklists.hostnames import registrable_domain
from crawler.exports import discover
from crawler.store.public import Ownership, audit, claim, owned, prove
from crawler.store.queries.decisions import DecisionFilter, decisions
from crawler.store.queries.lookup import LookupFilter
from crawler.web.access import access
from crawler.web.answer import CSV, MAX_ROW, ZIP, reply
from crawler.web.bulk import MAX_DOMAINS, bulk_csv, names_in
from crawler.web.domain_view import domain_view
from crawler.web.errors import ProblemError, limit
from crawler.web.ownership import LABEL, PATH, new_token, proved_by, value_of
from crawler.web.pages.api import PROBLEMS
from crawler.web.proof import site_proof
from crawler.web.security import same_origin
from crawler.web.site import language_of, local, site_of
from crawler.web.subject import host_of

ROUTER = APIRouter()
MAX_ROWS = 100_000
_TYPES = {"jsonl": "application/x-ndjson", "csv": CSV}


@ROUTER.get("/own", include_in_schema=False)
def form(request: Request, domain: str = "") -> Response:
    """Which domain?"""
    return site_of(request).page(request, "own.html", current="", domain=domain[:300], error="", public=True)


@ROUTER.post("/own", include_in_schema=False)
def begin(request: Request, domain: Annotated[str, Form(max_length=300)] = "") -> Response:
    """Give out a token for a domain."""
    same_origin(request)
    site = site_of(request)
    try:
        host = host_of(domain)
    except ProblemError as error:
        said = error.said(language_of(request))
        return site.page(request, "own.html", status=422, current="", domain=domain, error=said, public=True)
    limit(request, "complaint")
    token = new_token()
    with site.writing() as connection:
        claim(connection, host, token, site.now())
    return RedirectResponse(local(request, f"/own/{token}"), 303)


@ROUTER.get("/own/{token}", include_in_schema=False)
def page(request: Request, token: str, after: int = Query(0, ge=0, le=MAX_ROW)) -> Response:
    """What to publish; once it is found, every page."""
    site, found = site_of(request), _found(request, token)
    rows = []
    if found.holds(site.now()):
        with site.reading() as connection:
            rows = list(decisions(connection, _filter(found, after=after, limit=101)))
    return site.page(
        request,
        "owner.html",
        current="",
        token=token,
        claim=found,
        holds=found.holds(site.now()),
        value=value_of(token),
        label=LABEL,
        path=PATH,
        rows=rows[:100],
        following=rows[99].id if len(rows) > 100 else None,
        max_domains=MAX_DOMAINS,
        now=site.now(),
    )


@ROUTER.post("/own/{token}", include_in_schema=False)
async def look(request: Request, token: str) -> Response:
    """Look for the value on the domain."""
    same_origin(request)
    limit(request, "check")
    site = site_of(request)
    found = await run_in_threadpool(_found, request, token)
    method = await proved_by(site, found.domain, token)
    if not method:
        raise ProblemError(
            422,
            "The value was not found, neither in DNS nor on the server. "
            "DNS may need an hour; look again then.",
        )

    def remember() -> None:
        with site.writing() as connection:
            prove(connection, token, method, site.now())
            audit(connection, site.now(), "owner", "ownership", f"{found.domain} by {method}")

    await run_in_threadpool(remember)
    return RedirectResponse(local(request, f"/own/{token}"), 303)


@ROUTER.get("/own/{token}/decisions.{form}", include_in_schema=False)
def export(request: Request, token: str, form: str) -> Response:
    """Every decision of the domain, in the bytes of `forbear decisions export`."""
    limit(request, "proof")
    found = _verified(request, token)
    if form not in _TYPES:
        raise ProblemError(404, "")
    out = io.BytesIO()
    with site_of(request).reading() as connection:
        discover()[form].write(decisions(connection, _filter(found, limit=MAX_ROWS)), out)
    return reply(request, out.getvalue(), _TYPES[form], name=f"decisions-{found.domain}.{form}")


@ROUTER.get("/own/{token}/proof.zip", include_in_schema=False)
def proof(request: Request, token: str) -> Response:
    """The proof with every decision."""
    limit(request, "proof")
    found = _verified(request, token)
    site = site_of(request)
    with site.reading() as connection:
        view = domain_view(connection, LookupFilter(subject=found.domain), language_of(request))
        owner = found.method == "dns"
        body = site_proof(connection, site.config, view.answer, view.files, owner=owner)
    return reply(request, body, ZIP, name=f"proof-{found.domain}.zip")


@ROUTER.post("/own/{token}/bulk.csv", include_in_schema=False)
def bulk(request: Request, token: str, domains: Annotated[str, Form(max_length=1_000_000)] = "") -> Response:
    """A table of many domains, for whoever proved one."""
    same_origin(request)
    limit(request, "proof")
    _verified(request, token)
    return _bulk(request, domains)


@ROUTER.post(
    "/api/v1/bulk",
    tags=["register"],
    summary="Many domains at once",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **PROBLEMS},
    openapi_extra={
        "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
    },
)
async def bulk_by_machine(request: Request) -> Response:
    """A CSV whose first column holds domains; the answer is a CSV. Needs a token."""
    who = await run_in_threadpool(access, request)
    if not who.staff and not who.domain:
        raise ProblemError(401, "Prove a domain at /own first, or use a staff token.")
    limit(request, "proof")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > 1_000_000:
            raise ProblemError(413, "At most 1 MB.")
    return await run_in_threadpool(_bulk, request, body.decode("utf-8", "replace"))


def _bulk(request: Request, text: str) -> Response:
    names = names_in(text)
    with site_of(request).reading() as connection:
        return reply(request, bulk_csv(connection, names), CSV, name="domains.csv")


def _filter(found: Ownership, *, after: int = 0, limit: int) -> DecisionFilter:
    if found.method == "dns" and registrable_domain(found.domain) == found.domain:
        return DecisionFilter(domain=found.domain, after=after, limit=limit)
    return DecisionFilter(host=found.domain, after=after, limit=limit)


def _verified(request: Request, token: str) -> Ownership:
    found = _found(request, token)
    if not found.holds(site_of(request).now()):
        raise ProblemError(403, "This domain is not proved yet, or the proof must be renewed.")
    return found


def _found(request: Request, token: str) -> Ownership:
    with site_of(request).reading() as connection:
        found = owned(connection, token)
    if found is None:
        limit(request, "staff")
        raise ProblemError(404, "No claim has this address. Copy it whole, as you were given it.")
    return found
