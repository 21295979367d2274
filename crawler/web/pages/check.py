"""Check my site: what would happen today, live or from what is pasted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from crawler.examine import Examination
from crawler.store.public import audit
from crawler.web.checking import Checker, check_pasted
from crawler.web.errors import ProblemError, WaitError, limit
from crawler.web.findings import check_answer, findings
from crawler.web.hostile import plain
from crawler.web.security import same_origin
from crawler.web.site import language_of, site_of
from crawler.web.subject import MAX_SUBJECT, host_of

ROUTER = APIRouter(include_in_schema=False)
_EXAMPLE = "https://example.org/"


@ROUTER.get("/check")
def form(request: Request, url: str = "", host: str = "") -> Response:
    """The empty form, with the address filled in where one was given."""
    address = url or (f"https://{host}/" if host else "")
    return _page(request, address[:MAX_SUBJECT])


@ROUTER.post("/check")
async def check(
    request: Request,
    url: Annotated[str, Form(max_length=MAX_SUBJECT)] = "",
    robots: Annotated[str, Form()] = "",
    headers: Annotated[str, Form()] = "",
    html: Annotated[str, Form()] = "",
) -> Response:
    """Look, and say what would happen."""
    same_origin(request)
    pasted = bool(robots.strip() or headers.strip() or html.strip())
    values = {"robots": robots, "headers": headers, "html": html}
    try:
        address = _address(url, pasted=pasted)
        limit(request, "check")
        examined = await _examined(request, address, pasted=pasted, **values)
    except ProblemError as error:
        if isinstance(error, WaitError):
            raise
        return await run_in_threadpool(_refused, request, url, values, error)
    return await run_in_threadpool(_page, request, address, values, examined=examined, pasted=pasted)


async def _examined(
    request: Request, url: str, *, pasted: bool, robots: str, headers: str, html: str
) -> tuple[Examination, ...]:
    site = site_of(request)
    if pasted:
        return (await run_in_threadpool(check_pasted, site.config, url, robots, headers, html),)
    checker: Checker = request.app.state.checker
    examined = await checker.check(url)

    def remember() -> None:
        with site.writing() as connection:
            audit(
                connection, site.now(), "anyone", "check", f"{host_of(url)}: {examined[-1].decision.verdict}"
            )

    await run_in_threadpool(remember)
    return examined


def _address(url: str, *, pasted: bool) -> str:
    value = url.strip()
    if not value and pasted:
        return _EXAMPLE
    if value and "://" not in value:
        value = f"https://{value}"
    if not value.startswith(("http://", "https://")):
        raise ProblemError(422, "Write the address of a page, or paste a robots.txt, headers or HTML.")
    host_of(value)
    return value


def _refused(request: Request, url: str, values: dict[str, str], error: ProblemError) -> Response:
    response = _page(request, url, values, error=error.said(language_of(request)), status=error.status)
    response.headers.update(error.headers)
    return response


def _page(
    request: Request,
    url: str,
    values: dict[str, str] | None = None,
    *,
    examined: tuple[Examination, ...] = (),
    pasted: bool = False,
    error: str = "",
    status: int = 200,
) -> Response:
    site, speech = site_of(request), language_of(request)
    last = examined[-1] if examined else None
    answer = check_answer(last, site.bot, speech) if last else ""
    return site.page(
        request,
        "check.html",
        status=status,
        current="check",
        public=not examined,
        url=url,
        values=values or {"robots": "", "headers": "", "html": ""},
        error=error,
        last=last,
        hops=[plain(e.decision.url) for e in examined[:-1]],
        answer=answer,
        found=findings(last, site.config.policy.profile, speech) if last else None,
        pasted=pasted,
        now=site.now(),
    )
