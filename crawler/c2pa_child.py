"""The process in which C2PA manifests are parsed; `crawler.c2pa_worker` starts and feeds it.

Runs as `python -m crawler.c2pa_child MEMORY SECONDS` with requests on stdin, answers on stdout.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from crawler.c2pa_worker import ANSWER, MAX_ANSWER, REQUEST

MAX_MANIFESTS = 64
MAX_ASSERTIONS = 16
MAX_ENTRIES = 100
MAX_TEXT = 500

SETTINGS: dict[str, Any] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {"allowed_network_hosts": []},
}
"""No address that a file names is ever asked."""

_NOTHING = ("ManifestNotFound", "RemoteManifest", "NotSupported")
"""Errors that mean: no manifest in this file."""


def main(memory: int, seconds: int) -> None:
    """Answer requests until stdin ends."""
    import c2pa

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    context = c2pa.Context.from_dict(SETTINGS)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(REQUEST.size):
        type_length, body_length = REQUEST.unpack(head)
        media_type = source.read(type_length).decode("ascii")
        body = source.read(body_length)
        _allow(seconds)
        answer = json.dumps(_read(c2pa, context, media_type, body)).encode()
        if len(answer) > MAX_ANSWER:
            answer = b'{"error": "the assertions are larger than we keep"}'
        _send(sink, answer)


def _allow(seconds: int) -> None:
    """So many seconds of processor time from now on; then the kernel ends us, parent or not."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


def _send(sink: BinaryIO, answer: bytes) -> None:
    sink.write(ANSWER.pack(len(answer)) + answer)
    sink.flush()


def _read(c2pa: Any, context: Any, media_type: str, body: bytes) -> dict[str, str]:
    try:
        with c2pa.Reader(media_type or None, io.BytesIO(body), context=context) as reader:
            return signals(json.loads(reader.json()))
    except MemoryError:
        return {"error": "out of memory"}
    except Exception as error:  # the library raises classes of its own beside Python's
        name = type(error).__name__.removeprefix("_C2pa")
        nothing = name in _NOTHING or "must fetch remote manifest" in str(error)
        return {} if nothing else {"error": f"{name}: {error}"[:MAX_TEXT]}


def signals(report: Mapping[str, Any]) -> dict[str, str]:
    """What a reader's report says about training, each part as JSON; empty where it says nothing."""
    manifests = report.get("manifests") or {}
    active = str(report.get("active_manifest") or "")
    own = _assertions(manifests.get(active) or {})
    ingredients = [
        {"relationship": relationship, "assertions": said}
        for relationship, manifest in _ingredients(manifests, active)
        if (said := _assertions(manifest))
    ]
    if not own and not ingredients:
        return {}
    status = sorted({str(s.get("code"))[:MAX_TEXT] for s in report.get("validation_status") or ()})
    return {
        "assertions": _canonical(own),
        "validation_state": str(report.get("validation_state") or ""),
        "validation_status": _canonical(status[:MAX_ENTRIES]),
        "ingredients": _canonical(ingredients),
    }


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _ingredients(manifests: Mapping[str, Any], active: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every manifest this file was made from: `parentOf` where only parents lie between."""
    pending, seen = [(active, "parentOf")], {active}
    while pending and len(seen) <= MAX_MANIFESTS:
        label, so_far = pending.pop(0)
        for ingredient in (manifests.get(label) or {}).get("ingredients") or ():
            name = str(ingredient.get("active_manifest") or "")
            if name in manifests and name not in seen:
                seen.add(name)
                own = str(ingredient.get("relationship") or "unknown")
                relationship = own if so_far == "parentOf" else so_far
                yield relationship, manifests[name]
                pending.append((name, relationship))


def _assertions(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"label": str(a.get("label")), "data": _entries(a.get("data"))}
        for a in manifest.get("assertions") or ()
        if "training-mining" in str(a.get("label"))
    ][:MAX_ASSERTIONS]


def _entries(data: Any) -> Any:
    """An assertion's entries without its metadata, which may name people."""
    if not isinstance(data, dict):
        return None
    given = data.get("entries")
    if isinstance(given, dict):
        return {"entries": _bounded(given)}
    return _bounded({k: v for k, v in data.items() if k != "metadata"})


def _bounded(entries: Mapping[str, Any]) -> dict[str, Any]:
    words = ("use", "constraint_info", "constraints_info")
    return {
        str(key)[:MAX_TEXT]: {w: str(value[w])[:MAX_TEXT] for w in words if w in value}
        if isinstance(value, dict)
        else str(value)[:MAX_TEXT]
        for key, value in list(entries.items())[:MAX_ENTRIES]
    }


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
