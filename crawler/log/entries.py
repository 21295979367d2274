"""Entries: public lines that commit to records and give nothing of them away. Pure.

An entry holds SHA-256(salt || record). Without the salt nobody can try URLs until one fits; once the salt
and the record are deleted, nothing leads back to what was committed to, and the tree stays as it is.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256

SALT_BYTES = 16
FORM = 1
"""The form of the records committed to: a new one gets a new number, the old ones stay readable."""


class EntryKind(StrEnum):
    """What an entry is about."""

    DECISION = "decision"
    CRAWL = "crawl"
    """A crawl that has ended, with its software and its terms."""
    REDACTION = "redaction"
    """That something was removed, with the earlier entries whose records were erased by it."""


def commitment(salt: bytes, record: bytes) -> bytes:
    """What stands in the log for a record. Raises ValueError for a salt of another length."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return sha256(salt + record).digest()


def entry_of_record(kind: EntryKind, salt: bytes, record: bytes) -> bytes:
    """The entry that commits to a record."""
    return _canonical({"c": b64encode(commitment(salt, record)).decode(), "kind": kind, "v": FORM})


def entry_of_redaction(position: int) -> bytes:
    """The entry that says that the record behind an earlier entry was erased."""
    return _canonical({"kind": EntryKind.REDACTION, "of": position, "v": FORM})


def entry_of_removal(salt: bytes, record: bytes, positions: Sequence[int]) -> bytes:
    """The entry of a redaction: commits to who removed what and why, and names the entries erased by it."""
    committed = b64encode(commitment(salt, record)).decode()
    return _canonical({"c": committed, "kind": EntryKind.REDACTION, "of": list(positions), "v": FORM})


def redacted_positions(entry: bytes) -> tuple[int, ...] | None:
    """Which entries a redaction is about; None where it says nothing of the kind."""
    try:
        value = json.loads(entry)
        named = value["of"]
        if (value["kind"], value["v"]) != (EntryKind.REDACTION, FORM) or entry != _canonical(value):
            return None
    except (ValueError, LookupError, TypeError):
        return None
    positions = [named] if type(named) is int else named
    if not isinstance(positions, list) or not all(type(n) is int and n >= 0 for n in positions):
        return None
    return tuple(positions)


def _canonical(value: dict[str, object]) -> bytes:
    # Whole numbers and ASCII only, so this is the canonical form of RFC 8785.
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
