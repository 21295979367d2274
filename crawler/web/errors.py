"""What goes wrong: a page in words for people, problem details (RFC 9457) for machines."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from crawler.present import dumps
from crawler.web.headers import HEADERS
from crawler.web.hostile import plain
from crawler.web.language import NBSP, Language
from crawler.web.limits import LimitError
from crawler.web.site import Site, language_of, site_of

PROBLEM = "application/problem+json"
_SUFFIXES = (".json", ".csv", ".atom", ".zip")
_TITLES = {
    400: "The question cannot be read",
    401: "A token is needed",
    403: "Not allowed",
    404: "There is nothing at this address",
    405: "This address does not take that method",
    410: "What was here has been removed",
    413: "Too large",
    422: "The question cannot be read",
    429: "Too many questions",
    503: "Busy",
}
log = logging.getLogger(__name__)


class ProblemError(Exception):
    """Something a caller can mend: the words go to people and machines alike."""

    def __init__(
        self, status: int, text: str, *, headers: dict[str, str] | None = None, **places: object
    ) -> None:
        """`text` is a sentence with named places, which the tables of the languages may hold."""
        self._text, self._places = text, places
        self.detail = text % places if places else text
        super().__init__(self.detail)
        self.status = status
        self.headers = headers or {}

    def said(self, speech: Language) -> str:
        """What is wrong, in a language."""
        return speech.plain(self._text, **self._places)


class WaitError(ProblemError):
    """Too many questions from one network."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            429,
            "Please wait %(n)s seconds. This is no statement about the site you asked for.",
            headers={"Retry-After": str(seconds)},
            n=seconds,
        )
        self.seconds = seconds


def limit(request: Request, kind: str) -> None:
    """Count a question. Raises WaitError where one network has asked too often."""
    site = site_of(request)
    try:
        seconds = site.limiter.wait(kind, site.client(request))
    except LimitError as error:
        # Without limits one network could take the site from all others, so nobody is answered.
        log.error("%s", error)
        raise ProblemError(503, "Please come back in a minute.", headers={"Retry-After": "60"}) from error
    if seconds:
        raise WaitError(seconds)
    counted(request).append(kind)


def counted(request: Request) -> list[str]:
    """The kinds of questions that this request was counted as."""
    kinds: list[str] = request.scope.setdefault("state", {}).setdefault("counted", [])
    return kinds


def install(app: FastAPI) -> None:
    """Answer the errors of an application."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _defect)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return _answer(request, error.status, error.detail, error.headers, error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 400:  # said in the words of the framework, for those who write programs
        text = "What was sent cannot be read. A field of a form holds at most %(size)s."
        problem_of_form = ProblemError(400, text, headers=headers, size=f"1{NBSP}MB")
        return _answer(request, 400, problem_of_form.detail, headers, problem_of_form)
    return _answer(request, error.status_code, "", headers, error)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = next(iter(error.errors()), {})
    place = ".".join(str(part) for part in first.get("loc", ())[1:])
    return _answer(request, 422, plain(f"{place}: {first.get('msg', '')}"), {}, error)


async def _defect(request: Request, error: Exception) -> Response:
    # Starlette logs the traceback; the address asked for stays out of our own line. It answers outside of
    # all middleware (https://www.starlette.io/exceptions/), so that nothing else adds these headers.
    return _answer(request, 500, "", {**HEADERS, "Cache-Control": "no-store"}, error)


def _answer(
    request: Request, status: int, detail: str, headers: dict[str, str], error: Exception
) -> Response:
    path = request.scope["path"]
    if path.startswith("/api/") or path.endswith(_SUFFIXES):
        return Response(problem(status, detail), status, headers, PROBLEM)
    response = _page(site_of(request), request, status, detail, error)
    response.headers.update(headers)
    return response


def problem(status: int, detail: str = "") -> str:
    """A problem document."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
    }
    if detail:
        body["detail"] = detail
    return dumps(body)


def _page(site: Site, request: Request, status: int, detail: str, error: Exception) -> Response:
    wait = error.seconds if isinstance(error, WaitError) else 0
    said = error.said(language_of(request)) if isinstance(error, ProblemError) else detail
    template = {404: "404.html", 429: "429.html"}.get(status, "500.html" if status >= 500 else "4xx.html")
    return site.page(
        request, template, status=status, detail=said, seconds=wait, code=status,
        title=_title(status), now=site.now(), question="", current="",
    )  # fmt: skip


def _title(status: int) -> str:
    return _TITLES.get(status) or ("A defect of ours" if status >= 500 else "This cannot be answered")
