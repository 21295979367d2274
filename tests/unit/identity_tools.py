"""Vectors, keys and a message as a verifier takes it."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, VerifyResult, algorithms

from crawler.config import Config
from crawler.identity.keys import SigningKey

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "identity_vectors.json").read_text("utf-8"))
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
AGENT = "https://bot.example.net"
COVERED = ("@authority", "@method", "@path", '"signature-agent";key="sig1"')


@dataclass
class Message:
    """A request, or an answer if it has a status."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


def key(begins: datetime = NOW, days: float = 90) -> SigningKey:
    """A new key."""
    return SigningKey(
        private=Ed25519PrivateKey.generate(), not_before=begins, expires=begins + timedelta(days=days)
    )


def public(x: str) -> Ed25519PublicKey:
    """A key from its `x`."""
    return Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(x + "=" * (-len(x) % 4)))


def verify(message: Any, keys: Mapping[str, str], tag: str = "web-bot-auth", **more: Any) -> VerifyResult:
    """Verify with the library's verifier. `keys`: keyid to `x`. Raises InvalidSignature."""
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(
            public_keys={kid: public(x) for kid, x in keys.items()}, private_keys={}
        ),
    )
    options = {"expect_tag": tag, "max_age": None, "require_components": ("@authority",)} | more
    (found,) = verifier.verify(message, **options)
    result: VerifyResult = found
    return result


def config(folder: Path, **sections: Any) -> Config:
    """An operator's configuration, with its data below a folder."""
    settings: dict[str, Any] = {
        "operator": {"name": "Example Labs", "contact": "crawl@example.net"},
        "crawler": {
            "product_token": "ExampleBot",
            "version": "1.2",
            "info_url": "https://bot.example.net/bot/",
        },
        "identity": {"ip_prefixes": ["192.0.2.0/27", "2001:db8:40::/48"]},
        "network": {"allow_private": True},
        "storage": {"data": folder / "data"},
        "publish": {"base_url": AGENT},
    }
    for name, values in sections.items():
        settings[name] = {**settings.get(name, {}), **values}
    return Config.model_validate(settings)
