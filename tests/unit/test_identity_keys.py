"""Keys: thumbprints by the vectors, files only their owner reads, changes with an overlap."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from crawler.identity.keys import (
    PUBLISHED_TEST_KEYS,
    SigningKeyError,
    active,
    load_keys,
    published,
    rotate,
    save,
    thumbprint,
)
from tests.unit.identity_tools import NOW, VECTORS, key

DAY = timedelta(days=1)
MONTH = 30 * DAY


def rotated(folder: Path, days: float = 0, **more: bool):  # type: ignore[no-untyped-def]
    return rotate(folder, NOW + days * DAY, lifetime=6 * MONTH, overlap=7 * DAY, **more)


def test_rfc_7638_3_2_thumbprint_of_an_okp_key() -> None:
    jwk = VECTORS["jwk"]
    x = json.loads(jwk["thumbprint_input"])["x"]
    assert thumbprint(x) == jwk["thumbprint_sha256_b64url"]
    assert len(sha256(jwk["thumbprint_input"].encode()).digest()) == 32


def test_the_published_test_keys_are_known() -> None:
    jwk = VECTORS["jwk"]
    assert {jwk["thumbprint_sha256_b64url"], jwk["rsa_pss_test_key_thumbprint"]} == PUBLISHED_TEST_KEYS


def test_a_key_is_read_back_as_it_was_written_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    path = save(key(), folder)
    (found,) = load_keys(folder)
    assert path.name == f"{found.kid}.jwk"
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (found.not_before, found.expires) == (NOW, NOW + 90 * DAY)
    assert "d" not in found.jwk
    assert [p.name for p in folder.iterdir()] == [path.name]


def test_a_key_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = save(key(), tmp_path)
    path.chmod(0o640)
    with pytest.raises(SigningKeyError, match="chmod 600"):
        load_keys(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kid": "other"}, "does not belong"),
        ({"x": "AAAA"}, "does not belong"),
        ({"d": "AAAA"}, "not a private"),
        ({"crv": "X25519"}, "not an Ed25519"),
        ({"exp": 10**40}, "not a private"),
        ({"nbf": None}, "not a private"),
    ],
)
def test_a_damaged_key_is_refused(tmp_path: Path, change: dict[str, object], says: str) -> None:
    path = save(key(), tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SigningKeyError, match=says):
        load_keys(tmp_path)


def test_a_published_test_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = key()
    save(made, tmp_path)
    monkeypatch.setattr("crawler.identity.keys.PUBLISHED_TEST_KEYS", frozenset({made.kid}))
    with pytest.raises(SigningKeyError, match="private half is public"):
        load_keys(tmp_path)
    with pytest.raises(SigningKeyError, match="private half is public"):
        save(made, tmp_path)


def test_the_first_key_signs_at_once(tmp_path: Path) -> None:
    done = rotated(tmp_path)
    assert (done.old, done.new.not_before) == (None, NOW)
    assert active(load_keys(tmp_path), NOW) is not None


def test_a_new_key_is_published_before_it_signs_and_the_old_one_after_it_signed_last(tmp_path: Path) -> None:
    first = rotated(tmp_path).new
    done = rotated(tmp_path, days=100)
    keys = load_keys(tmp_path)

    def at(days: float) -> tuple[str, int]:
        signing = active(keys, NOW + days * DAY)
        return (signing.kid if signing else ""), len(published(keys, NOW + days * DAY))

    assert at(100) == (first.kid, 2)
    assert at(106.9) == (first.kid, 2)
    assert at(107) == (done.new.kid, 2)
    assert at(113.9) == (done.new.kid, 2)
    assert at(114) == (done.new.kid, 1)


def test_a_key_that_is_waiting_is_not_replaced(tmp_path: Path) -> None:
    rotated(tmp_path)
    rotated(tmp_path, days=1)
    with pytest.raises(SigningKeyError, match="takes over on 2026-12-02"):
        rotated(tmp_path, days=2)


def test_a_leaked_key_ends_now(tmp_path: Path) -> None:
    rotated(tmp_path)
    new = rotated(tmp_path, days=5, at_once=True).new
    keys = load_keys(tmp_path)
    assert [k.kid for k in published(keys, NOW + 5 * DAY)] == [new.kid]
    assert active(keys, NOW + 5 * DAY) == new or active(keys, NOW + 5 * DAY).kid == new.kid  # type: ignore[union-attr]


def test_there_is_never_a_gap_when_a_key_is_changed_late(tmp_path: Path) -> None:
    first = rotated(tmp_path).new
    left = (first.expires - NOW) / DAY - 1  # a day before its end, with an overlap of a week
    rotated(tmp_path, days=left)
    keys = load_keys(tmp_path)
    assert all(active(keys, NOW + (left + step / 10) * DAY) for step in range(30))


def test_keys_that_have_ended_are_deleted_at_the_next_change(tmp_path: Path) -> None:
    first = rotated(tmp_path).new
    done = rotated(tmp_path, days=400)
    assert done.removed == (first.kid,)
    assert [k.kid for k in load_keys(tmp_path)] == [done.new.kid]
