"""robots.txt bytes to numbered lines, and each line to its fields.

A line is read to the letter of RFC 9309 section 2.2, and a second time as somebody who means to
forbid may have written it: `Dissallow: /`, `User agent: *`, `Disallow /x`, a lost line break, a
no-break space. The second reading only ever adds `User-agent` and `Disallow`, never `Allow`, and
what it adds counts under the fail-closed profiles alone (RFC 9309 section 2.2.4 leaves it open).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from reservations.model import ALWAYS, FAIL_CLOSED, Profile
from reservations.readers.said import NEGATIVE_WORDS

MAX_BYTES = 5 * 1024 * 1024
"""What is parsed of a file; RFC 9309 section 2.5 asks for 500 KiB at least."""

MAX_LINES = 100_000
"""Lines with anything on them that are parsed, once MIN_TEXT is read."""

MIN_TEXT = 512_000
"""Characters that are parsed however many lines they are: the 500 KiB of RFC 9309 section 2.5."""

USER_AGENT, ALLOW, DISALLOW = "user-agent", "allow", "disallow"
AI_TRAINING = "disallowaitraining"
"""`DisallowAITraining` of draft-canel-robots-ai-control: about a use, not about crawling."""

STATEMENT_KEYS = frozenset({"content-usage", "content-signal", "content-signals", "license", AI_TRAINING})
"""Fields that say something about use to the agents above them."""

KNOWN_KEYS = STATEMENT_KEYS | frozenset(
    {USER_AGENT, ALLOW, DISALLOW, "sitemap", "crawl-delay", "request-rate", "visit-time", "host"}
    | {"clean-param", "noindex"}
)
_RULE_KEYS = frozenset({USER_AGENT, ALLOW, DISALLOW})
_BLANK = " \t"
_NEWLINE = re.compile(rb"\r\n|\r|\n")
_MAX_MARKS = 4
_GZIP = b"\x1f\x8b\x08"
_TWICE_ENCODED_BOM = "\ufeff".encode().decode("latin-1").encode()
_BYTES_AS_SURROGATES = re.compile("[\udc80-\udcff]")

_ZERO_WIDTH = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
_WHITE = "\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_JUNK = "".join(map(chr, (*range(33), *range(127, 160)))) + _WHITE + _ZERO_WIDTH
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_HYPHENS = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D), "-")
_LOOKALIKES = {**_HYPHENS, **dict.fromkeys(map(ord, _ZERO_WIDTH))}
_SQUEEZED = {**_LOOKALIKES, **dict.fromkeys(map(ord, "-_" + _JUNK))}
_JOINED = re.compile(r"(user-agent|disallow|allow|sitemap)[ \t]*:", re.IGNORECASE)
_AGENT_LIKE = re.compile(r"\*|[A-Za-z][A-Za-z0-9_.+/, -]{0,99}")
_TAG = re.compile(r"</?(?:br|p|pre|div|span|code|b|body|html)\b[^<>]*>|(?:\\r)?\\n(?=[a-z])", re.IGNORECASE)
"""What stands where a line break should: a tag, or `\\n` written out."""
_HINT = re.compile("dis|low|use|ent", re.IGNORECASE)
"""One slip leaves the beginning or the end of `disallow` and `useragent` whole."""
_WORD_END = re.compile(r"[\s;=]+")
_SLIPPED = re.compile(
    r"(content[ \t_-]{0,2}(?:signal|usage)s?|licence)(?:[ \t]{0,9}[:=;][ \t]{0,9}|[ \t]{1,9})(?=\S)",
    re.IGNORECASE,
)
_MEANT = {"contentsignal": "content-signal", "contentusage": "content-usage", "licence": "license"}
"""Names of fields that state something about use, without hyphens and plural, by the field meant."""
_WITHHOLDS = re.compile(rf"(?<![\w-])(?:{'|'.join(NEGATIVE_WORDS)})(?![\w-])", re.IGNORECASE)


class OddityKind(StrEnum):
    """What is unusual about a robots.txt, for the notes to its owner."""

    ENCODING = "encoding"
    FIELD = "field"
    JOINED = "joined"
    AGENT = "agent"
    NOBODY = "nobody"
    PATTERN = "pattern"
    OUTSIDE = "outside"
    BETWEEN_AGENTS = "between_agents"
    NOINDEX = "noindex"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A numbered line, or the comment on it."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One field of one line, known or unknown."""

    line: int
    key: str
    """Field name in lower case."""
    value: str
    """Comment and the blanks around it taken off (RFC 9309 section 2.2)."""
    text: str
    """The whole line as served; a line that is not UTF-8 is shown as Latin-1."""
    under: frozenset[Profile] = ALWAYS
    """FAIL_CLOSED for what only the second reading finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The lines of a file as text."""

    lines: tuple[str, ...]
    latin: dict[int, str]
    """Lines that are not UTF-8, by number, read as Latin-1."""
    odd: bool
    """Whether anything but plain UTF-8 was found."""


