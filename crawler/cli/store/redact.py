"""`forbear store redact`: remove a page, a piece of evidence, or the personal data of a complaint."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from crawler.cli.shared import ConfigOption, DataOption, FailedError, JsonOption, configuration, err, visible
from crawler.cli.store.common import ActorOption, ReasonOption, plain, plural, required, say
from crawler.exports.tables.writing import actor
from crawler.present import dumps
from crawler.retention import shown
from crawler.retention.redacting import (
    Removed,
    Request,
    redact_complaint,
    redact_evidence,
    redact_page,
)

NAME = "redact"


def _command(
    reason: ReasonOption,
    url: Annotated[str | None, typer.Argument(help="A URL of the record.", show_default=False)] = None,
    evidence: Annotated[
        str | None, typer.Option(help="SHA-256 of a piece of evidence.", show_default=False)
    ] = None,
    complaint: Annotated[
        str | None, typer.Option(help="Reference of a complaint.", show_default=False)
    ] = None,
    by: ActorOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Remove something for good, and put a redaction in its place: who, when, why, and the digest.

    Of a page everything goes: documents, evidence, decisions and its address; of evidence the bytes, in the
    database and in WARC; of a complaint names, addresses and texts. The log stays whole and says that it was
    erased. Exit 1 if there is nothing, or a hold keeps it. No crawl may be running.

    \b
    Examples:
      forbear store redact https://example.org/people/a --reason "Erasure request of 3 March"
      forbear store redact --complaint C-2026-0001 --reason "Erasure request"
    """
    if [url, evidence, complaint].count(None) != 2:
        raise FailedError("say one thing: a URL, --evidence SHA256 or --complaint REF")
    settings = configuration(config, data)
    request = Request(actor=by or actor(), reason=required(reason), when=datetime.now(UTC))
    with plain():
        if url is not None:
            removed = redact_page(settings, url, request)
        elif evidence is not None:
            removed = redact_evidence(settings, _digest(evidence), request)
        else:
            assert complaint is not None
            removed = redact_complaint(settings, complaint, request)
    _print(removed, as_json=as_json)


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise FailedError("--evidence: a SHA-256 has 64 hexadecimal digits; `forbear why --json` shows them")
    return text.lower()


def _print(removed: Removed, *, as_json: bool) -> None:
    made = removed.redaction
    if as_json:
        typer.echo(dumps(shown.redaction(made)))
    else:
        of = {"url": ("decision", "decisions"), "evidence": ("piece", "pieces")}
        what = plural(made.rows, *of.get(made.kind, ("complaint", "complaints")))
        say(f"redaction {made.id}: {what}, {made.bytes:,} bytes removed; entry {made.position} of the log")
        say(f"sha256 of the list of what was removed: {made.digest}", indent=2)
    for note in removed.notes:
        err.print(visible(note), markup=False, soft_wrap=True)


COMMAND = _command
