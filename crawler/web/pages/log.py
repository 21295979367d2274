"""The tamper-evident log for strangers: its files as they stand, and a page that says what they prove.

Paths are those of https://c2sp.org/tlog-tiles, so that its clients read this log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from crawler.log.folder import CHECKPOINT, VERIFIER_KEY, LogError
from crawler.log.merkle import ProofError
from crawler.log.note import NoteError, parse_verifier
from crawler.log.prove import VERIFIER, Shown
from crawler.log.prove import check as check_proof
from crawler.log.sequencer import log_folder
from crawler.log.status import status
from crawler.web.answer import reply
from crawler.web.errors import ProblemError, limit
from crawler.web.security import same_origin
from crawler.web.site import site_of

ROUTER = APIRouter(include_in_schema=False)
MAX_PROOF = 2**20
"""Characters of a proof that is looked at."""
_TEXT = "text/plain; charset=utf-8"
_FOR_EVER = "public, max-age=31536000, immutable"


@ROUTER.get("/log")
def page(request: Request) -> Response:
    """What the log is, its newest checkpoint, and a place to check a proof."""
    return _page(request)


@ROUTER.post("/log")
async def check(request: Request, proof: Annotated[str, Form(max_length=MAX_PROOF)] = "") -> Response:
    """Check a proof that somebody has; nothing about it is kept."""
    same_origin(request)
    limit(request, "lookup")
    return await run_in_threadpool(_page, request, proof=proof, asked=True)


@ROUTER.get("/log/verify_proof.py")
def program(request: Request) -> Response:
    """The program that checks a proof with nothing but Python."""
    return reply(request, VERIFIER.read_bytes(), _TEXT, name=VERIFIER.name)


@ROUTER.get("/log/{path:path}")
def file(request: Request, path: str) -> Response:
    """The checkpoint, the verifier key, or a tile; never the key that signs."""
    found = log_folder(site_of(request).config).public_file(path)
    if found is None:
        raise ProblemError(404, "The log has no such file.")
    if path in (CHECKPOINT, VERIFIER_KEY):
        answer = reply(request, found.read_bytes(), _TEXT)
    else:
        answer = reply(request, found.read_bytes(), "application/octet-stream")
        answer.headers["Cache-Control"] = _FOR_EVER
    return answer


def _page(request: Request, *, proof: str = "", asked: bool = False) -> Response:
    site = site_of(request)
    folder = log_folder(site.config)
    shown, error = _proven(folder.verifier_key(), proof) if asked else (None, "")
    with site.reading() as connection:
        stand = status(connection, folder, site.now())
    return site.page(
        request,
        "log.html",
        status=422 if error else 200,
        current="",
        public=not asked,
        stand=stand,
        note=folder.checkpoint() or "",
        program=Path(VERIFIER).name,
        shown=shown,
        error=error,
    )


def _proven(key: str | None, proof: str) -> tuple[Shown | None, str]:
    """What a proof proves, or why it proves nothing."""
    if key is None:
        return None, "This register has no log yet."
    try:
        # a browser sends the line ends of a form as CR LF, and a proof has LF alone
        return check_proof(proof.replace("\r\n", "\n"), [parse_verifier(key)]), ""
    except (NoteError, ProofError, LogError, ValueError) as error:
        return None, str(error)[:300]
