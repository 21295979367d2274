"""One mail message as a complaint desk sees it. Pure: bytes in, a frozen value out, never an exception."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from crawler.mail.fields import Fields, date, first, in_words, read_fields, sender, split_header
from crawler.mail.structure import Attachment, read_content
from crawler.mail.tongue import declared, language_of_letter

MAX_SUBJECT = 300
MAX_WORDS = 90_000
"""Characters of the text that go into the record."""
_REFERENCE = re.compile(r"\bC-(\d{4})-(\d{4,12})\b")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})


class Kind(StrEnum):
    """What a message is to us."""

    LETTER = "letter"
    AUTOMATIC = "automatic"
    """Written by a program (RFC 3834): an answer to it could begin a loop."""
    BOUNCE = "bounce"
    NO_SENDER = "no_sender"
    """Nobody to answer to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message, bounded."""

    kind: Kind
    key: str
    """SHA-256 of the Message-ID; of the whole message where it has none."""
    message_id: str
    """`<...>`, safe to quote in a header; empty where it is not."""
    name: str
    address: str
    subject: str
    reference: str
    """The number of a complaint in the subject; empty where there is none."""
    language: str
    """Code of the one of our languages it is best answered in."""
    written_at: datetime | None
    text: str
    attachments: tuple[Attachment, ...]
    left_out: int
    """Parts beyond what is read."""
    size: int
    """Bytes of the message, also of what was not read."""
    is_whole: bool


def read_letter(raw: bytes, size: int | None = None) -> Letter:
    """Read a message. `size` is how long it was where `raw` is only its beginning."""
    header, body = split_header(raw)
    fields = read_fields(header)
    name, address = sender(fields)
    subject = in_words(first(fields, "subject"))[:MAX_SUBJECT]
    content = read_content(fields, body)
    named = _MESSAGE_ID.fullmatch(first(fields, "message-id"))
    return Letter(
        kind=_kind(fields, address),
        key=sha256(first(fields, "message-id").encode() or raw).hexdigest(),
        message_id=named[0] if named else "",
        name=name,
        address=address,
        subject=subject,
        reference=_reference(subject),
        language=language_of_letter(f"{subject}\n{content.text}", declared(fields)),
        written_at=date(fields),
        text=content.text.strip()[:MAX_WORDS],
        attachments=content.attachments,
        left_out=content.left_out,
        size=len(raw) if size is None else size,
        is_whole=size is None or size <= len(raw),
    )


def _reference(subject: str) -> str:
    found = _REFERENCE.search(subject)
    return f"C-{found[1]}-{found[2]}" if found and found[0].isascii() else ""


def _kind(fields: Fields, address: str) -> Kind:
    """RFC 3834 section 2: what must not be answered."""
    media_type = first(fields, "content-type").partition(";")[0].strip().lower()
    if "<>" in fields.get("return-path", ()) or media_type == "multipart/report":
        return Kind.BOUNCE
    submitted = first(fields, "auto-submitted").partition(";")[0].strip().lower()
    precedence = first(fields, "precedence").strip().lower()
    replied = any(name in fields for name in ("x-autoreply", "x-autorespond"))
    if (submitted not in ("", "no")) or precedence in _BULK or replied:
        return Kind.AUTOMATIC
    if address.partition("@")[0].lower() in ("mailer-daemon", "postmaster"):
        return Kind.BOUNCE
    return Kind.LETTER if address else Kind.NO_SENDER
