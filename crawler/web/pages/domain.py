"""The page of a domain, and the same as JSON, CSV, feed and proof: `/d/example.org.json`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from crawler.present import dumps, moment
from crawler.present import lookup as present_lookup
from crawler.store.queries.lookup import LookupFilter, lookup
from crawler.web.answer import ATOM, CSV, JSON, JSON_FEED, ZIP, reply, table_csv
from crawler.web.answers import domain_answer, domain_more, domain_title
from crawler.web.because import decides, place
from crawler.web.domain_view import MOST, domain_view, is_public
from crawler.web.errors import limit
from crawler.web.feed import Feed, atom, feed_of, json_feed
from crawler.web.pages.identity import published
from crawler.web.proof import site_proof
from crawler.web.site import language_of, local, site_of
from crawler.web.subject import host_of
from crawler.web.timeline import lanes, timeline

ROUTER = APIRouter(include_in_schema=False)
SETTLED = ("verdict", "reason", "stage", "decisions", "first", "last")


@ROUTER.get("/d/{name}")
def domain(request: Request, name: str) -> Response:
    """What happened to a site."""
    stem, dot, suffix = name.rpartition(".")
    form = _FORMS.get(suffix) if dot else None
    limit(request, "proof" if suffix == "zip" and form else "lookup")
    if form is not None:
        return form(request, LookupFilter(subject=host_of(stem)))
    host = host_of(name)
    if host != name:
        return RedirectResponse(local(request, f"/d/{host}"), 308)
    return html(request, LookupFilter(subject=host))


@ROUTER.get("/feeds/{name:path}")
def feed(request: Request, name: str) -> Response:
    """The feed of a domain where `forbear identity build` would write it, in the same bytes."""
    stem, _, form = name.rpartition(".")
    if stem == "policy" or form not in ("atom", "json") or "/" in stem:
        return published(request)
    limit(request, "lookup")
    told = _feed(request, LookupFilter(subject=host_of(stem)))
    return reply(request, atom(told), ATOM) if form == "atom" else reply(request, json_feed(told), JSON_FEED)


def html(request: Request, wanted: LookupFilter) -> Response:
    """The page."""
    site, speech = site_of(request), language_of(request)
    with site.reading() as connection:
        view = domain_view(connection, wanted, speech)
    return site.page(
        request,
        "domain.html",
        current="lookup",
        view=view,
        base=f"/d/{wanted.host}",
        answer=domain_answer(view, site.bot, speech),
        more=list(domain_more(view, speech)),
        title=domain_title(view, speech),
        events=timeline(view, speech),
        lanes=lanes(view, speech),
        is_public=is_public,
        most=MOST,
        decides=decides,
        place=place,
        now=site.now(),
    )


def _json(request: Request, wanted: LookupFilter) -> Response:
    with site_of(request).reading() as connection:
        answer = lookup(connection, wanted)
    return reply(request, dumps(present_lookup(answer)) + "\n", JSON)


def _csv(request: Request, wanted: LookupFilter) -> Response:
    with site_of(request).reading() as connection:
        answer = lookup(connection, wanted)
    rows = [[_shown(getattr(row, key)) for key in SETTLED] for row in answer.settled]
    return reply(request, table_csv(SETTLED, rows), CSV, name=f"{wanted.host}.csv")


def _shown(value: object) -> object:
    return moment(value) if isinstance(value, datetime) else value


def _atom(request: Request, wanted: LookupFilter) -> Response:
    return reply(request, atom(_feed(request, wanted)), ATOM)


def _feed(request: Request, wanted: LookupFilter) -> Feed:
    site, speech = site_of(request), language_of(request)
    base = site.base_url or str(request.base_url)
    with site.reading() as connection:
        return feed_of(connection, site.config, wanted.host, base, speech)


def _zip(request: Request, wanted: LookupFilter) -> Response:
    site = site_of(request)
    with site.reading() as connection:
        view = domain_view(connection, wanted, language_of(request))
        body = site_proof(connection, site.config, view.answer, view.files, owner=False)
    return reply(request, body, ZIP, name=f"proof-{wanted.host}.zip")


_FORMS: dict[str, Callable[[Request, LookupFilter], Response]] = {
    "json": _json,
    "csv": _csv,
    "atom": _atom,
    "zip": _zip,
}
