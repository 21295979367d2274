"""The robots.txt that was seen on a host at that minute."""

from __future__ import annotations

from datetime import datetime

from blocklists.hostnames import canonical_host
from crawler.present import moment
from crawler.reports.model import Ask, Block, Code, ReportError, Table
from crawler.reports.questions.model import Question
from crawler.store.database import Connection
from crawler.store.queries.holdings import Holding, files_in_force
from reservations.model import ROBOTS_TXT

MOST_LINES = 1000


def answer(connection: Connection, ask: Ask) -> tuple[Block, ...]:
    """The files in force, and robots.txt line by line."""
    host = canonical_host(ask.get("host"))
    if not host:
        raise ReportError(f"{ask.get('host')}: no host name; write www.example.org")
    at: datetime = ask.get("at") or ask.now
    found = tuple(files_in_force(connection, host, at))
    files = Table(
        name="files",
        title=f"Files that reserve rights, as last seen up to {moment(at)}",
        columns=("kind", "url", "outcome", "status", "fetched_at", "sha256", "bytes"),
        rows=tuple(
            (o.kind, Code(o.url), o.outcome, o.status, moment(o.fetched_at), Code(o.sha256), len(o.content))
            for o in found
        ),
    )
    return (files, *(_lines(one) for one in found if one.kind == ROBOTS_TXT and one.content))


def _lines(file: Holding) -> Table:
    lines = file.content.decode("utf-8", "replace").splitlines()
    return Table(
        name=f"robots_txt_{file.id}",
        title=f"{file.url} as received on {moment(file.fetched_at)}, SHA-256 {file.sha256}",
        columns=("line", "text"),
        rows=tuple((number, Code(text[:500])) for number, text in enumerate(lines[:MOST_LINES], 1)),
    )


QUESTION = Question(
    number=7,
    name="robots-seen",
    text="Show the robots.txt that was seen on this host at that minute.",
    needs=("host",),
    takes=("at",),
    answer=answer,
)