def folded(text: str) -> str:
    """Lower case, look-alike hyphens made plain, zero-width characters taken out."""
    return text.translate(_LOOKALIKES).strip(_JUNK).lower()


def decode_lines(body: bytes) -> Decoded:
    """Split bytes into lines at CR, LF and CRLF only (RFC 9309 section 2.2).

    `str.splitlines` would also split at VT, FF, NEL and U+2028, and let a comment inject a rule.
    """
    compressed = body.startswith(_GZIP)
    body, damaged = _without_bom(_inflated(body) if compressed else body)
    odd = damaged or compressed
    codec = _wide_codec(body)
    if codec:
        body, odd = body.decode(codec, "replace").lstrip("\ufeff").encode("utf-8", "replace"), True
    try:
        return Decoded(lines=tuple(_unified(body).split("\n")), latin={}, odd=odd)
    except UnicodeDecodeError:
        raw = _NEWLINE.split(body)
        latin = {n: r.decode("latin-1") for n, r in enumerate(raw, start=1) if not _is_utf8(r)}
        lines = tuple(_octets_escaped(r) if n in latin else r.decode() for n, r in enumerate(raw, start=1))
        return Decoded(lines=lines, latin=latin, odd=True)


def _inflated(body: bytes) -> bytes:
    """A file that was compressed by hand and sent as it is; unchanged where it is damaged."""
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, MAX_BYTES)
    except zlib.error:
        return body


def _unified(body: bytes) -> str:
    return body.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _without_bom(body: bytes) -> tuple[bytes, bool]:
    """Take off byte order marks: whole, cut short (`EF BB`, `EF`), encoded twice."""
    damaged = False
    for _ in range(_MAX_MARKS):
        if body.startswith(b"\xef\xbb\xbf"):
            body = body[3:]
        elif body.startswith(_TWICE_ENCODED_BOM):
            body, damaged = body[len(_TWICE_ENCODED_BOM) :], True
        elif body[:2] == b"\xef\xbb" and body[2:3] < b"\x80":
            body, damaged = body[2:], True
        elif body[:1] == b"\xef" and body[1:2] < b"\x80":
            body, damaged = body[1:], True
        else:
            break
    return body, damaged


def _wide_codec(body: bytes) -> str:
    """The UTF-16 or UTF-32 codec of a body that has its byte order mark, or reads like ASCII in it."""
    start = body[:4]
    if start in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return "utf-32"
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if len(start) == 4 and start[1] == start[3] == 0 and start[0] and start[2]:
        return "utf-16-le"
    if len(start) == 4 and start[0] == start[2] == 0 and start[1] and start[3]:
        return "utf-16-be"
    return ""


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _octets_escaped(raw: bytes) -> str:
    """The letter of RFC 9309 section 2.2.2: octets outside ASCII compare as their escapes."""
    text = raw.decode("utf-8", "surrogateescape")
    return _BYTES_AS_SURROGATES.sub(lambda m: f"%{ord(m[0]) - 0xDC00:02X}", text)


def read_fields(number: int, text: str, latin: str | None = None) -> tuple[Record, ...]:
    """The records of one line: at most one to the letter, then what the second reading adds."""
    content = text.partition("#")[0]
    name, colon, value = content.partition(":")
    key = name.strip(_BLANK).lower() if colon else ""
    value = value.strip(_BLANK)
    shown = text if latin is None else latin
    letter = (Record(line=number, key=key, value=value, text=shown),) if key else ()
    if latin is None and key in KNOWN_KEYS and not _ambiguous(key, value):
        return letter
    again = list(reread(shown.partition("#")[0], key))
    if (key, value) in again:
        again.remove((key, value))
    return letter + tuple(
        Record(line=number, key=k, value=v, text=shown, under=FAIL_CLOSED) for k, v in again
    )


