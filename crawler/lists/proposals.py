"""Names found in the text of a decision, waiting for a person; and the ones a person took.

The first line of a file of proposals says what was stated about the decision, the others are names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blocklists.defaults import Defaults
from blocklists.model import Parsed, Proposal
from blocklists.snapshot import Listing
from crawler.config import Config
from crawler.lists.files import PROPOSALS, ListError, folder, read_lines, write_file

_STATED = ("legal_ground", "jurisdiction", "body", "body_kind", "recognition_kind", "decision_ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """What one text proposes."""

    source: str
    sha256: str
    """Of the text."""
    stated: dict[str, Any]
    names: tuple[Proposal, ...]


def write_proposals(config: Config, listing: Listing, parsed: Parsed, defaults: Defaults) -> Path:
    """Write the proposals of a text; the file a person reads. An earlier one of the source is replaced."""
    stated = {name: str(value) for name in _STATED if (value := getattr(defaults, name))}
    if defaults.decided_on:
        stated["decided_on"] = str(defaults.decided_on)
    if defaults.source_url:
        stated["source_url"] = defaults.source_url
    head = {"source": listing.name, "sha256": listing.sha256, "stated": stated}
    lines: list[dict[str, Any]] = [head]
    lines += [
        {"value": p.value, "line": p.line, "context": p.context, "doubts": list(p.doubts)}
        for p in parsed.proposals
    ]
    path = folder(config) / PROPOSALS / f"{listing.name}.jsonl"
    write_file(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
    return path


def read_proposals(config: Config, source: str) -> Proposals | None:
    """The proposals of a source; None where there are none. Raises ListError."""
    path = folder(config) / PROPOSALS / f"{source}.jsonl"
    lines = list(read_lines(path))
    if not lines:
        return None
    try:
        return Proposals(
            source=str(lines[0]["source"]),
            sha256=str(lines[0]["sha256"]),
            stated=dict(lines[0]["stated"]),
            names=tuple(
                Proposal(
                    value=str(line["value"]),
                    line=int(line["line"]),
                    context=str(line["context"]),
                    doubts=tuple(map(str, line["doubts"])),
                )
                for line in lines[1:]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ListError(f"{path}: damaged: {error}") from error


def waiting(config: Config) -> tuple[Proposals, ...]:
    """Every source with proposals that wait."""
    found = [read_proposals(config, p.stem) for p in sorted((folder(config) / PROPOSALS).glob("*.jsonl"))]
    return tuple(each for each in found if each is not None)


def as_entries(proposals: Proposals, taken: Sequence[str], *, by: str, scope: str) -> bytes:
    """The names a person took, in the interchange format. Raises ListError for one not proposed."""
    known = {each.value: each for each in proposals.names}
    if missing := [name for name in taken if name not in known]:
        raise ListError(f"{missing[0]} was not proposed; proposed are: {', '.join(list(known)[:20])}")
    day = datetime.now(UTC).date()
    lines = [
        {
            **proposals.stated,
            "value": name,
            "scope": scope,
            "note": f"line {known[name].line} of the text {proposals.sha256[:16]}; taken by {by} on {day}",
            "confidence": "high",
        }
        for name in taken
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
