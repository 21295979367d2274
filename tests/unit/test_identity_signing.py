"""Web Bot Auth: the vectors, our profile, and two verifiers that are not ours."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64decode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from http_message_signatures import HTTPMessageSignaturesException, InvalidSignature
from hypothesis import given
from hypothesis import strategies as st

from crawler.identity import directory
from crawler.identity.check_directory import check_directory
from crawler.identity.keys import SigningKey, SigningKeyError, key_folder, rotate
from crawler.identity.signing import PROFILE, Signer, open_signer
from crawler.network.urls import check_url_text
from tests.foreign import needed, npm
from tests.unit.identity_tools import AGENT, COVERED, NOW, VECTORS, Message, config, key, public, verify

URL = "https://example.org/path/a%20b?q=1"
X = json.loads(VECTORS["jwk"]["thumbprint_input"])["x"]
TEST_KEY = {VECTORS["jwk"]["thumbprint_sha256_b64url"]: X}


def signer(made: SigningKey | None = None, **more: Any) -> Signer:
    now = datetime.now(NOW.tzinfo)
    return Signer(made or key(now - timedelta(hours=1)), AGENT, **more)


def signed(url: str = URL, made: SigningKey | None = None, **more: Any) -> tuple[Message, dict[str, str]]:
    made = made or key(datetime.now(NOW.tzinfo) - timedelta(hours=1))
    return Message("GET", url, signer(made, **more)("GET", url)), {made.kid: made.x}


@pytest.mark.parametrize("vector", VECTORS["http_signatures"], ids=lambda v: v["name"][:30])
def test_vectors_verify_or_are_expired(vector: dict[str, Any]) -> None:
    message = Message(vector["method"], vector["target_uri"], vector["headers"])
    if "expired" in vector["expect"]:
        with pytest.raises(InvalidSignature, match="past"):
            verify(message, TEST_KEY)
    else:
        assert verify(message, TEST_KEY).parameters["keyid"] in TEST_KEY


def test_the_profile_that_is_sent() -> None:
    message, keys = signed()
    result = verify(message, keys, max_age=timedelta(minutes=5), require_components=COVERED)
    assert message.headers["Signature-Agent"] == f'sig1="{AGENT}"'
    assert result.label == "sig1"
    assert result.covered_components == {
        '"@authority"': "example.org",
        '"@method"': "GET",
        '"@path"': "/path/a%20b",
        '"signature-agent";key="sig1"': f'"{AGENT}"',
        '"@signature-params"': result.covered_components['"@signature-params"'],
    }
    parameters = result.parameters
    assert set(parameters) == {"created", "expires", "keyid", "alg", "nonce", "tag"}
    assert (parameters["tag"], parameters["keyid"]) == ("web-bot-auth", next(iter(keys)))
    assert int(parameters["expires"]) - int(parameters["created"]) == 120
    assert len(b64decode(str(parameters["nonce"]))) == 64


def test_every_request_has_a_nonce_of_its_own() -> None:
    sign = signer()
    assert len({sign("GET", URL)["Signature"] for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({"url": "https://example.org/other"}, False),
        ({"url": "https://example.org:8443/path/a%20b?q=1"}, False),
        ({"url": "https://other.example/path/a%20b?q=1"}, False),
        ({"url": "https://EXAMPLE.org:443/path/a%20b?q=1"}, True),
        ({"method": "HEAD"}, False),
        ({"agent": 'sig1="https://other.example"'}, False),
        ({"agent": f'sig1="{AGENT}", other="https://other.example"'}, True),
        ({"agent": None}, False),
    ],
    ids=str,
)
def test_what_a_verifier_notices(change: dict[str, Any], valid: bool) -> None:
    message, keys = signed()
    message.url, message.method = change.get("url", message.url), change.get("method", message.method)
    if "agent" in change:
        message.headers["Signature-Agent"] = change["agent"]
        if change["agent"] is None:
            del message.headers["Signature-Agent"]
    if valid:
        verify(message, keys)
    else:
        with pytest.raises(HTTPMessageSignaturesException):
            verify(message, keys)


def test_a_long_lived_vector_fails_the_verifiers_default_age() -> None:
    vector = VECTORS["http_signatures"][1]
    message = Message(vector["method"], vector["target_uri"], vector["headers"])
    with pytest.raises(InvalidSignature, match="age"):
        verify(message, TEST_KEY, max_age=timedelta(days=1))


def test_a_path_is_not_covered_by_authority_alone() -> None:
    vector = VECTORS["http_signatures"][0]
    verify(Message("GET", "https://example.com/other", vector["headers"]), TEST_KEY)


@pytest.mark.parametrize(("sign_http", "fields"), [(False, 0), (True, 3)])
def test_plain_http_is_signed_where_the_operator_wants_it(sign_http: bool, fields: int) -> None:
    assert len(signer(sign_http=sign_http)("GET", "http://example.org/")) == fields
    assert len(signer(sign_http=sign_http)("GET", "HTTPS://example.org/")) == 3


def test_a_fragment_is_not_signed_since_it_is_not_sent() -> None:
    message, keys = signed("https://example.org/a#b?c")
    message.url = "https://example.org/a"
    verify(message, keys)


def test_a_key_that_has_ended_signs_nothing_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    now = NOW.timestamp() + 3600
    sign = Signer(key(NOW, days=1 / 48), AGENT, now=lambda: now)
    assert [sign("GET", URL), sign("GET", URL)] == [{}, {}]
    assert sign.ended
    assert [r.message for r in caplog.records if r.levelname == "WARNING"] == [
        "the signing key has ended: requests are sent unsigned; start the crawl again"
    ]


def test_a_signature_never_outlives_its_key() -> None:
    made = key(NOW, days=1)
    sign = Signer(made, AGENT, now=lambda: made.expires.timestamp() - 10)
    expires = re.search(r"expires=(\d+)", sign("GET", URL)["Signature-Input"])
    assert expires is not None
    assert int(expires[1]) == int(made.expires.timestamp())


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
    st.sampled_from(["", ":443", ":8443"]),
)
def test_any_url_that_may_be_requested_can_be_signed(path: str, port: str) -> None:
    url = f"https://example.org{port}/{path}"
    if check_url_text(url) is not None:
        return
    message, keys = signed(url)
    authority = f"example.org{port.removeprefix(':443')}"
    assert own_base(message, authority, urlsplit(url).path, keys)


def own_base(message: Message, authority: str, path: str, keys: dict[str, str]) -> bool:
    """Verify with nothing but RFC 9421 section 2.5 and the key; the library reads no URL with `[` in it."""
    parameters = message.headers["Signature-Input"].removeprefix("sig1=")
    agent = message.headers["Signature-Agent"].removeprefix("sig1=")
    lines = (
        f'"@authority": {authority}',
        f'"@method": {message.method}',
        f'"@path": {path}',
        f'"signature-agent";key="sig1": {agent}',
        f'"@signature-params": {parameters}',
    )
    signature = b64decode(message.headers["Signature"].removeprefix("sig1=:").removesuffix(":"))
    public(next(iter(keys.values()))).verify(signature, "\n".join(lines).encode())
    return True


def test_no_signer_without_an_agent_and_no_crawl_without_its_key(tmp_path: Path) -> None:
    assert open_signer(config(tmp_path)) is None
    signing = config(tmp_path, identity={"signature_agent": AGENT + "/"})
    with pytest.raises(SigningKeyError, match="rotate-key"):
        open_signer(signing)
    now = datetime.now(NOW.tzinfo)
    rotate(key_folder(signing), now, lifetime=timedelta(days=9), overlap=timedelta(days=1))
    opened = open_signer(signing)
    assert opened is not None
    assert (opened.agent, opened.profile) == (AGENT, f"{PROFILE}; https")


@pytest.mark.parametrize("agent", ["http://bot.example.net", "https://bot.example.net/x", "bot.example.net"])
def test_an_agent_is_an_https_origin(tmp_path: Path, agent: str) -> None:
    with pytest.raises(ValueError, match="https origin"):
        config(tmp_path, identity={"signature_agent": agent})


# ---- the npm package web-bot-auth


def foreign(message: Message, made: SigningKey) -> str:
    node, folder = needed("node", "apt-get install nodejs"), npm("web-bot-auth@0.1.3")
    script = Path(__file__).with_name("verify_web_bot_auth.cjs")
    given = {"method": message.method, "url": message.url, "headers": message.headers}
    jwk = {name: value for name, value in made.jwk.items() if name in ("kty", "crv", "x", "kid")}
    done = subprocess.run(
        [node, str(script), str(folder)],
        input=json.dumps({"jwk": jwk, **given}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def test_the_foreign_verifier_accepts_our_requests_and_refuses_altered_ones() -> None:
    made = key(datetime.now(NOW.tzinfo) - timedelta(hours=1))
    message, _ = signed(made=made)
    assert foreign(message, made) == "verified"
    message.url = "https://example.org/other"
    assert foreign(message, made).startswith("refused")
    message, _ = signed(made=made)
    message.headers["Signature-Agent"] = 'sig1="https://other.example"'
    assert foreign(message, made).startswith("refused")
    other = key(made.not_before)
    assert foreign(signed(made=made)[0], other).startswith("refused")


# ---- the directory


def served(keys: list[SigningKey], now: datetime) -> tuple[bytes, dict[str, str]]:
    body = directory.directory(keys)
    return body, dict(directory.response_headers(body, keys, AGENT, now))


def test_the_vector_of_a_directory_verifies() -> None:
    vector = VECTORS["directory_response"]
    answer = vector["response"]
    headers = {
        "Content-Type": answer["content_type"],
        "Content-Digest": answer["content_digest"],
        "Signature-Input": answer["signature_input"],
        "Signature": answer["signature"],
    }
    assert directory.content_digest(answer["body"].encode()) == answer["content_digest"]
    asked = directory.Asked(vector["request"]["url"])
    result = verify(
        directory.Answered(asked, headers),
        TEST_KEY,
        tag="http-message-signatures-directory",
        require_components=directory.COMPONENTS,
    )
    assert result.covered_components['"@authority";req'] == "signature-agent.test"
    wrong, _ = check_directory(asked.url, answer["body"].encode(), headers.items(), NOW)
    assert [w for w in wrong if "test key" in w]


def test_a_directory_lists_public_halves_and_is_signed_by_each_key() -> None:
    now = datetime.now(NOW.tzinfo)
    keys = [key(now - timedelta(days=1)), key(now + timedelta(days=1))]
    body, headers = served(keys, now)
    assert headers["Content-Type"] == "application/http-message-signatures-directory+json"
    listed = json.loads(body)["keys"]
    assert [set(jwk) for jwk in listed] == [{"kty", "crv", "kid", "x", "use", "nbf", "exp"}] * 2
    asked = directory.Asked(AGENT + directory.PATH)
    for made, label in zip(keys, ("binding0", "binding1"), strict=True):
        one = {
            name: next(part for part in re.split(r", (?=binding)", headers[name]) if part.startswith(label))
            for name in ("Signature-Input", "Signature")
        }
        verify(
            directory.Answered(asked, {**headers, **one}),
            {made.kid: made.x},
            tag=directory.TAG,
            require_components=directory.COMPONENTS,
        )


def test_a_good_directory_passes_our_own_check() -> None:
    now = datetime.now(NOW.tzinfo)
    body, headers = served([key(now)], now)
    assert check_directory(AGENT + directory.PATH, body, headers.items(), now) == ([], [])


def altered(jwk: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({"keys": [jwk | changes]}).encode()


def test_what_the_check_finds_in_a_directory() -> None:
    now = datetime.now(NOW.tzinfo)
    made = key(now)
    good, headers = served([made], now)
    cases = {
        b"{}": "no JWK set",
        b"[" * 100_000: "no JWK set",
        b'{"keys": []}': "holds no key",
        altered(made.jwk, kid="x"): "kid is not the thumbprint",
        altered(made.jwk, crv="P-256"): "not an Ed25519 key",
        altered(made.jwk, d="secret"): "PRIVATE half",
        altered(made.jwk, exp=1): "ended on",
        altered(made.jwk, exp=10**30): "cannot be read",
        altered(made.jwk, nbf=4_000_000_000): "no key in it may sign now",
        good + b" ": "Content-Digest",
    }
    for body, says in cases.items():
        wrong, _ = check_directory(AGENT + directory.PATH, body, headers.items(), now)
        assert any(says in w for w in wrong), (body[:80], wrong)
    wrong, _ = check_directory("https://other.example" + directory.PATH, good, headers.items(), now)
    assert any("does not verify" in w for w in wrong)
    wrong, soon = check_directory(AGENT + directory.PATH, good, [("Content-Type", "text/html")], now)
    assert any("served as text/html" in w for w in wrong)
    assert any("not signed" in s for s in soon)
