"""Taking a letter in: a new complaint, more about one that is open, or nothing to answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from crawler.complaints import domain_in, promise_of
from crawler.config import Config
from crawler.mail.answers import Telling, own_address, tell
from crawler.mail.letter import Kind, Letter
from crawler.mail.mentions import mentions
from crawler.store.complaints import Filing, State, Step, file_complaint, take_step, tie_named
from crawler.store.database import Connection
from crawler.store.letters import receive, settle_letter
from crawler.store.queries.complaints import ComplaintRow, complaint_of
from crawler.store.queries.letters import filed_since, newest_open_of, steps_of
from crawler.visible import visible

PER_DAY = 20
"""Complaints that one address may begin in a day; what follows is added to the last one."""
MAX_STEPS = 200


class Outcome(StrEnum):
    """What became of a letter."""

    FILED = "filed"
    ADDED = "added"
    NOTED = "noted"
    """It names a complaint of somebody else: staff see it, the complainant does not."""
    SEEN = "seen"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    NO_SENDER = "no_sender"
    OWN = "own"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a letter. No address is in it: it is printed."""

    outcome: Outcome
    reference: str = ""
    is_answered: bool = False
    """Whether an acknowledgement waits in the outbox."""


def take(connection: Connection, config: Config, letter: Letter, now: datetime) -> Taken:
    """Take a letter in, inside the caller's transaction. Raises OSError if the outbox cannot be written."""
    number = receive(connection, letter.key, now, letter.written_at, letter.size)
    if number is None:
        return Taken(outcome=Outcome.SEEN)
    taken = _taken(connection, config, letter, now)
    found = complaint_of(connection, taken.reference) if taken.reference else None
    settle_letter(connection, number, taken.outcome.value, found.id if found else None)
    return taken


def _taken(connection: Connection, config: Config, letter: Letter, now: datetime) -> Taken:
    if letter.kind is not Kind.LETTER:
        return Taken(outcome=Outcome(letter.kind.value))
    if letter.address.lower() == own_address(config).lower():
        return Taken(outcome=Outcome.OWN)
    named = complaint_of(connection, letter.reference) if letter.reference else None
    if named is not None and named.state != State.CLOSED:
        return _added(connection, config, named, letter, now)
    if filed_since(connection, letter.address, now - timedelta(days=1)) >= PER_DAY:
        last = newest_open_of(connection, letter.address)
        found = complaint_of(connection, last) if last else None
        return _added(connection, config, found, letter, now) if found else Taken(outcome=Outcome.FULL)
    earlier = named.reference if named and _same(named.contact, letter.address) else ""
    return _filed(connection, config, letter, earlier, now)


def _added(
    connection: Connection, config: Config, found: ComplaintRow, letter: Letter, now: datetime
) -> Taken:
    """A further letter about an open complaint; from another address it is for staff alone."""
    if steps_of(connection, found.id) >= MAX_STEPS:
        return Taken(outcome=Outcome.FULL, reference=found.reference)
    mine = _same(found.contact, letter.address)
    words = "\n".join(_words(letter))
    if not mine:
        domain = letter.address.rpartition("@")[2]
        words = f"A mail from another address, at {domain}, names this complaint.\n{words}"
    step, who = (Step.REPLIED, "complainant") if mine else (Step.NOTE, "mail")
    take_step(connection, found.id, step, who, words, promise_of(config), now)
    return Taken(outcome=Outcome.ADDED if mine else Outcome.NOTED, reference=found.reference)


def _filed(connection: Connection, config: Config, letter: Letter, earlier: str, now: datetime) -> Taken:
    named = mentions(f"{letter.subject}\n{letter.text}", without=_own_hosts(config))
    lead = (f"This follows {earlier}, which is closed.",) if earlier else ()
    filing = Filing(
        kind="other",
        domain=domain_in("\n".join(named)),
        subjects="\n".join(named),
        content="\n".join((*lead, *_words(letter))),
        name=visible(letter.name),
        role="other",
        contact=letter.address,
        language=letter.language,
    )
    receipt = file_complaint(connection, filing, promise_of(config), now)
    tie_named(connection, receipt.reference, named)
    telling = Telling(
        reference=receipt.reference, step=Step.RECEIVED, token=receipt.token, answers=letter.message_id
    )
    written = tell(connection, config, telling, now)
    return Taken(outcome=Outcome.FILED, reference=receipt.reference, is_answered=written is not None)


def _words(letter: Letter) -> Iterator[str]:
    """What the record keeps of a letter."""
    if letter.subject:
        yield f"Subject: {letter.subject}"
    yield letter.text
    for file in letter.attachments:
        name = f"“{file.name}”, " if file.name else ""
        yield f"[attachment, not kept: {name}{file.media_type}, {file.bytes:,} bytes, SHA-256 {file.sha256}]"
    if letter.left_out:
        yield f"[{letter.left_out} more parts of the mail were not read]"
    if not letter.is_whole:
        yield f"[the mail has {letter.size:,} bytes; what is beyond the limit was not read]"


def _same(contact: str, address: str) -> bool:
    """Nobody tells apart mailboxes by case any more, whatever RFC 5321 section 2.4 allows."""
    return bool(contact) and contact.casefold() == address.casefold()


def _own_hosts(config: Config) -> frozenset[str]:
    """Our own sites, which stand in every answer that quotes a mail of ours."""
    urls = (config.publish.base_url, config.crawler.info_url, config.identity.signature_agent)
    return frozenset(host for host in (urlsplit(url).hostname for url in urls) if host)
