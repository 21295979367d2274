"""Column types that behave alike in SQLite and PostgreSQL, whatever text the web puts into them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

ROW_ID = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite gives a 64-bit row id to INTEGER alone: https://sqlite.org/lang_createtable.html#rowid"""

SORTABLE = Text().with_variant(Text(collation="C"), "postgresql")
"""Text compared byte by byte, so that a prefix is a range: SQLite does so of itself."""

# What PostgreSQL cannot hold in a text, and backslashes that would make the escape ambiguous.
# https://www.postgresql.org/docs/current/datatype-character.html
_UNSTORABLE = re.compile(r"\\(?=\\*(?:x00|ud[89a-f][0-9a-f]{2}|[\0\ud800-\udfff]))|[\0\ud800-\udfff]")
_ESCAPED = re.compile(r"(\\+)(?:(x00)|u(d[89a-f][0-9a-f]{2}))")


def storable(text: str) -> str:
    """Text that both databases take: NUL becomes `\\x00`, a lone surrogate `\\udc80`, visibly.

    `restored` gives the text back exactly, also where it held such an escape already.
    """
    if "\0" not in text and "\\" not in text:
        if text.isascii():
            return text
        try:
            text.encode()
        except UnicodeEncodeError:
            pass
        else:
            return text
    return _UNSTORABLE.sub(_escape, text)


def restored(text: str) -> str:
    """The text that `storable` was given."""
    return _ESCAPED.sub(_unescape, text) if "\\" in text else text


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char == "\\":
        return "\\\\"
    return "\\x00" if char == "\0" else f"\\u{ord(char):04x}"


def _unescape(match: re.Match[str]) -> str:
    slashes, nul, surrogate = match.groups()
    kept = "\\" * (len(slashes) // 2)
    if len(slashes) % 2 == 0:
        return kept + match[0][len(slashes) :]
    return kept + ("\0" if nul else chr(int(surrogate, 16)))


class Hostile(TypeDecorator[str]):
    """Text from strangers: bounded, and escaped where a database could not hold it."""

    impl = Text
    cache_ok = True

    def __init__(self, bound: int) -> None:
        super().__init__()
        self.bound = bound

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Bound and escape on the way in."""
        if value is None:
            return None
        if len(value) > self.bound:
            value = value[: self.bound - 1] + "…"
        return storable(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Give back what came in."""
        return None if value is None else restored(value)


class Bytes(TypeDecorator[bytes]):
    """Bytes. In SQLite a value has a type of its own: text that somebody put there is the bytes of it."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """Bytes in any case, so that what was altered is compared like everything else."""
        return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


class Moment(TypeDecorator[datetime]):
    """An aware point in time, always UTC. In SQLite ISO 8601 text of fixed width, so that it sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text where the database has no type that knows about zones."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a time without zone: nobody could say later when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone cannot be recorded: {value!r}")
        return iso(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Aware, in UTC, whatever zone the session has."""
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def iso(moment: datetime) -> str:
    """`2026-11-24T05:35:00.000000Z`: RFC 3339, fixed width."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat("T", "microseconds")[:-6] + "Z"
