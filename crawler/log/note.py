"""Signed notes: text with Ed25519 signatures under it, by keys that have names. Pure.

https://c2sp.org/signed-note
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_NOTE = 1_000_000
MAX_SIGNATURES = 100
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(Exception):
    """A note or key is malformed, or not signed by the key asked for."""


class KeyKind(IntEnum):
    """What is signed: https://c2sp.org/signed-note#signature-types"""

    ED25519 = 1
    """The text itself."""
    COSIGNATURE = 4
    """A witness's statement of when it saw the text: https://c2sp.org/tlog-cosignature"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """The public half of a named key."""

    name: str
    public: bytes
    kind: KeyKind = KeyKind.ED25519

    @property
    def id(self) -> bytes:
        """The first bytes of every signature of this key."""
        return key_id(self.name, bytes([self.kind]) + self.public)

    @property
    def text(self) -> str:
        """`name+id+base64`: the form in which verifier keys are passed on."""
        return f"{self.name}+{self.id.hex()}+{_b64(bytes([self.kind]) + self.public)}"

    def verify(self, text: str, signature: bytes) -> None:
        """Raise NoteError unless this key signed the text."""
        message = text.encode()
        match self.kind:
            case KeyKind.ED25519:
                pass
            case KeyKind.COSIGNATURE:
                time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                message = cosignature_message(time, text).encode()
            case _:
                assert_never(self.kind)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"the signature of {self.name} does not fit the text") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A named key."""

    name: str
    key: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(name=self.name, public=self.key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note of a text that ends in a newline. The same text gives the same note."""
        _check_text(text)
        signature = self.verifier.id + self.key.sign(text.encode())
        return f"{text}\n— {self.name} {_b64(signature)}\n"


def key_id(name: str, typed_key: bytes) -> bytes:
    """Four bytes by which a key is told apart from others of its name."""
    return sha256(name.encode() + b"\n" + typed_key).digest()[:4]


def cosignature_message(time: int, text: str) -> str:
    """What a witness signs who saw `text` at a Unix time."""
    return f"cosignature/v1\ntime {time}\n{text}"


def check_name(name: str) -> str:
    """The name, if a key may have it. Raises NoteError."""
    if not _NAME.fullmatch(name) or _CONTROL.search(name):
        raise NoteError(f"no name for a key: {name[:100]!r} (no spaces, no `+`)")
    return name


def parse_verifier(text: str) -> Verifier:
    """A verifier key from its text. Raises NoteError."""
    name, _, rest = text.strip().partition("+")
    digits, _, encoded = rest.partition("+")
    data = unb64(encoded)
    if len(data) != 33 or data[0] not in list(KeyKind):
        raise NoteError("a verifier key is `name+8 hex digits+base64` of an Ed25519 key")
    verifier = Verifier(name=check_name(name), public=data[1:], kind=KeyKind(data[0]))
    if verifier.id.hex() != digits:
        raise NoteError(f"the verifier key of {name[:100]} does not have the id it states")
    return verifier


def open_note(note: str, verifiers: Sequence[Verifier]) -> tuple[str, tuple[Verifier, ...]]:
    """The text, and which of the keys signed it. Raises NoteError where none did, or one wrongly.

    Signatures of other keys are skipped, as witnesses may add theirs.
    """
    text, lines = _split(note)
    known = {(v.name, v.id): v for v in verifiers}
    signed: dict[Verifier, None] = {}
    for line in lines:
        name, signature = _signature(line)
        verifier = known.get((name, signature[:4]))
        if verifier is not None and verifier not in signed:
            verifier.verify(text, signature[4:])
            signed[verifier] = None
    if not signed:
        raise NoteError(f"not signed by {', '.join(v.text for v in verifiers)}")
    return text, tuple(signed)


def unb64(text: str) -> bytes:
    """Bytes from canonical base64. Raises NoteError for anything else."""
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise NoteError(f"not base64: {text[:60]!r}") from error
    if _b64(data) != text:
        raise NoteError(f"not canonical base64: {text[:60]!r}")
    return data


def _split(note: str) -> tuple[str, list[str]]:
    text, found, signatures = note.rpartition("\n\n")
    if not found or len(note) > MAX_NOTE or not signatures.endswith("\n"):
        raise NoteError("not a signed note: text, a blank line, signatures")
    _check_text(text + "\n")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"more than {MAX_SIGNATURES} signatures")
    return text + "\n", lines


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = unb64(encoded)
    if dash != "—" or len(data) < 5:
        raise NoteError(f"not a signature line: {line[:80]!r}")
    return check_name(name), data


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteError("the text of a note ends in a newline and has no other control character")


def _b64(data: bytes) -> str:
    return b64encode(data).decode()
