"""The queue of complaints, and each with the steps that may be taken."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from crawler.complaints import promise_of
from crawler.mail.answers import Telling, tell
from crawler.mail.sending import send_waiting
from crawler.store.complaints import ALLOWED, State, Step, speak, take_step, withdraw
from crawler.store.database import Connection
from crawler.store.public import audit
from crawler.store.queries.complaints import (
    ComplaintRow,
    complaint_of,
    complaints,
    due_complaints,
    events,
    tied,
)
from crawler.store.queries.letters import mails
from crawler.store.queries.lookup import LookupFilter
from crawler.web.access import require_staff
from crawler.web.answer import MAX_ROW
from crawler.web.desk import KINDS, ROLES, STEPS
from crawler.web.errors import ProblemError
from crawler.web.language import available, language
from crawler.web.security import opened, same_origin, sealed
from crawler.web.site import Site, site_of
from crawler.web.subject import address_of, host_of

ROUTER = APIRouter(include_in_schema=False)
PAGE = 50
_SEAL = "staff form"


@ROUTER.get("/staff/complaints")
def queue(request: Request, before: int | None = Query(None, ge=1, le=MAX_ROW)) -> Response:
    """What waits for us, and everything else."""
    who = require_staff(request)
    site = site_of(request)
    now = site.now()
    with site.reading() as connection:
        rows = complaints(connection, before=before, limit=PAGE + 1)
        due = due_complaints(connection)
    return site.page(
        request,
        "staff_complaints.html",
        current="complaints",
        who=who,
        rows=rows[:PAGE],
        more=len(rows) > PAGE,
        due=due,
        late=sum(1 for row in due if row.due is not None and row.due < now),
        kinds=KINDS,
        now=now,
    )


@ROUTER.get("/staff/complaints/{reference}")
def page(request: Request, reference: str, done: Annotated[str, Query(max_length=300)] = "") -> Response:
    """One complaint."""
    who = require_staff(request)
    site = site_of(request)
    found = _found(site, reference)
    _remember(site, who, "open", found.reference)
    with site.reading() as connection:
        steps, decisions = events(connection, found.id), tied(connection, found.id)
        sent = mails(connection, complaint_id=found.id)
    allowed = [step for step in Step if step in ALLOWED[State(found.state)]]
    return site.page(
        request, "staff_complaint.html", current="complaints", who=who, c=found, events=steps, tied=decisions,
        allowed=allowed, words=STEPS, kinds=KINDS, roles=ROLES, seal=sealed(site, _SEAL, who), done=done,
        mails=sent, spoken=[language(code) for code in available()],
    )  # fmt: skip


@ROUTER.post("/staff/complaints/{reference}")
def act(
    request: Request,
    reference: str,
    step: Annotated[str, Form(max_length=20)],
    seal: Annotated[str, Form(max_length=500)],
    text: Annotated[str, Form(max_length=100_000)] = "",
    spoken: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Take a step, in the language the complainant is to be answered in."""
    who, site, found = _acting(request, reference, seal)
    if step not in ALLOWED[State(found.state)] or step == Step.WITHDRAWN:
        raise ProblemError(422, f"A complaint that is {found.state} cannot take this step.")
    if step in (Step.UPHELD, Step.DECLINED, Step.ASKED) and not text.strip():
        raise ProblemError(422, "Say why: the complainant reads it.")
    with site.writing() as connection:
        if spoken in available() and spoken != found.language:
            speak(connection, found.id, spoken)
            audit(connection, site.now(), who, "complaint language", f"{found.reference}: {spoken}")
        take_step(connection, found.id, Step(step), who, text.strip(), promise_of(site.config), site.now())
        audit(connection, site.now(), who, f"complaint {step}", found.reference)
        _tell(connection, site, found, Step(step), text.strip())
    return _back(site, reference, "Written down.")


@ROUTER.post("/staff/complaints/{reference}/withdraw")
def take_back(
    request: Request,
    reference: str,
    subject: Annotated[str, Form(max_length=2048)],
    seal: Annotated[str, Form(max_length=500)],
) -> Response:
    """Withdraw what is kept of a domain, a folder or an address."""
    who, site, found = _acting(request, reference, seal)
    if Step.WITHDRAWN not in ALLOWED[State(found.state)]:
        raise ProblemError(422, f"A complaint that is {found.state} cannot take this step.")
    host = host_of(subject)
    wanted = LookupFilter(subject=address_of(subject) or host)
    with site.writing() as connection:
        count = withdraw(connection, found.id, wanted, site.now())
        words = f"{count} documents of {wanted.subject}"
        if count:
            promise = promise_of(site.config)
            take_step(connection, found.id, Step.WITHDRAWN, who, words, promise, site.now())
            _tell(connection, site, found, Step.WITHDRAWN, "")
        audit(connection, site.now(), who, "withdraw", f"{found.reference}: {words}")
    return _back(site, reference, f"Withdrawn: {words}.")


def _acting(request: Request, reference: str, seal: str) -> tuple[str, Site, ComplaintRow]:
    same_origin(request)
    who = require_staff(request)
    site = site_of(request)
    if opened(site, _SEAL, seal) != who:
        raise ProblemError(403, "This form is not one of ours. Open the complaint again.")
    return who, site, _found(site, reference)


def _found(site: Site, reference: str) -> ComplaintRow:
    with site.reading() as connection:
        found = complaint_of(connection, reference)
    if found is None:
        raise ProblemError(404, "There is no complaint of this number.")
    return found


def _tell(connection: Connection, site: Site, found: ComplaintRow, step: Step, words: str) -> None:
    try:
        tell(connection, site.config, Telling(reference=found.reference, step=step, words=words), site.now())
    except OSError as error:
        why = f"The outbox cannot be written ({error.strerror}); nothing was done."
        raise ProblemError(503, why) from error


def _back(site: Site, reference: str, done: str) -> Response:
    """Back to the complaint; what waits in the outbox is sent after the answer."""
    task = BackgroundTask(send_waiting, site.config, site.now) if site.config.mail.host else None
    address = f"/staff/complaints/{reference}?{urlencode({'done': done})}"
    return RedirectResponse(address, 303, background=task)


def _remember(site: Site, who: str, action: str, subject: str) -> None:
    with site.writing() as connection:
        audit(connection, site.now(), who, action, subject)
