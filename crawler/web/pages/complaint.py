"""The page of one complaint, for whoever has its address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from crawler.store.complaints import State, Step, take_step
from crawler.store.queries.complaints import ComplaintRow, complaint_for, events, tied
from crawler.web.desk import KINDS, STEPS, promise_of
from crawler.web.errors import ProblemError, limit
from crawler.web.security import same_origin
from crawler.web.site import site_of

ROUTER = APIRouter(include_in_schema=False)
MAX_EVENTS = 200


@ROUTER.get("/complaint/{reference}/{token}")
def page(request: Request, reference: str, token: str) -> Response:
    """Where it stands, and what happens next by when."""
    found = _found(request, reference, token)
    site = site_of(request)
    with site.reading() as connection:
        steps = [e for e in events(connection, found.id) if e.kind != Step.NOTE]
        decisions = tied(connection, found.id)
    return site.page(
        request,
        "complaint.html",
        current="complain",
        complaint=found,
        events=steps,
        tied=decisions,
        withdrawn=[t for t in decisions if t.withdrawn_at],
        token=token,
        words=STEPS,
        kinds=KINDS,
        now=site.now(),
    )


@ROUTER.post("/complaint/{reference}/{token}")
def answer(
    request: Request,
    reference: str,
    token: str,
    do: Annotated[str, Form(max_length=20)] = "reply",
    reply: Annotated[str, Form(max_length=100_000)] = "",
) -> Response:
    """Add something, or say that it is settled."""
    same_origin(request)
    limit(request, "complaint")
    found = _found(request, reference, token)
    site = site_of(request)
    if found.state != State.CLOSED and (reply.strip() or do == "confirm"):
        with site.writing() as connection:
            if len(events(connection, found.id)) >= MAX_EVENTS:
                raise ProblemError(422, "This complaint is full; write to us.")
            promise = promise_of(site.config)
            if reply.strip():
                take_step(
                    connection, found.id, Step.REPLIED, "complainant", reply.strip(), promise, site.now()
                )
            if do == "confirm":
                take_step(connection, found.id, Step.CLOSED, "complainant", "", promise, site.now())
    return RedirectResponse(str(request.url.path), 303)


def _found(request: Request, reference: str, token: str) -> ComplaintRow:
    with site_of(request).reading() as connection:
        found = complaint_for(connection, reference, token)
    if found is None:
        limit(request, "staff")
        raise ProblemError(404, "No complaint has this address. Copy it whole, as you were given it.")
    return found
