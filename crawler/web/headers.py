"""What every answer carries, and the language in front of a path. Plain ASGI: bodies are not touched."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crawler.web.language import available, is_translated

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "X-Frame-Options": "DENY",
}


class SecurityHeaders:
    """Adds the headers; public answers of the API may be read from other sites."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if _is_open(scope):
                    headers["Access-Control-Allow-Origin"] = "*"
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            await send(message)

        await self._app(scope, receive, with_headers)


class LanguagePrefix:
    """Takes `/de` off a path and remembers it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on without its language."""
        if scope["type"] == "http":
            first, _, rest = scope["path"][1:].partition("/")
            if first in available() and first != "en":
                spoken = first if is_translated("/" + rest) else "en"
                state = {**scope.get("state", {}), "language": spoken}
                scope = {**scope, "path": "/" + rest, "raw_path": None, "state": state}
        await self._app(scope, receive, send)


class HeadAsGet:
    """Answers HEAD as GET without the body (RFC 9110 section 9.3.2), on every address that has a GET."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as a GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


def _is_open(scope: Scope) -> bool:
    anonymous = not any(name == b"authorization" for name, _ in scope["headers"])
    path: str = scope["path"]
    return (
        scope["method"] in ("GET", "HEAD")
        and anonymous
        and path.startswith(("/api/", "/feeds/", "/log/", "/.well-known/"))
    )
