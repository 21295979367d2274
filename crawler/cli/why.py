"""`forbear why`: what was decided about a URL, from what, and whether it still comes out the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

import typer

from crawler.cli.shared import (
    ConfigOption,
    Connection,
    DataOption,
    ExitCode,
    FailedError,
    JsonOption,
    configuration,
    moment_at,
    out,
    reading,
    visible,
)
from crawler.log.replay import explanation
from crawler.present import dumps, explained, removed
from crawler.retention.model import Redaction
from crawler.revalidation import was_confirmed
from crawler.store.queries.retention import redactions_of_url, removed_evidence
from crawler.store.queries.why import Explained, ObservationRow, WhyFilter, evidence_content, why
from crawler.store.rebuild import Rejudged, rejudge
from crawler.which import piece_of
from crawler.words import in_words, of_change
from reservations.model import RESPONSE, ROBOTS_TXT, Level, Stage
from reservations.protocols import discover

_VERDICTS = {"keep": "kept on {}", "exclude": "left out on {}", "defer": "deferred on {}"}
_AGAIN = {
    "keep": "looked at again on {}, and still kept",
    "exclude": "looked at again on {}, and left out from then on",
    "defer": "looked at again on {}, and unknown until the next look",
}
_CONTEXT = 2
_A_DAY = timedelta(days=1)
_AS_RECEIVED = frozenset(
    {ROBOTS_TXT, RESPONSE, *(place.kind for protocol in discover() for place in protocol.locations)}
)
"""Kinds stored as they came; of anything else the extract that carries the signals is kept."""


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="why")(why_command)


def why_command(
    url: Annotated[str, typer.Argument(help="A URL of the record.")],
    at: Annotated[
        str | None, typer.Option(help="The decision in force then: 2026-11-24 or 2026-11-24T10:00Z.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Show the recorded decisions for a URL with the lines that decided, and re-decide each of them.

    Every decision is judged again from the stored bytes under the terms of its day. Exit 4 if one
    comes out differently, 1 if the record has none for this URL. What was removed says when and why.

    \b
    Examples:
      forbear why https://example.org/article
      forbear why https://example.org/article --at 2026-03-03
    """
    moment = moment_at("--at", at) if at else None
    with reading(configuration(config, data)) as connection:
        found = why(connection, WhyFilter(url=url, at=moment))
        removals = redactions_of_url(connection, url)
        for made in removals:
            _print_removal(url, made, as_json=as_json)
        if not found and not removals:
            raise FailedError(_nothing(url, moment), ExitCode.NEGATIVE)
        judged = {e.decision.id: rejudge(connection, e.decision.id) for e in found}
        differing = [e for e in found if not judged[e.decision.id].same]
        for item in found:
            if as_json:
                typer.echo(dumps(explained(item)))
            else:
                _print(connection, item, judged[item.decision.id])
    if differing:
        raise typer.Exit(ExitCode.INTEGRITY)


def _nothing(url: str, moment: datetime | None) -> str:
    when = f" at {moment.isoformat()}" if moment else ""
    return f"no decision about {url} is recorded{when}; `forbear lookup` shows what is known of its site"


def _print_removal(url: str, made: Redaction, *, as_json: bool) -> None:
    if as_json:
        typer.echo(dumps(removed(url, made)))
        return
    _say(url, style="bold")
    _say(f"removed on {made.removed_at:%d %B %Y, %H:%M:%S} UTC: {made.reason}", indent=2)
    rows = f"{made.rows} decision" + ("" if made.rows == 1 else "s")
    _say(f"redaction {made.id}, {rows}, {made.bytes:,} bytes; entry {made.position} of the log", indent=2)


def _say(text: str, *, indent: int = 0, style: str | None = None) -> None:
    out.print(" " * indent + visible(text), markup=False, style=style, soft_wrap=True)


def _print(connection: Connection, item: Explained, judged: Rejudged) -> None:
    row = item.decision
    when = row.decided_at.astimezone(UTC).strftime("%d %B %Y, %H:%M:%S UTC")
    _say(row.url, style="bold")
    first = row.reasons[0] if row.reasons else None
    # of a listed host the decision and the body come first, not the name we gave the list
    words = first.why if first and first.protocol == "blocklist" else in_words(row.reason)
    fell = _AGAIN[row.verdict] if row.stage == Stage.RECHECK else _VERDICTS[row.verdict]
    _say(f"{fell.format(when)}: {words}", indent=2)
    for reason in row.reasons:
        use = f" ({reason.use})" if reason.use else ""
        says = "; ".join(part for part in (reason.quote.strip(), reason.why) if part)
        _say(f"{reason.code}{use}: {says}", indent=4)
        file = piece_of(item.observations, reason.evidence, reason.code)
        if file is not None and reason.line:
            _print_lines(connection, file, reason.line)
    for note in judged.stored.notes:
        if note.kind.level is not Level.INFO:
            quote = f": “{note.locator.quote.strip()}”" if note.locator.quote else ""
            _say(f"noted: {note.kind.summary}{quote}", indent=2)
    if row.via:
        _say(f"reached from {row.via}", indent=2)
    read = (_asked(seen, row.decided_at) for seen in item.observations)
    _say(f"read: {', '.join(read) or 'nothing'}", indent=2)
    _say(f"settled at stage {row.stage}, crawl {row.crawl}, as {row.identity}, policy {row.policy}", indent=2)
    if judged.removed is not None and not judged.damaged:
        made = judged.removed
        _say(
            f"not judged again: what was read was removed on {made.removed_at:%d %B %Y}: {made.reason}",
            indent=2,
        )
    elif not judged.same:
        _say("judged again from the stored bytes it comes out DIFFERENTLY", indent=2, style="bold red")
        for change in explanation(judged):
            _say(f"explained by {of_change(change)}", indent=4)
    else:
        _say("judged again from the stored bytes: the same", indent=2)


def _asked(seen: ObservationRow, decided_at: datetime) -> str:
    path = urlsplit(seen.url).path
    name = seen.kind if not path.endswith(seen.kind) else path
    status = f"{seen.status}, not changed since, says a 304" if was_confirmed(seen.details) else seen.status
    # what came with a page that has not changed since is that of the day on which it was read
    day = f" of {seen.fetched_at:%d %B %Y}" if decided_at - seen.fetched_at > _A_DAY else ""
    return f"{name}{day} {seen.outcome}" + (f" ({status})" if status else "")


def _print_lines(connection: Connection, file: ObservationRow, line: int) -> None:
    made = removed_evidence(connection, [file.sha256]).get(file.sha256)
    if made is not None:
        _say(f"{file.url}: removed on {made.removed_at:%d %B %Y}: {made.reason}", indent=6)
        return
    content = evidence_content(connection, file.sha256) or b""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    seen = file.fetched_at.astimezone(UTC).strftime("%d %B %Y, %H:%M UTC")
    what = "as received" if file.kind in _AS_RECEIVED else f"{file.kind}, what is kept of it,"
    _say(f"{file.url} {what} on {seen} (sha256 {file.sha256[:16]}…)", indent=6)
    for number in range(max(1, line - _CONTEXT), min(len(lines), line + _CONTEXT) + 1):
        mark = ">" if number == line else " "
        text = lines[number - 1].decode("utf-8", "replace")[:200]
        _say(f"{mark} {number:>4}  {text}", indent=6, style="bold" if number == line else None)
