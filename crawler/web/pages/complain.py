"""The form for a complaint, and what happens when it is sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from crawler.complaints import complaint_path, mail_address, promise_of
from crawler.present import dumps, receipt
from crawler.store.complaints import Receipt, file_complaint, tie, tie_named
from crawler.web import desk
from crawler.web.errors import ProblemError, limit
from crawler.web.language import nearest
from crawler.web.pages.api import PROBLEMS
from crawler.web.security import same_origin
from crawler.web.site import language_of, site_of

ROUTER = APIRouter()
LONG = 100_000
Text = Annotated[str, Form(max_length=LONG)]
Short = Annotated[str, Form(max_length=2048)]


class Complaint(BaseModel):
    """A complaint, as a machine files it."""

    subjects: str = Field(
        min_length=1, max_length=20_000, description="Domains or addresses, one on each line."
    )
    kind: str = Field(
        default="taken",
        pattern="^(taken|withdraw|identity|misread|other)$",
        description="What is wrong: `taken`, `withdraw`, `identity`, `misread` or `other`.",
    )
    content: str = Field(default="", max_length=LONG, description="What happened.")
    name: str = Field(default="", max_length=300, description="Name or organisation.")
    role: str = Field(
        default="rightsholder",
        pattern="^(rightsholder|agent|site|other)$",
        description="Who complains: `rightsholder`, `agent` for one, `site` or `other`.",
    )
    contact: str = Field(max_length=300, description="A mail address we can answer.")
    language: str = Field(
        default="en",
        max_length=35,
        description="Language to be answered in (RFC 5646), such as `de`; English where we have no other.",
    )


@ROUTER.get("/complain", include_in_schema=False)
def form(request: Request, about: str = "", decision: str = "") -> Response:
    """The empty form."""
    return _page(request, desk.Form(what=about[:2048], decision=decision[:20]))


@ROUTER.post("/complain", include_in_schema=False)
async def complain(
    request: Request,
    what: Text = "",
    kind: Short = "taken",
    more: Text = "",
    name: Short = "",
    role: Short = "rightsholder",
    mail: Short = "",
    true: Short = "",
    decision: Short = "",
) -> Response:
    """File it, and lead to its page."""
    same_origin(request)
    entered = desk.Form(
        what=what, kind=kind, more=more, name=name, role=role, mail=mail, true=bool(true), decision=decision,
        language=language_of(request).code,
    )  # fmt: skip
    if not entered.check():
        return await run_in_threadpool(_page, request, entered, 422)
    limit(request, "complaint")
    done = await run_in_threadpool(_file, request, entered)
    return RedirectResponse(complaint_path(done.reference, done.token, entered.language), 303)


@ROUTER.post(
    "/api/v1/complaints",
    tags=["complaints"],
    status_code=201,
    summary="File a complaint",
    response_class=Response,
    responses={201: {"content": {"application/json": {}}}, **PROBLEMS},
)
def by_machine(request: Request, sent: Complaint) -> Response:
    """The answer holds the number, the address of its page, and what is promised by when."""
    entered = desk.Form(
        what=sent.subjects, kind=sent.kind, more=sent.content, name=sent.name, role=sent.role,
        mail=sent.contact, true=True, language=nearest(sent.language) or "en",
    )  # fmt: skip
    if not entered.check():
        raise ProblemError(422, " ".join(entered.errors.values()))
    limit(request, "complaint")
    done = _file(request, entered)
    site = site_of(request)
    base = site.base_url or str(request.base_url).rstrip("/")
    address = base + complaint_path(done.reference, done.token, entered.language)
    body = dumps(receipt(done, address)) + "\n"
    return Response(body, 201, media_type="application/json")


def _file(request: Request, entered: desk.Form) -> Receipt:
    site = site_of(request)
    with site.writing() as connection:
        done = file_complaint(connection, entered.filing(), promise_of(site.config), site.now())
        if entered.decision.isdigit() and len(entered.decision) < 18:
            tie(connection, int(done.reference.rpartition("-")[2]), int(entered.decision), entered.what)
        tie_named(connection, done.reference, [line.strip() for line in entered.what.splitlines()[:50]])
    return done


def _page(request: Request, entered: desk.Form, status: int = 200) -> Response:
    site = site_of(request)
    return site.page(
        request,
        "complain.html",
        status=status,
        current="complain",
        public=True,
        form=entered,
        kinds=desk.KINDS,
        roles=desk.ROLES,
        mail_address=mail_address(site.config),
    )
