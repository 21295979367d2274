"""The header of a message or part (RFC 5322 section 2.2), bounded, and the values in it."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime

MAX_HEADER = 64 * 1024
"""Bytes of one header that are read."""
MAX_FIELDS = 200
MAX_COMMENTS = 20
"""Comments of an address: Python calls itself for each that is inside another."""
MAX_VALUE = 4096
"""Characters of one field; Python reads parameters in a time that grows with their square."""
ADDRESS = re.compile(
    r"[^@\s\x00-\x20<>(),;:\\\"\[\]]{1,64}@[^@\s\x00-\x20<>(),;:\\\"\[\]]{1,190}\.[^@\s\x00-\x20.]{2,63}"
)
_NAMES = (
    "ascii utf-8 utf-16 utf-16-le utf-16-be gb18030 gbk gb2312 big5 shift_jis euc_jp iso2022_jp euc_kr "
    "iso2022_kr koi8-r koi8-u mac-roman cp437 cp850 cp866 cp874 cp932 cp949 cp950"
)
CHARSETS = frozenset(
    (
        *_NAMES.split(),
        *(f"cp125{number}" for number in range(9)),
        *(f"iso8859-{number}" for number in range(1, 17)),
    )
)
"""Python's names of what mail is written in. Not every codec is one: `punycode` and `idna` take a time
that grows with the square of the text, others are no character sets at all."""

Fields = Mapping[str, tuple[str, ...]]


def split_header(raw: bytes) -> tuple[bytes, bytes]:
    """Header and body of a message or part."""
    found = [(raw.find(mark), len(mark)) for mark in (b"\n\n", b"\r\n\r\n")]
    if raw[:1] == b"\n" or raw[:2] == b"\r\n":
        return b"", raw[1 if raw[:1] == b"\n" else 2 :]
    at, length = min(((at, n) for at, n in found if at != -1), default=(len(raw), 0))
    return raw[:at], raw[at + length :]


def read_fields(header: bytes) -> Fields:
    """Fields by lower-case name, unfolded; what is no field is left out."""
    text = header[:MAX_HEADER].decode("utf-8", "replace")
    found: dict[str, tuple[str, ...]] = {}
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line[:1] in (" ", "\t") and lines:
            lines[-1] += " " + line.strip()
        elif len(lines) < MAX_FIELDS:
            lines.append(line)
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if colon and name and name.isascii() and " " not in name:
            found[name] = (*found.get(name, ()), value.strip()[:MAX_VALUE])
    return found


def first(fields: Fields, name: str) -> str:
    """The first value of a field; empty where there is none."""
    return fields.get(name, ("",))[0]


def parameter(value: str, name: str) -> str:
    """A parameter of a field such as Content-Type (RFC 2045 section 5.1, RFC 2231); empty where none."""
    message: Message[str, str] = Message()
    message["Content-Type"] = value
    try:
        found = message.get_param(name, "", "content-type")
        if isinstance(found, tuple):
            charset, _, text = found
            return decoded(text.encode("latin-1", "replace"), charset or "utf-8")
        return in_words(str(found))
    except (MessageError, ValueError, LookupError, TypeError, IndexError, AttributeError):
        return ""


def in_words(value: str) -> str:
    """A value with its encoded words read (RFC 2047), on one line."""
    try:
        parts = decode_header(value[:MAX_VALUE])
    except (MessageError, ValueError):
        parts = [(value, None)]
    text = "".join(
        decoded(part, charset or "ascii") if isinstance(part, bytes) else part for part, charset in parts
    )
    return " ".join(
        "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text).split()
    )


def decoded(content: bytes, charset: str) -> str:
    """Text in a character set; in UTF-8 where the name is none that mail is written in. Never raises."""
    try:
        name = codecs.lookup(charset.strip()[:40]).name
    except (LookupError, ValueError):
        name = ""
    return content.decode(name if name in CHARSETS else "utf-8", "replace")


def sender(fields: Fields) -> tuple[str, str]:
    """Name and address of the first `From` that can be answered; empty where there is none."""
    for value in fields.get("from", ()):
        if value.count("(") > MAX_COMMENTS:
            continue
        name, address = parseaddr(value)
        if ADDRESS.fullmatch(address):
            return in_words(name)[:300], address
    return "", ""


def date(fields: Fields) -> datetime | None:
    """The `Date`; None where there is none that can be read."""
    try:
        found = parsedate_to_datetime(first(fields, "date")[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
