"""So many questions at once in one worker; a further one is told at once to come back, not kept waiting."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from crawler.web.errors import PROBLEM, problem

AT_ONCE = 200
"""Questions being answered or waiting for a thread; at 5 ms each the last of them waits a second."""


class Crowd:
    """Answers 503 where too many questions are open."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._open >= AT_ONCE:
            await _refuse(send)
            return
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1


async def _refuse(send: Send) -> None:
    body = problem(503, "Many are asking at this moment. Please come back in a few seconds.").encode()
    headers = [
        (b"content-type", PROBLEM.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"5"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
