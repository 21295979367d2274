"""Where the lists of an instance lie, and how files there are written: whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.config import Config, ConfigError

FOLDER = "blocklists"
SNAPSHOT = "snapshot.jsonl"
QUARANTINE = "quarantine.jsonl"
OVERRIDES = "overrides.jsonl"
APPROVALS = "approvals.jsonl"
REGISTER = "sources.toml"
STATE = "state.json"
RAW, SETS, HELD, PROPOSALS, APPROVED = "raw", "sets", "held", "proposals", "approved"
MAX_FILE = 256 * 2**20


class ListError(ConfigError):
    """A list that cannot be used; the message names the file and the remedy."""


def folder(config: Config) -> Path:
    """The folder of an instance's lists."""
    return config.storage.data / FOLDER


def read_file(file: Path) -> bytes:
    """A file given by a person. Raises ListError."""
    try:
        if file.stat().st_size > MAX_FILE:
            raise ListError(f"{file}: larger than {MAX_FILE} bytes; split it")
        return file.read_bytes()
    except OSError as error:
        raise ListError(f"{file}: cannot be read: {error.strerror}") from error


def write_file(path: Path, data: bytes) -> None:
    """Put a file in place whole, so that a crawl that reads meanwhile sees the old one or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Add a line to a log of ours; what is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log of ours, none where it does not exist. Raises ListError for a damaged one."""
    if not path.exists():
        return
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise ListError(f"{path}:{number}: not JSON; take the line out") from error
        if not isinstance(value, dict):
            raise ListError(f"{path}:{number}: not an object; take the line out")
        yield value


def list_name(text: str) -> str:
    """A list's name as it stands in reason codes: lower case, digits, `-` and `_`. Raises ListError."""
    name = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:60]
    if not name:
        raise ListError(f"{text!r} is no name for a list: no letter or digit in it; write it like at-rtr")
    return name
