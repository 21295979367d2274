"""One address or one folder: the page, and the same as JSON, CSV and proof."""

from __future__ import annotations

import io

from fastapi import APIRouter, Request
from starlette.responses import Response

from crawler.exports import csv_file
from crawler.store.queries.lookup import LookupFilter
from crawler.store.queries.why import WhyFilter, why
from crawler.web.answer import CSV, JSON, ZIP, reply, rows_json
from crawler.web.errors import ProblemError, limit
from crawler.web.pages.domain import html as domain_html
from crawler.web.pages.start import answer_to
from crawler.web.proof import page_proof
from crawler.web.removed import about_url
from crawler.web.site import language_of, site_of
from crawler.web.subject import MAX_SUBJECT, host_of, prefix_of
from crawler.web.url_view import url_answer, url_more, url_title, url_view

ROUTER = APIRouter(include_in_schema=False)


@ROUTER.get("/lookup")
def page(request: Request, q: str = "", url: str = "", prefix: str = "") -> Response:
    """The page of an address, of a folder, or the way to it from what was typed."""
    if prefix:
        limit(request, "lookup")
        return domain_html(request, LookupFilter(subject=prefix_of(prefix)))
    if not url:
        return answer_to(request, q)
    limit(request, "lookup")
    site, speech = site_of(request), language_of(request)
    with site.reading() as connection:
        view = url_view(connection, _address(url), speech)
    return site.page(
        request,
        "url.html",
        current="lookup",
        view=view,
        answer=url_answer(view, site.bot, speech),
        more=list(url_more(view, speech)),
        title=url_title(view, speech),
        now=site.now(),
        stages={
            "frontier": speech.say("when the link was found"),
            "before_fetch": speech.say("before asking"),
            "headers": speech.say("on its headers"),
            "body": speech.say("after reading"),
            "recheck": speech.say("at a second look"),
        },
    )


@ROUTER.get("/lookup.json")
def as_json(request: Request, url: str) -> Response:
    """Every decision about an address, each in the bytes of `forbear why --json`."""
    limit(request, "lookup")
    with site_of(request).reading() as connection:
        rows = about_url(connection, _address(url))
    return reply(request, rows_json(rows, None), JSON)


@ROUTER.get("/lookup.csv")
def as_csv(request: Request, url: str) -> Response:
    """Every decision about an address, in the bytes of `forbear decisions export --format csv`."""
    limit(request, "lookup")
    with site_of(request).reading() as connection:
        found = why(connection, WhyFilter(url=_address(url)))
    out = io.BytesIO()
    csv_file.write((e.decision for e in found), out)
    return reply(request, out.getvalue(), CSV, name="decisions.csv")


@ROUTER.get("/lookup.zip")
def as_zip(request: Request, url: str) -> Response:
    """The proof for an address."""
    limit(request, "proof")
    site = site_of(request)
    with site.reading() as connection:
        found = why(connection, WhyFilter(url=_address(url)))
        if not found:
            raise ProblemError(404, "Nothing was decided about this address, so there is nothing to prove.")
        body = page_proof(connection, site.config, url, found)
    return reply(request, body, ZIP, name=f"proof-{found[0].decision.host}-{found[0].decision.id}.zip")


def _address(url: str) -> str:
    host_of(url)
    if not url.startswith(("http://", "https://")):
        raise ProblemError(422, "Write the whole address, with http:// or https://.")
    return url[:MAX_SUBJECT]
