"""A mail as bytes (RFC 5322), with nothing in its header that somebody else wrote, but the address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from secrets import token_hex

from crawler.mail.fields import ADDRESS
from crawler.visible import visible

MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
"""What may be quoted of a stranger's Message-ID."""


class UnwritableError(ValueError):
    """An address that no mail can be sent to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a mail is made of."""

    sender: str
    sender_name: str
    to: str
    subject: str
    text: str
    language: str
    """Its code, for Content-Language (RFC 3282)."""
    message_id: str
    answers: str = ""
    """Message-ID of what it answers; empty where it begins a conversation."""
    is_automatic: bool
    attachments: Mapping[str, bytes] = field(default_factory=dict)


def compose(draft: Draft, now: datetime) -> bytes:
    """The mail, lines ended by CRLF. Raises UnwritableError."""
    message = EmailMessage(policy=SMTP if draft.to.isascii() else SMTPUTF8)
    try:
        message["From"] = _address(draft.sender, visible(draft.sender_name))
        message["To"] = _address(draft.to)
    except (ValueError, HeaderParseError) as error:
        raise UnwritableError("an address in it is none that mail can be sent to") from error
    message["Subject"] = draft.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = draft.message_id
    if MESSAGE_ID.fullmatch(draft.answers):
        message["In-Reply-To"] = draft.answers
        message["References"] = draft.answers
    if draft.is_automatic:
        # So that no other program answers it: RFC 3834 section 5, and what Exchange looks for.
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
    message.set_content(visible(draft.text, keep_newlines=True), cte="quoted-printable")
    for name, content in draft.attachments.items():
        kind = ("application", "zip") if name.endswith(".zip") else ("application", "jsonl")
        message.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
    message["Content-Language"] = draft.language  # last: setting the content drops it
    return message.as_bytes()


def message_id(reference: str, sender: str) -> str:
    """A new Message-ID of ours, which shows what it is about."""
    domain = _idna(sender).rpartition("@")[2]
    return f"<{reference}.{token_hex(8)}@{domain}>"


def _address(text: str, name: str = "") -> Address:
    if not ADDRESS.fullmatch(text):
        raise ValueError("not one address")
    user, _, domain = _idna(text).rpartition("@")
    return Address(display_name=name, username=user, domain=domain)


def _idna(address: str) -> str:
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise UnwritableError("the domain of an address in it is none") from error
