"""A key directory as a verifier takes it: what makes it refuse, and what will soon."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    MappingKeyResolver,
)

from crawler.identity.directory import ALGORITHM, MEDIA_TYPE, TAG, Answered, Asked, content_digest
from crawler.identity.keys import PUBLISHED_TEST_KEYS, decode_octets, thumbprint

MAX_KEYS = 64
SOON = timedelta(days=7)


def check_directory(
    url: str, body: bytes, fields: Iterable[tuple[str, str]], now: datetime
) -> tuple[list[str], list[str]]:
    """Faults, and things to know, of a directory that was served at a URL."""
    headers: dict[str, str] = {}
    for name, value in fields:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    served = {name.lower(): value for name, value in headers.items()}
    wrong: list[str] = []
    if served.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        wrong.append(f"is served as {served.get('content-type', 'nothing')[:80]}, not {MEDIA_TYPE}")
    keys = _keys(body, wrong)
    faults = [_fault(key, now) for key in keys]
    usable = [key for key, fault in zip(keys, faults, strict=True) if not fault]
    wrong += [fault for fault in faults if fault]
    if keys and not any(_holds(key, now) for key in usable):
        wrong.append("no key in it may sign now")
    soon = [
        f"{key['kid']} ends on {datetime.fromtimestamp(key['exp'], UTC):%Y-%m-%d}"
        for key in usable
        if "exp" in key and now < datetime.fromtimestamp(key["exp"], UTC) < now + SOON
    ]
    problem = _signature(url, body, headers, usable)
    if problem:
        (wrong if "signature" in served else soon).append(problem)
    return wrong, soon


def public_key(jwk: dict[str, Any]) -> Ed25519PublicKey:
    """The key in a JWK. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(decode_octets(jwk["x"]))


def _keys(body: bytes, wrong: list[str]) -> list[dict[str, Any]]:
    try:
        keys = json.loads(body)["keys"]
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise TypeError("`keys` is no list of objects")
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        wrong.append(f"no JWK set: {error}")
        return []
    if not keys:
        wrong.append("holds no key")
    return keys[:MAX_KEYS]


def _fault(key: dict[str, Any], now: datetime) -> str:
    kid = str(key.get("kid"))[:60]
    if (key.get("kty"), key.get("crv")) != ("OKP", "Ed25519"):
        return f"{kid}: not an Ed25519 key"
    if "d" in key:
        return f"{kid}: the PRIVATE half is published; end this key at once (rotate-key --at-once)"
    try:
        public_key(key)
        times = [datetime.fromtimestamp(key[name], UTC) for name in ("nbf", "exp") if name in key]
    except (ValueError, TypeError, LookupError, OverflowError, OSError):
        return f"{kid}: cannot be read"
    if key.get("kid") != thumbprint(key["x"]):
        return f"{kid}: kid is not the thumbprint {thumbprint(key['x'])}"
    if kid in PUBLISHED_TEST_KEYS:
        return f"{kid}: a test key of RFC 9421, which anybody can sign with"
    return f"{kid}: ended on {times[-1]:%Y-%m-%d}" if "exp" in key and times[-1] <= now else ""


def _holds(key: dict[str, Any], now: datetime) -> bool:
    return bool(key.get("nbf", 0) <= now.timestamp() < key.get("exp", float("inf")))


def _signature(url: str, body: bytes, headers: dict[str, str], keys: list[dict[str, Any]]) -> str:
    """What is wrong with the signature of the answer; empty where nothing is."""
    served = {name.lower(): value for name, value in headers.items()}
    if "signature" not in served:
        return "the answer is not signed (recommended: serve the header that `identity build` writes)"
    if "content-digest" in served and content_digest(body) not in served["content-digest"]:
        return "Content-Digest is not that of the body"
    verifier = HTTPMessageVerifier(
        signature_algorithm=ALGORITHM,
        key_resolver=MappingKeyResolver(
            public_keys={key["kid"]: public_key(key) for key in keys}, private_keys={}
        ),
    )
    answer = Answered(Asked(url), headers)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            verifier.verify(answer, max_age=None, expect_tag=TAG, require_components=('"@authority";req',))
    except HTTPMessageSignaturesException as error:
        return f"the signature of the answer does not verify: {error}"
    return ""
