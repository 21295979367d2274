"""Replay: every decision judged again from the stored bytes, under the terms of its day."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.config import VERSION
from crawler.log.findings import Finding, What
from crawler.store.database import Connection
from crawler.store.queries.log import all_decisions, entry_of
from crawler.store.rebuild import rejudge
from reservations.model import Reason

NOW = f"Forbear/{VERSION}"


class NotJudged:
    """A decision that cannot be judged again, because what was read for it has been removed since."""


def replay(connection: Connection) -> Iterator[Finding | NotJudged | None]:
    """For each decision, in the order they were recorded: None where it comes out alike."""
    for number, url, software in all_decisions(connection):
        difference = _difference(connection, number)
        if isinstance(difference, NotJudged):
            yield difference
            continue
        if difference is None:
            yield None
            continue
        entry = entry_of(connection, number)
        text = f"decision {number} about {url}, recorded by {software}, judged again by {NOW}: {difference}"
        yield Finding(what=What.REPLAY, entry=entry.position if entry else None, text=text)


def _difference(connection: Connection, number: int) -> str | NotJudged | None:
    try:
        result = rejudge(connection, number)
    except Exception as error:  # whatever a stored row makes a reader do is what was asked about
        return f"it cannot be judged ({type(error).__name__}: {str(error).partition(chr(10))[0][:200]})"
    if result.removed is not None and not result.damaged:
        return NotJudged()
    if result.same:
        return None
    before, after = result.stored, result.again
    return (
        f"it was {before.verdict} for {_codes(before.reasons)}, "
        f"it would be {after.verdict} for {_codes(after.reasons)}"
    )


def _codes(reasons: tuple[Reason, ...]) -> str:
    return ", ".join(dict.fromkeys(reason.code for reason in reasons[:10])) or "none"
