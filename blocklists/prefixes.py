"""URLs cut down to what a listed URL prefix is compared with: host, path, query."""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

from blocklists.hostnames import DROPPED, canonical_host, split_url

MAX_PATH = 8_192


def split_target(text: str) -> tuple[str, str] | None:
    """Host and path (with query) of a host name or URL, in normal form; None where there is no host.

    The scheme and the port are left out: what is named over http is named over https too.
    """
    host = canonical_host(text)
    return None if host is None else (host, path_of(text))


def path_of(text: str) -> str:
    """The path and query of a URL: dot segments resolved, escapes in one spelling, no fragment."""
    rest = split_url(text)[1][:MAX_PATH].translate(DROPPED)
    slashed, mark, query = rest.partition("#")[0].partition("?")
    segments = slashed.replace("\\", "/").split("/")[1:]
    return "/" + "/".join(_resolved(segments)) + (f"?{query}" if mark else "")


def covers(prefix: str, path: str) -> bool:
    """Whether a listed path covers a requested one. `/f/abc` covers `/f/abc/x`, never `/f/abcd`."""
    if not path.startswith(prefix):
        return False
    return prefix[-1:] in "/?&=" or path[len(prefix) :][:1] in ("", *("&;" if "?" in prefix else "/?"))


def _resolved(segments: list[str]) -> list[str]:
    resolved: list[str] = []
    for position, raw in enumerate(segments):
        segment = quote(unquote_to_bytes(raw.encode("utf-8", "surrogatepass")), safe="!$&'()*+,;=:@~")
        if segment == "..":
            del resolved[-1:]
        elif segment != ".":
            resolved.append(segment)
            continue
        if position == len(segments) - 1:
            resolved.append("")
    return resolved
