"""The key directory: a JWK set at a well-known place, its answer signed by the keys themselves.

The response signature says that whoever serves the directory holds the keys in it, so that nobody can
claim another operator's. It covers the host that was asked and the digest of the body (RFC 9530).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from http_message_signatures import HTTPMessageSigner, HTTPSignatureAlgorithm, algorithms

from crawler.identity.keys import SigningKey

PATH = "/.well-known/http-message-signatures-directory"
MEDIA_TYPE = "application/http-message-signatures-directory+json"
TAG = "http-message-signatures-directory"
COMPONENTS = ('"@authority";req', "content-digest")
ALGORITHM: type[HTTPSignatureAlgorithm] = algorithms.ED25519
VALIDITY = timedelta(days=30)
"""How long the signature of a directory on a static host holds; it is made anew by each build."""


@dataclass(slots=True)
class Asked:
    """The request that a directory answers, as the signature library wants to see it."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Answered:
    """A directory's answer, likewise."""

    request: Asked
    headers: dict[str, str]
    status_code: int = 200


def directory(keys: Sequence[SigningKey]) -> bytes:
    """The JWK set of the published keys (RFC 7517 section 5)."""
    return json.dumps({"keys": [key.jwk for key in keys]}, separators=(",", ":")).encode()


def content_digest(body: bytes) -> str:
    """`Content-Digest` with SHA-256 (RFC 9530 section 2)."""
    return f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"


def response_headers(body: bytes, keys: Sequence[SigningKey], agent: str, now: datetime) -> Mapping[str, str]:
    """The header of a directory's answer: media type, caching, and a signature of each key."""
    headers = {
        "Content-Type": MEDIA_TYPE,
        "Cache-Control": "public, max-age=3600",
        "Access-Control-Allow-Origin": "*",
        "Content-Digest": content_digest(body),
    }
    answer = Answered(Asked(agent + PATH), headers)
    signer = HTTPMessageSigner(signature_algorithm=ALGORITHM)
    inputs, signatures = [], []
    for number, key in enumerate(keys):
        label = f"binding{number}"
        prepared = signer.prepare(
            answer,
            key_id=key.kid,
            created=now,
            expires=min(now + VALIDITY, key.expires),
            label=label,
            tag=TAG,
            include_alg=False,
            covered_component_ids=COMPONENTS,
            use_existing_digest=True,
        )
        inputs.append(f"{label}={prepared.signature_params}")
        signatures.append(f"{label}=:{b64encode(key.private.sign(prepared.signature_base)).decode()}:")
    if inputs:
        headers |= {"Signature-Input": ", ".join(inputs), "Signature": ", ".join(signatures)}
    return headers
