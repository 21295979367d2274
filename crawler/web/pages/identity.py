"""Who we are: the pages, feeds and keys that `forbear identity build` writes, served as they are."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from crawler.config import ConfigError
from crawler.identity.publish import File
from crawler.identity.publish import site as published_site
from crawler.web.answer import etag, is_known
from crawler.web.errors import ProblemError
from crawler.web.site import PUBLIC, Site, site_of

ROUTER = APIRouter(include_in_schema=False)
_NAV = tuple((part.name, part.href.lstrip("/"), part.key) for part in PUBLIC)


def published(request: Request) -> Response:
    """A file that is published."""
    site = site_of(request)
    path = request.scope["path"].lstrip("/")
    found = _files(request, site)
    if found is None:
        return _nothing_yet(request, site)
    file = found.get(path + "index.html" if path.endswith("/") else path)
    if file is None:
        if path + "/index.html" in found:
            return RedirectResponse(f"/{path}/", 308)
        raise ProblemError(404, "")
    headers = {**file.headers, "ETag": etag(file.body)}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(file.body, 200, headers)


_PATHS = (
    "/bot",
    "/bot.json",
    "/bot/{rest:path}",
    "/changes",
    "/changes/{rest:path}",
    "/policy/{rest:path}",
    "/.well-known/{rest:path}",
)
for _path in _PATHS:
    ROUTER.add_api_route(_path, published, methods=["GET"])


def _files(request: Request, site: Site) -> dict[str, File] | None:
    """What is published, made once a minute: keys sign their directory anew, and changes take effect."""
    now = site.now()
    kept: tuple[datetime, dict[str, File]] | None = getattr(request.app.state, "published", None)
    if kept is not None and (now - kept[0]).total_seconds() < 60:
        return kept[1]
    try:
        with site.reading() as connection:
            made = {file.path: file for file in published_site(connection, site.config, now, _NAV)}
    except ConfigError:
        return None
    request.app.state.published = (now, made)
    return made


def _nothing_yet(request: Request, site: Site) -> Response:
    page = request.scope["path"].strip("/")
    if page not in ("bot", "changes"):
        raise ProblemError(404, "Nothing is published at this address yet.")
    return site.page(request, "unpublished.html", current=page, public=True)
