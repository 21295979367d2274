#!/usr/bin/env python3
"""Check that a decision was logged: python3 verify_proof.py FILE.tlog-proof VERIFIER_KEY

Needs Python 3.8 and nothing else, and asks nobody. Take the verifier key from elsewhere than the proof.
Formats: https://c2sp.org/tlog-proof, https://c2sp.org/tlog-checkpoint, RFC 6962, RFC 8032.
"""

from __future__ import annotations

import hashlib
import sys
from base64 import b64decode, b64encode

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)


def need(holds: object, what: str) -> None:  # not `assert`, which python -O leaves out
    if not holds:
        raise ValueError(what)


def add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:  # RFC 8032 section 5.1.4
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, d - c, d + c, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n: int, point: tuple[int, ...]) -> tuple[int, ...]:
    total: tuple[int, ...] = (0, 1, 1, 0)
    while n:
        total, point, n = add(total, point) if n & 1 else total, add(point, point), n >> 1
    return total


def decode(data: bytes) -> tuple[int, ...]:  # RFC 8032 section 5.1.3
    need(len(data) == 32, "a key or signature of the wrong length")
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    x = x if v * x * x % P == u else x * ROOT % P
    need(y < P and v * x * x % P == u and (x or not sign), "not a point of the curve")
    x = x if x % 2 == sign else P - x
    return x, y, 1, x * y % P


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:  # RFC 8032 section 5.1.7
    base, s = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little")), int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, base), add(decode(signature[:32]), times(k, decode(public)))
    same = all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))
    return same and len(signature) == 64 and s < L


def unb64(text: str) -> bytes:
    need(b64encode(b64decode(text)).decode() == text, "not canonical base64")
    return b64decode(text)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def verify(proof: str, key: str) -> tuple[str, str, str, str]:  # ValueError where it proves nothing
    name, digits, encoded = key.strip().split("+", 2)
    public = unb64(encoded)[1:]
    need(sha256(name.encode() + b"\n\x01" + public)[:4].hex() == digits, "not a verifier key")
    head, note = proof.split("\n\n", 1)
    kind, extra, index, *path = head.split("\n")
    need(kind == "c2sp.org/tlog-proof@v1" and extra[:6] == "extra " and index[:6] == "index ", "not a proof")
    text, signatures = note.rsplit("\n\n", 1)
    origin, size, root = text.split("\n")[:3]
    lines = [line.split(" ") for line in signatures.splitlines()]
    signed = [unb64(data) for dash, who, data in lines if (dash, who) == ("—", name)]
    mine = [data[4:] for data in signed if data[:4].hex() == digits]
    need(name == origin and mine, "not signed by this key")
    need(is_signed(public, mine[0], (text + "\n").encode()), "the signature is wrong")
    opened = unb64(extra[6:])  # salt and record, which the entry commits to
    entry = f'{{"c":"{b64encode(sha256(opened)).decode()}","kind":"decision","v":1}}'
    value, number, last = sha256(b"\x00" + entry.encode()), int(index[6:]), int(size) - 1
    need(0 <= number <= last, "the log has no such entry")
    for sibling in map(unb64, path):  # RFC 9162 section 2.1.3.2
        need(last, "the path is too long")
        if number % 2 or number == last:
            value = sha256(b"\x01" + sibling + value)
            while number % 2 == 0 and number:
                number, last = number // 2, last // 2
        else:
            value = sha256(b"\x01" + value + sibling)
        number, last = number // 2, last // 2
    need(last == 0 and value == unb64(root), "the record is not in the log")
    return index[6:], size, origin, opened[16:].decode()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], encoding="utf-8", newline="") as file:
            found = verify(file.read(), sys.argv[2])
    except (ValueError, OSError) as error:
        sys.exit(f"NOT PROVEN: {error}")
    print("PROVEN: entry {} of {} in the log {} commits to this record:\n{}".format(*found), end="")
