"""The stylesheet, the sign, and our own robots.txt."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from crawler.web.answer import reply
from crawler.web.errors import ProblemError
from crawler.web.language import available, language

ROUTER = APIRouter(include_in_schema=False)
_TYPES = {"forbear.css": "text/css; charset=utf-8", "mark.svg": "image/svg+xml"}
_ASKED = ("/lookup", "/d/", "/file/", "/check", "/complaint/", "/own", "/staff")
_HEAD = "# What people look up is nobody else's business; answers are kept out of indexes.\nUser-agent: *\n"


@ROUTER.get("/static/{name}")
def static(request: Request, name: str) -> Response:
    """A file of the site itself."""
    if name not in _TYPES:
        raise ProblemError(404, "")
    body = files("crawler.web").joinpath("static", name).read_bytes()
    return reply(request, body, _TYPES[name])


@ROUTER.get("/favicon.ico")
def favicon(request: Request) -> Response:
    """The sign, for browsers that ask for it by this name."""
    return static(request, "mark.svg")


@ROUTER.get("/robots.txt")
def robots() -> Response:
    """For the crawlers of others."""
    return PlainTextResponse(_robots())


def _robots() -> str:
    """Every address that answers about somebody, in every language."""
    prefixes = (language(code).prefix for code in available())
    return _HEAD + "".join(f"Disallow: {prefix}{path}\n" for prefix in prefixes for path in _ASKED)
