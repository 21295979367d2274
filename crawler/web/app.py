"""The site: finds its pages, and answers what goes wrong in words or as a problem document."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from crawler.config import Config
from crawler.version import VERSION
from crawler.web import pages
from crawler.web.checking import Checker
from crawler.web.chores import chores
from crawler.web.crowd import Crowd
from crawler.web.errors import install
from crawler.web.headers import HeadAsGet, LanguagePrefix, SecurityHeaders
from crawler.web.remember import Remembered
from crawler.web.site import Site

DESCRIPTION = """What a crawler took from a site, what it left out, and why.

Rows are the same bytes as the command line's `--json`. Lists are paged by `cursor`; the next page's
address is in the `Link` header. Errors are problem details (RFC 9457).
"""

MAX_BODY = 6 * 2**20
"""Bytes of a form: three pasted texts of half a MiB, as a browser encodes them."""
THREADS = 6
"""Questions that one worker works on at a time; its one core does no more."""
SWITCH = 0.001
"""Seconds after which a thread that computes lets another one run: connections are not to wait for pages."""

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


def create_app(config: Config, *, live: bool = False) -> FastAPI:
    """The site of an instance. Raises DatabaseError where its record cannot be opened."""
    site = Site(config, live=live)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        sys.setswitchinterval(SWITCH)
        running = asyncio.create_task(chores(site))
        yield
        running.cancel()
        site.close()

    # The documentation pages that FastAPI brings load scripts from elsewhere; ours is a page of words.
    app = FastAPI(
        title=f"{site.bot} crawler register",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
        redirect_slashes=False,
        max_body_size=MAX_BODY,
    )
    app.state.site = site
    app.state.checker = Checker(site)
    app.add_middleware(Remembered)
    app.add_middleware(Crowd)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(LanguagePrefix)
    app.add_middleware(HeadAsGet)
    install(app)
    for router in routers():
        app.include_router(router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The description of the API, with the shape of its errors in place of the framework's."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = PROBLEM_SCHEMA
        app.openapi_schema = schema
    return app.openapi_schema


def routers() -> tuple[APIRouter, ...]:
    """The pages, in the order of their files. Raises TypeError for a file without `ROUTER`."""
    found = []
    for info in sorted(pkgutil.iter_modules(pages.__path__), key=lambda i: i.name):
        router = getattr(importlib.import_module(f"{pages.__name__}.{info.name}"), "ROUTER", None)
        if not isinstance(router, APIRouter):
            raise TypeError(f"crawler/web/pages/{info.name}.py defines no ROUTER")
        found.append(router)
    return tuple(found)
