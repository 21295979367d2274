"""Seed files: a URL a line, `#` starts a comment; errors name the line."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

MAX_LINE = 8192


class SeedError(Exception):
    """A seed file that cannot be used; the message names the file, the line and the remedy."""


def read_seed_file(path: Path) -> tuple[str, ...]:
    """URLs of a file, or of stdin for `-`, once each. Raises SeedError."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(f"{path}: cannot be read: {error}") from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    wanted = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not wanted:
        raise SeedError(f"{path}: no URL in it; write one a line, such as https://example.org/")
    return tuple(dict.fromkeys(check_seed(line, f"{path}:{number}") for number, line in wanted))


def check_seed(line: str, place: str = "seed") -> str:
    """The URL, if it can be a seed. Raises SeedError that names the place."""
    try:
        parts = urlsplit(line)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and len(line) <= MAX_LINE
    except ValueError:
        good = False
    if not good:
        raise SeedError(f"{place}: {line[:100]!r} is not an http or https URL; write https://host/path")
    return line
