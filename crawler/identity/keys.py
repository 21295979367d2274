"""Ed25519 keys of an instance: made, kept in files of their own, replaced with an overlap.

A key is published some time before it signs and some time after it signed last, so that a verifier
with a cached directory never meets a key it has not seen. When it does which follows from its two
dates alone. Names are JWK thumbprints (RFC 7638 section 3.2, RFC 8037 appendix A.3).
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.config import Config, ConfigError

PUBLISHED_TEST_KEYS = frozenset(
    {
        "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U",  # RFC 9421 appendix B.1.4
        "oD0HwocPBSfpNy5W3bpJeyFGY_IQ_YpqxSjQ3Yd-CLA",  # RFC 9421 appendix B.1.2
    }
)
"""Thumbprints of keys whose private half anybody can read."""
_OTHERS = 0o077


class SigningKeyError(ConfigError):
    """A key that cannot be used; the message names the file and the remedy."""


def thumbprint(x: str) -> str:
    """The name of an Ed25519 key, from its public half as in a JWK."""
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return _b64(sha256(canonical.encode()).digest())


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One key with the time in which it signs."""

    private: Ed25519PrivateKey = field(repr=False)
    not_before: datetime
    """From when it may sign; it is published from the day it is made."""
    expires: datetime
    """Until when it may sign and is published."""

    @property
    def x(self) -> str:
        """The public half."""
        return _b64(self.private.public_key().public_bytes_raw())

    @property
    def kid(self) -> str:
        """Its name: the thumbprint."""
        return thumbprint(self.x)

    @property
    def jwk(self) -> dict[str, str | int]:
        """The public JWK, as the directory lists it."""
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "kid": self.kid,
            "x": self.x,
            "use": "sig",
            "nbf": int(self.not_before.timestamp()),
            "exp": int(self.expires.timestamp()),
        }

    def signs(self, now: datetime) -> bool:
        """Whether it may sign at a moment."""
        return self.not_before <= now < self.expires


def key_folder(config: Config) -> Path:
    """Where an instance keeps its keys."""
    return Path(config.identity.key_dir) if config.identity.key_dir else config.storage.data / "keys"


def load_keys(folder: Path) -> tuple[SigningKey, ...]:
    """All keys of a folder, oldest first; empty where there is none. Raises SigningKeyError."""
    keys = [_load(path) for path in sorted(folder.glob("*.jwk"))]
    return tuple(sorted(keys, key=lambda k: (k.not_before, k.kid)))


def active(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """The key that signs at a moment: of those that may, the one that began last."""
    able = [key for key in keys if key.signs(now)]
    return max(able, key=lambda k: (k.not_before, k.kid)) if able else None


def published(keys: Sequence[SigningKey], now: datetime) -> tuple[SigningKey, ...]:
    """The keys that belong into the directory at a moment, also those that do not sign yet."""
    return tuple(key for key in keys if now < key.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What a change of keys came to."""

    new: SigningKey
    old: SigningKey | None
    """The key that signed so far, with its shortened end."""
    removed: tuple[str, ...]
    """Keys that ended before and whose files were deleted."""


def rotate(
    folder: Path, now: datetime, *, lifetime: timedelta, overlap: timedelta, at_once: bool = False
) -> Rotation:
    """Make a key that takes over after `overlap`; the old one stays published as long again.

    `at_once` is for a key that has leaked: it ends now. Raises SigningKeyError if a key is waiting already.
    """
    now = now.replace(microsecond=0)
    keys = load_keys(folder)
    waiting = next((k for k in keys if k.not_before > now), None)
    if waiting is not None and not at_once:
        raise SigningKeyError(f"{waiting.kid} takes over on {waiting.not_before:%Y-%m-%d %H:%M} UTC already")
    old = active(keys, now)
    begins = now if at_once or old is None else min(now + overlap, old.expires)
    new = SigningKey(private=Ed25519PrivateKey.generate(), not_before=begins, expires=begins + lifetime)
    save(new, folder)
    ends = now if at_once else begins + overlap
    for key in keys:
        if now < key.expires and ends < key.expires:
            save(replace(key, expires=ends), folder)
    if old is not None:
        old = replace(old, expires=min(ends, old.expires))
    gone = tuple(k.kid for k in keys if k.expires <= now)
    for kid in gone:
        (folder / f"{kid}.jwk").unlink(missing_ok=True)
    return Rotation(new=new, old=old, removed=gone)


def save(key: SigningKey, folder: Path) -> Path:
    """Write a key, readable by its owner alone, whole or not at all. Raises SigningKeyError."""
    _refuse_published(key.kid, folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{key.kid}.jwk"
    aside = folder / f".{key.kid}.{os.getpid()}.tmp"
    text = json.dumps({**key.jwk, "d": _b64(key.private.private_bytes_raw())}, indent=1) + "\n"
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    return path


def _load(path: Path) -> SigningKey:
    if path.stat().st_mode & _OTHERS:
        raise SigningKeyError(f"{path}: others may read this private key; run: chmod 600 {path}")
    try:
        data = json.loads(path.read_text("utf-8"))
        if (data["kty"], data["crv"]) != ("OKP", "Ed25519"):
            raise ValueError("not an Ed25519 key")
        key = SigningKey(
            private=Ed25519PrivateKey.from_private_bytes(decode_octets(data["d"])),
            not_before=datetime.fromtimestamp(data["nbf"], UTC),
            expires=datetime.fromtimestamp(data["exp"], UTC),
        )
    except (OSError, ValueError, TypeError, LookupError, OverflowError) as error:
        raise SigningKeyError(f"{path}: not a private Ed25519 JWK with nbf and exp ({error})") from error
    if (data.get("x"), data.get("kid")) != (key.x, key.kid):
        raise SigningKeyError(f"{path}: its public half or its name does not belong to its private half")
    _refuse_published(key.kid, path)
    return key


def _refuse_published(kid: str, place: Path) -> None:
    if kid in PUBLISHED_TEST_KEYS:
        raise SigningKeyError(
            f"{place}: {kid} is a test key of RFC 9421, whose private half is public; "
            "delete it and run `forbear identity rotate-key`"
        )


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_octets(text: str) -> bytes:
    """Octets of a JWK (RFC 7515 section 2). Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
