"""C2PA manifests, read by a native parser in a process of its own.

The library (https://github.com/contentauth/c2pa-python) parses hostile bytes in native code and by
default fetches what a file points to. So it runs in a child with limits on memory, time and files,
without our environment, with remote manifests and OCSP switched off; the child is started when a
file first looks as if it had a manifest, and again whenever it dies. What it hands back is only what
`reservations.protocols.c2pa` reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import sys
from asyncio.subprocess import PIPE, Process
from datetime import datetime

from reservations.model import Evidence, Outcome
from reservations.protocols.c2pa import C2PA_ASSERTIONS
from reservations.readers.assets import may_hold_c2pa

REQUEST = struct.Struct(">HQ")
"""Before each request to the child: lengths of the media type and of the body."""
ANSWER = struct.Struct(">I")
"""Before each answer, which is JSON."""
MAX_ANSWER = 1 << 20

_CHILD = "crawler.c2pa_child"


class _ChildError(Exception):
    """The child gave no answer; says why in a few words."""


class C2paWorker:
    """Reads manifests one at a time. Close it when done; it starts by itself."""

    def __init__(self, *, seconds: float = 10.0, memory: int = 2 << 30, files: int = 5_000) -> None:
        self._seconds = seconds
        self._memory = memory
        self._files = files
        self._served = 0
        self._child: Process | None = None
        self._turn = asyncio.Lock()

    async def read_assertions(
        self, media_type: str, body: bytes, *, url: str, fetched_at: datetime
    ) -> Evidence | None:
        """What a file's manifest says about training; None where it says nothing or there is none.

        Where a manifest is there and cannot be read, the evidence is MALFORMED, with the reason.
        Never raises but for cancellation.
        """
        if not may_hold_c2pa(media_type, body):
            return None
        async with self._turn:
            answer = await self._ask(media_type, body)
        if not answer:
            return None
        error = answer.get("error", "")
        return Evidence(
            kind=C2PA_ASSERTIONS,
            url=url,
            outcome=Outcome.MALFORMED if error else Outcome.FOUND,
            fetched_at=fetched_at,
            body=b"" if error else answer.get("assertions", "[]").encode(),
            details=tuple((k, v) for k, v in answer.items() if k not in ("assertions", "error")),
            why=f"the C2PA manifest could not be read: {error}"[:300] if error else "",
        )

    async def close(self) -> None:
        """End the child."""
        async with self._turn:
            await self._end()

    async def _ask(self, media_type: str, body: bytes) -> dict[str, str]:
        fresh = self._child is None
        try:
            return await self._exchange(media_type, body)
        except _ChildError as error:
            # One that had died since its last file says nothing about this one.
            if fresh:
                return {"error": str(error)}
        try:
            return await self._exchange(media_type, body)
        except _ChildError as error:
            return {"error": str(error)}

    async def _exchange(self, media_type: str, body: bytes) -> dict[str, str]:
        try:
            async with asyncio.timeout(self._seconds):
                child = await self._started()
                answer = await _converse(child, media_type.encode("ascii", "replace")[:200], body)
        except TimeoutError:
            await self._end()
            raise _ChildError(f"no answer within {self._seconds:g} seconds") from None
        except (OSError, EOFError, ValueError) as error:
            await self._end()
            raise _ChildError(f"the reader ended ({type(error).__name__})") from error
        except asyncio.CancelledError:
            # Its half-written conversation is of no use to the next file.
            await self._end()
            raise
        self._served += 1
        if self._served >= self._files:
            await self._end()
        return answer

    async def _started(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            self._served = 0
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", _CHILD, str(self._memory), str(int(self._seconds) + 1),
                stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL, env=_environment(),
            )  # fmt: skip
        return self._child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


def _environment() -> dict[str, str]:
    """Where to import from, and nothing else: no secrets, no proxies."""
    return {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PATH": os.defpath}


async def _converse(child: Process, media_type: bytes, body: bytes) -> dict[str, str]:
    stdin, stdout = child.stdin, child.stdout
    if stdin is None or stdout is None:
        raise EOFError
    stdin.write(REQUEST.pack(len(media_type), len(body)) + media_type)
    stdin.write(body)
    await stdin.drain()
    (length,) = ANSWER.unpack(await stdout.readexactly(ANSWER.size))
    if length > MAX_ANSWER:
        raise ValueError(length)
    answer = json.loads(await stdout.readexactly(length))
    return {str(k): str(v) for k, v in answer.items()}
