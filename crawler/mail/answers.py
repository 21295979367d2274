"""Telling a complainant about a step: the mail is written down and put into the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from crawler.complaints import complaint_path, mail_address
from crawler.config import Config
from crawler.mail.compose import Draft, UnwritableError, compose, message_id
from crawler.mail.mentions import hosts
from crawler.mail.outbox import Outbox
from crawler.mail.wording import TOLD, Matter, body, subject
from crawler.store.complaints import Step
from crawler.store.database import Connection
from crawler.store.letters import MailState, new_key, queue, settle_mail
from crawler.store.queries.complaints import ComplaintRow, complaint_of, count_withdrawn
from crawler.store.queries.letters import files_to_forget, first_message_id
from crawler.web.language import language
from crawler.web.proof import complaint_list, complaint_proof

MAX_ATTACHED = 5 * 2**20
"""Bytes of a file that is sent along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is to be told."""

    reference: str
    step: Step
    words: str = ""
    token: str = ""
    """Opens the complaint's page; without one a new one is made."""
    answers: str = ""
    """Message-ID of the letter it answers."""


def tell(connection: Connection, config: Config, telling: Telling, now: datetime) -> Path | None:
    """Write the mail about a step; None where it is not told by mail or nobody can be told.

    The file is on disk before the transaction ends: no mail that was promised is lost. Raises OSError.
    """
    found, sender = complaint_of(connection, telling.reference), own_address(config)
    if found is None or telling.step not in TOLD or not found.contact or not sender:
        return None
    outbox = Outbox(config)
    try:
        identifier = message_id(found.reference, sender)
        matter = _matter(connection, config, found, telling, now)
        content = compose(_draft(connection, config, found, telling, matter, identifier), now)
    except UnwritableError:
        return None
    queued = queue(connection, found.id, telling.step.value, identifier, now)
    return outbox.put(queued.file, content)


def own_address(config: Config) -> str:
    """The address that mails come from; empty where none is set."""
    return config.mail.from_ or mail_address(config)


def forget(connection: Connection, config: Config, now: datetime) -> int:
    """Delete the mails of complainants whose address was deleted; how many."""
    outbox, gone = Outbox(config), files_to_forget(connection)
    for row in gone:
        outbox.drop(row.file)
        settle_mail(connection, row.id, MailState.FORGOTTEN, now)
    return len(gone)


def _matter(
    connection: Connection, config: Config, found: ComplaintRow, telling: Telling, now: datetime
) -> Matter:
    page, base = "", config.publish.base_url.rstrip("/")
    if base:
        token = telling.token or new_key(connection, found.id, now)
        page = f"{base}{complaint_path(found.reference, token, found.language)}"
    withdrawn = count_withdrawn(connection, found.id)
    listed = complaint_list(connection, found.id) if withdrawn else b""
    return Matter(
        step=telling.step,
        reference=found.reference,
        bot=config.crawler.product_token,
        operator=config.operator.name,
        received_at=found.received_at,
        confirm_due=found.confirm_due,
        answer_due=found.answer_due,
        close_due=found.close_due,
        hosts=hosts(found.subjects.splitlines()),
        words=telling.words,
        page=page,
        withdrawn=withdrawn,
        list_sha256=sha256(listed).hexdigest() if 0 < len(listed) <= MAX_ATTACHED else "",
    )


def _draft(
    connection: Connection,
    config: Config,
    found: ComplaintRow,
    telling: Telling,
    matter: Matter,
    identifier: str,
) -> Draft:
    attachments: dict[str, bytes] = {}
    speech = language(found.language)
    if matter.list_sha256 and telling.step in (Step.UPHELD, Step.WITHDRAWN, Step.CLOSED):
        attachments["withdrawn.jsonl"] = complaint_list(connection, found.id)
        proof = b"" if matter.page else complaint_proof(connection, config, found)
        if 0 < len(proof) <= MAX_ATTACHED:
            attachments["proof.zip"] = proof
    return Draft(
        sender=own_address(config),
        sender_name=config.operator.name,
        to=found.contact,
        subject=subject(matter, speech),
        text=body(matter, speech),
        language=speech.code,
        message_id=identifier,
        answers=telling.answers or first_message_id(connection, found.id),
        is_automatic=telling.step is Step.RECEIVED,
        attachments=attachments,
    )
