"""The page of one complaint, for whoever has its address."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from crawler.complaints import promise_of
from crawler.retention.model import What
from crawler.store.complaints import State, Step, take_step
from crawler.store.queries.complaints import (
    ComplaintRow,
    EventRow,
    complaint_for,
    count_withdrawn,
    events,
    tied,
)
from crawler.store.queries.retention import redaction_of
from crawler.web.answer import ZIP, reply
from crawler.web.desk import KINDS, STEPS
from crawler.web.errors import ProblemError, limit
from crawler.web.language import Language
from crawler.web.proof import complaint_list, complaint_proof
from crawler.web.security import same_origin
from crawler.web.site import local, site_of

ROUTER = APIRouter(include_in_schema=False)
MAX_EVENTS = 200
_WITHDRAWN = re.compile(r"([0-9]{1,9}) documents of (.{1,2100})")
"""How a withdrawal is written down, by the staff pages and the command."""
JSONL = "application/jsonl"


@ROUTER.get("/complaint/{reference}/{token}")
def page(request: Request, reference: str, token: str) -> Response:
    """Where it stands, and what happens next by when."""
    found = _found(request, reference, token)
    site = site_of(request)
    with site.reading() as connection:
        steps = [e for e in events(connection, found.id) if e.kind != Step.NOTE]
        decisions, taken_out = tied(connection, found.id), count_withdrawn(connection, found.id)
        removal = redaction_of(connection, What.COMPLAINT, found.reference)
    return site.page(
        request,
        "complaint.html",
        current="complain",
        complaint=found,
        events=steps,
        tied=decisions,
        withdrawn=[t for t in decisions if t.withdrawn_at],
        taken_out=taken_out,
        removal=removal,
        token=token,
        words=STEPS,
        kinds=KINDS,
        said=_said,
        now=site.now(),
    )


@ROUTER.get("/complaint/{reference}/{token}/withdrawn.jsonl")
def withdrawn(request: Request, reference: str, token: str) -> Response:
    """The documents that were taken out of the data because of it."""
    found = _found(request, reference, token)
    with site_of(request).reading() as connection:
        body = complaint_list(connection, found.id)
    return reply(request, body, JSONL, name=f"withdrawn-{found.reference}.jsonl")


@ROUTER.get("/complaint/{reference}/{token}/proof.zip")
def proof(request: Request, reference: str, token: str) -> Response:
    """The proof to take away."""
    limit(request, "proof")
    found, site = _found(request, reference, token), site_of(request)
    with site.reading() as connection:
        body = complaint_proof(connection, site.config, found)
    return reply(request, body, ZIP, name=f"proof-{found.reference}.zip")


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
    return RedirectResponse(local(request, f"/complaint/{found.reference}/{token}"), 303)


def _said(event: EventRow, speech: Language) -> str:
    """What a step says to the complainant; what we say ourselves, in the language of the page."""
    taken = _WITHDRAWN.fullmatch(event.content) if event.kind == Step.WITHDRAWN else None
    if taken is None:
        return event.content
    number = int(taken[1])
    return speech.plain_count(
        number, "One document of %(what)s", "%(n)s documents of %(what)s", what=taken[2]
    )


def _found(request: Request, reference: str, token: str) -> ComplaintRow:
    with site_of(request).reading() as connection:
        found = complaint_for(connection, reference, token)
    if found is None:
        limit(request, "staff")
        raise ProblemError(404, "No complaint has this address. Copy it whole, as you were given it.")
    return found