def orphan_agent(number: int, text: str) -> tuple[Record, ...]:
    """The agent on a line below an empty `User-agent:`: what stands there alone or before a field."""
    content = text.partition("#")[0]
    field = _JOINED.search(content)
    lead = content[: field.start() if field else len(content)].strip(_JUNK)
    if not _AGENT_LIKE.fullmatch(lead) or _mangled(lead):
        return ()
    return (Record(line=number, key=USER_AGENT, value=lead, text=text, under=FAIL_CLOSED),)


def _ambiguous(key: str, value: str) -> bool:
    if key not in _RULE_KEYS:
        return False
    return ":" in value or "<" in value or "\\" in value or not (value.isascii() and value.isprintable())


def is_joined(text: str) -> bool:
    """Whether a line holds more than one field."""
    return len(_JOINED.findall(text)) > 1


def reread(content: str, key: str) -> Iterator[tuple[str, str]]:
    """Fields that the letter, which found `key`, loses on a line without its comment."""
    name, _, value = content.partition(":")
    if not (name.isascii() and name.isprintable()) and key not in KNOWN_KEYS:
        name = folded(name)
        if name in KNOWN_KEYS - _RULE_KEYS:
            yield name, _cleaned(value)
    if key not in KNOWN_KEYS and (slipped := _SLIPPED.match(content.strip(_JUNK))):
        yield from _statement(slipped[1], _cleaned(content.strip(_JUNK)[slipped.end() :]))
    if not _HINT.search(content):
        return
    for piece in _TAG.split(content) if "<" in content or "\\n" in content else (content,):
        found = list(_JOINED.finditer(piece))
        start = found[0].start() if found else len(piece)
        if piece[:start].strip(_JUNK):
            # `Dissallow:` holds an `allow:` too, so the whole piece gets its chance.
            field = _mangled(piece[:start].strip(_JUNK)) or _mangled(piece.strip(_JUNK))
            if field:
                yield field
        ends = [match.start() for match in found[1:]] + [len(piece)]
        for match, end in zip(found, ends, strict=False):
            value = _cleaned(piece[match.end() : end])
            if value and match[1].lower() in (USER_AGENT, DISALLOW):
                yield match[1].lower(), value


def _statement(written: str, value: str) -> Iterator[tuple[str, str]]:
    """A statement about use under a name that is nearly right: a pointer, or one that withholds."""
    meant = _MEANT.get(written.translate(_SQUEEZED).lower().removesuffix("s"))
    if meant == "license" or (meant and _WITHHOLDS.search(value)):
        yield meant, value


def _cleaned(value: str) -> str:
    """Up to the first control character, which no pattern may hold (RFC 9309 section 2.2)."""
    return _CONTROL.split(value.strip(_JUNK), maxsplit=1)[0].strip(_JUNK)


def _mangled(text: str) -> tuple[str, str] | None:
    """A field whose name is misspelt, or whose colon is missing or something else."""
    name, colon, value = text.partition(":")
    key = _intended(name, prefixed=True) if colon else ""
    if key:
        return key, _cleaned(value)
    words = _WORD_END.split(text, maxsplit=2)
    for count in (1, 2):
        key = _intended("".join(words[:count]))
        if key and len(words) > count:
            rest = _WORD_END.split(text, maxsplit=count)[count]
            return key, _cleaned(rest)
    return None


def _intended(name: str, *, prefixed: bool = False) -> str:
    if len(name) > 40:
        return ""
    squeezed = name.translate(_SQUEEZED).lower()
    if squeezed in _NEARLY_USER_AGENT:
        return USER_AGENT
    if squeezed in _NEARLY_DISALLOW or (
        # google/robotstxt reads any name with this beginning so; only this one names a use instead.
        prefixed and squeezed.startswith(DISALLOW) and squeezed != AI_TRAINING
    ):
        return DISALLOW
    return ""


def _one_slip(word: str) -> frozenset[str]:
    """`word` and everything one letter left out, doubled, changed or swapped away from it."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    return frozenset(
        {a + b[1:] for a, b in cuts if b}
        | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
        | {a + c + b[1:] for a, b in cuts if b for c in letters}
        | {a + c + b for a, b in cuts for c in letters}
    )


_NEARLY_DISALLOW = _one_slip(DISALLOW) | {"dissalow", "disallowed", "dissallowed"}
_NEARLY_USER_AGENT = _one_slip("useragent")
