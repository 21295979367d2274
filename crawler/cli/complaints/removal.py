"""A withdrawal that is done for a complaint: tied to it, written down as a step, and told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crawler.cli.complaints.shared import found_complaint, say, send_now
from crawler.cli.shared import FailedError, reading
from crawler.complaints import promise_of
from crawler.config import Config
from crawler.exports.tables.writing import actor
from crawler.mail.answers import Telling, tell
from crawler.store.complaints import ALLOWED, State, Step, take_step, tie_all
from crawler.store.database import DatabaseError, open_database
from crawler.store.public import audit


def require_withdrawable(config: Config, reference: str) -> None:
    """FailedError unless documents may be withdrawn for this complaint now."""
    with reading(config) as connection:
        found = found_complaint(connection, reference)
    if Step.WITHDRAWN not in ALLOWED[State(found.state)]:
        raise FailedError(f"{found.reference} is {found.state}: nothing can be withdrawn for it now")


def tell_of_removal(config: Config, reference: str, decision_ids: Sequence[int], when: datetime) -> None:
    """Tie what was withdrawn to the complaint, and write the mail that tells it."""
    who = actor()
    try:
        engine = open_database(config.database_url)
        try:
            with engine.begin() as connection:
                found = found_complaint(connection, reference)
                tie_all(connection, found.id, decision_ids, when)
                words = f"{len(decision_ids)} documents"
                take_step(connection, found.id, Step.WITHDRAWN, who, words, promise_of(config), when)
                audit(connection, when, who, "withdraw", f"{found.reference}: {words}")
                told = tell(connection, config, Telling(reference=found.reference, step=Step.WITHDRAWN), when)
        finally:
            engine.dispose()
    except (DatabaseError, OSError) as error:
        raise FailedError(f"the documents are withdrawn, but {reference} was not told: {error}") from error
    say(f"mail: {told}" if told else "no mail: no address is known")
    send_now(config)
