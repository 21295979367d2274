"""The log's own key: made once, kept in one file that nobody else may read, never a published one.

The file holds the form that Go's `note` package reads: https://pkg.go.dev/golang.org/x/mod/sumdb/note
"""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.log.note import KeyKind, NoteError, Signer, check_name, unb64

PREFIX = "PRIVATE+KEY+"
PUBLISHED_KEYS = frozenset(
    bytes.fromhex(key)
    for key in (
        # RFC 9421 appendix B.1.4, which every bot-signature test uses
        "26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb",
        # https://c2sp.org/signed-note and the documentation of Go's note package
        "e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61cae72afdd4da4",
        "1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6",
        # RFC 8032 section 7.1, tests 1 to 3
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        # the test vectors of checkpoints and proofs that come with this project
        "ab35f5ab489db70c0dde46a1aee2774db44eaa1f95c1d66a0fff2908c6f1bb8f",
    )
)
"""Public halves of keys whose private halves are printed in specifications."""


class KeyFileError(Exception):
    """The key cannot be used; the message names the file and the remedy."""


def make_key(file: Path, name: str) -> Signer:
    """Make a key under a name and keep it in a file. Raises KeyFileError where there is a file already."""
    try:
        check_name(name)
    except NoteError as error:
        raise KeyFileError(str(error)) from error
    if file.exists():
        raise KeyFileError(f"{file}: there is a key already, and a log has one key")
    signer = Signer(name=name, key=Ed25519PrivateKey.generate())
    # Written whole under another name first: half a key must never lie in its place.
    aside = file.with_name(file.name + ".new")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(key_text(signer).encode())
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)
    return signer


def load_key(file: Path) -> Signer:
    """The key of a file. Raises KeyFileError for one that others may read, or that is public."""
    try:
        mode = file.stat().st_mode & 0o777
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{file}: the log's key cannot be read ({error})") from error
    if mode & 0o077:
        raise KeyFileError(f"{file}: others may read the log's key (mode {mode:04o}); chmod 600 it")
    signer = _parse(text, file)
    if signer.verifier.public in PUBLISHED_KEYS:
        raise KeyFileError(f"{file}: this key is printed in a specification, so anybody can sign with it")
    return signer


def key_text(signer: Signer) -> str:
    """The file's content."""
    verifier = signer.verifier
    secret = bytes([KeyKind.ED25519]) + signer.key.private_bytes_raw()
    return f"{PREFIX}{verifier.name}+{verifier.id.hex()}+{b64encode(secret).decode()}\n"


def _parse(text: str, file: Path) -> Signer:
    name, _, rest = text.strip().removeprefix(PREFIX).partition("+")
    digits, _, encoded = rest.partition("+")
    try:
        secret = unb64(encoded)
        check_name(name)
    except NoteError as error:
        raise KeyFileError(f"{file}: not a note key") from error
    if not text.startswith(PREFIX) or len(secret) != 33 or secret[0] != KeyKind.ED25519:
        raise KeyFileError(f"{file}: not a note key of Ed25519 ({PREFIX}name+id+base64)")
    signer = Signer(name=name, key=Ed25519PrivateKey.from_private_bytes(secret[1:]))
    if signer.verifier.id.hex() != digits:
        raise KeyFileError(f"{file}: the key does not have the id it states")
    return signer
