"""Replay: every decision judged again from the stored bytes, under the terms of its day."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.log.findings import Finding, What
from crawler.software import SOFTWARE, readers_of
from crawler.store.database import Connection
from crawler.store.queries.cases import StoredCase, UnreadableCase, cases
from crawler.store.queries.log import entry_of
from crawler.store.rebuild import Rejudged, rejudged
from crawler.words import of_change
from reservations.model import Reason
from reservations.reader_changes import ReaderChange, explaining


class NotJudged:
    """A decision that cannot be judged again, because what was read for it has been removed since."""


def replay(connection: Connection) -> Iterator[Finding | NotJudged | None]:
    """For each decision, in the order they were recorded: None where it comes out alike."""
    for case in cases(connection):
        difference = _difference(case)
        if difference is None or isinstance(difference, NotJudged):
            yield difference
            continue
        text, changes = difference
        yield _finding(connection, case, text, changes)


def explanation(result: Rejudged) -> tuple[ReaderChange, ...]:
    """Changes of the readers that may be why a decision comes out otherwise; none excuses altered bytes."""
    if result.same or result.damaged:
        return ()
    return explaining(readers_of(result.software), result.stored.reasons, result.again.reasons)


def _difference(
    case: StoredCase | UnreadableCase,
) -> tuple[str, tuple[ReaderChange, ...]] | NotJudged | None:
    if isinstance(case, UnreadableCase):
        return f"it cannot be judged ({case.why})", ()
    try:
        result = rejudged(case)
    except Exception as error:  # whatever a stored row makes a reader do is what was asked about
        return f"it cannot be judged ({type(error).__name__}: {str(error).partition(chr(10))[0][:200]})", ()
    if result.removed is not None and not result.damaged:
        return NotJudged()
    if result.same:
        return None
    before, after = result.stored, result.again
    text = (
        f"it was {before.verdict} for {_codes(before.reasons)}, "
        f"it would be {after.verdict} for {_codes(after.reasons)}"
    )
    return text, explanation(result)


def _finding(
    connection: Connection,
    case: StoredCase | UnreadableCase,
    difference: str,
    changes: tuple[ReaderChange, ...],
) -> Finding:
    entry = entry_of(connection, case.number)
    url = case.url if isinstance(case, UnreadableCase) else case.case.url
    why = (
        f"; explained by {'; '.join(map(of_change, changes))}"
        if changes
        else "; no change of the readers since then explains it"
    )
    return Finding(
        what=What.REPLAY,
        entry=entry.position if entry else None,
        text=f"decision {case.number} about {url}, recorded by {case.software}, "
        f"judged again by {SOFTWARE}: {difference}{why}",
        explained_by=changes,
    )


def _codes(reasons: tuple[Reason, ...]) -> str:
    return ", ".join(dict.fromkeys(reason.code for reason in reasons[:10])) or "none"
