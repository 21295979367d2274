"""The vocabulary: what was fetched, what it says, and why a decision fell.

Every enum here is closed. Code that branches over one ends in `assert_never`, so that a new member
breaks the type checker wherever it is not handled.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

MAX_REMEMBERED = 65_536
"""Bytes of content whose digest is remembered."""
MAX_QUOTE = 300
"""Characters of hostile text a locator may quote."""


class Use(StrEnum):
    """What content would be used for. Reserving TDM reserves all but SEARCH."""

    TDM = "tdm"
    AI_TRAIN = "ai_train"
    GENAI_TRAIN = "genai_train"
    AI_INPUT = "ai_input"
    SEARCH = "search"


class Preference(StrEnum):
    """What somebody said about a use. Silence is UNSTATED, and never a permission."""

    RESERVED = "reserved"
    PERMITTED = "permitted"
    UNSTATED = "unstated"


class Outcome(StrEnum):
    """How asking for evidence ended. Never encoded as invented content, never `None`."""

    FOUND = "found"
    ABSENT = "absent"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"


class Verdict(StrEnum):
    """What becomes of a URL. DEFER means unknown for now: retried, never kept."""

    KEEP = "keep"
    EXCLUDE = "exclude"
    DEFER = "defer"


class Stage(StrEnum):
    """Where in a URL's way through the crawler its decision was settled."""

    FRONTIER = "frontier"
    BEFORE_FETCH = "before_fetch"
    HEADERS = "headers"
    BODY = "body"
    RECHECK = "recheck"


class Profile(StrEnum):
    """How a specification is read: to the letter, failing closed, or with vendor readings too."""

    LETTER = "letter"
    STANDARD = "standard"
    STRICT = "strict"


ALWAYS = frozenset(Profile)
FAIL_CLOSED = frozenset({Profile.STANDARD, Profile.STRICT})
LETTER_ONLY = frozenset({Profile.LETTER})
STRICT_ONLY = frozenset({Profile.STRICT})


class Effect(StrEnum):
    """What a reason does to the verdict; `reservations.decide` alone orders them."""

    EXCLUDE = "exclude"
    DEFER = "defer"


class Level(StrEnum):
    """How much a note matters to the owner of the site."""

    INFO = "info"
    WARN = "warn"
    BAD = "bad"


ROBOTS_TXT = "robots.txt"
TDMREP_JSON = "tdmrep.json"
RESPONSE = "response"
HTML_SIGNALS = "html-signals"
IMAGE_XMP = "image-xmp"
PDF_XMP = "pdf-xmp"
EPUB_OPF = "epub-opf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One redirect on the way to an answer."""

    status: int
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What came back when something was asked for, as received.

    `kind` names the container: a location file (`robots.txt`, `tdmrep.json`), a `response` (status
    and header lines of a page), or what was taken out of a body (`html-signals`, `pdf-xmp`, ...).
    It is an open set: a protocol in its own file may add one.
    """

    kind: str
    url: str
    """The URL asked for; rules bind its origin, wherever redirects led."""
    outcome: Outcome
    fetched_at: datetime
    status: int | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """Response header lines in order, name and value, decoded as latin-1."""
    body: bytes = b""
    redirects: tuple[Hop, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    """What a container's reader learned beside the bytes (`language`, `validation_state`, ...)."""
    why: str = ""
    """For an outcome other than FOUND: what happened, in a few words."""

    @property
    def final_url(self) -> str:
        """The URL that answered."""
        return self.redirects[-1].location if self.redirects else self.url

    @property
    def content(self) -> bytes:
        """The bytes that are stored and hashed: a response's head, anything else's body."""
        return response_head(self) if self.kind == RESPONSE else self.body

    @property
    def sha256(self) -> str:
        """Lower-case hexadecimal digest of `content`."""
        return digest(self.content)


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal. Remembered: one robots.txt is behind every decision of its origin."""
    # a memory of large bodies would keep them alive
    return _remembered_digest(content) if len(content) <= MAX_REMEMBERED else _digest(content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_remembered_digest = lru_cache(maxsize=2048)(_digest)


def response_head(evidence: Evidence) -> bytes:
    """Status and header lines of a response as the bytes kept of it (RFC 9112 section 2.1 form)."""
    lines = [f"HTTP {evidence.status}", *(f"{name}: {value}" for name, value in evidence.fields)]
    return "".join(line + "\r\n" for line in lines).encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRequest:
    """Evidence that `plan` asks for."""

    kind: str
    url: str
    details: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """What made us ask, where the kind does not say it; it goes into the evidence's own details."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Who we are in other people's files."""

    token: str
    """Product token of RFC 9309 section 2.2.1, without version."""
    aliases: tuple[str, ...] = ("Scrapy",)
    """Tokens that bind us too, for denial only: a site that names our framework means us."""
    reads_policies: bool = False
    """Whether we ask for the policy documents that reservations name; they never widen what we take
    unless the operator accepted them (`Policy.accepted_policies`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """A place in stored evidence that a stranger can look up."""

    evidence: str
    """SHA-256 of `Evidence.content`."""
    line: int | None = None
    """1-based line of a text file, or of the response head."""
    offset: int | None = None
    """Byte offset in the body as received."""
    quote: str = ""
    """Verbatim and hostile; at most MAX_QUOTE characters."""


class TokenClass(StrEnum):
    """Why another operator's product token says something about training."""

    USAGE_CONTROL = "usage_control"
    TRAINING = "training"


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherBot:
    """The other bot whose group a reservation is inferred from."""

    token: str
    operator: str
    token_class: TokenClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What somebody said about a use, after the protocol's own precedence; nothing about us."""

    protocol: str
    code: str
    """Reason code, whose first part names the protocol."""
    use: Use | None
    """None: every use and the request itself, which only a robots.txt denial says."""
    preference: Preference
    locator: Locator
    under: frozenset[Profile] = ALWAYS
    """Profiles whose reading this is."""
    decided_by: str = ""
    """Carrier: file, header, meta, pdf, epub."""
    policy_url: str | None = None
    inferred_from: OtherBot | None = None
    scope: str = ""
    """The rule's own scope in its own words (a path pattern, `this response`)."""
    advisory: bool = False
    """Reported, never decisive, unless the profile binds it through `under`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Evidence that could not be had, so that nothing can be concluded yet."""

    protocol: str
    code: str
    locator: Locator
    why: str
    under: frozenset[Profile] = FAIL_CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKind:
    """A finding that a site owner can act on. One constant per kind, beside its protocol."""

    code: str
    level: Level
    summary: str
    """One plain line."""
    text: str
    """A paragraph: what is wrong or ambiguous, what Forbear does, how to write it instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A NoteKind found at a place."""

    kind: NoteKind
    locator: Locator


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything the protocols made of the evidence."""

    statements: tuple[Statement, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a verdict fell, from a reservation, a list, an access limit or a failure alike."""

    code: str
    effect: Effect
    protocol: str
    use: Use | None = None
    evidence: str | None = None
    line: int | None = None
    offset: int | None = None
    quote: str = ""
    why: str = ""
    inferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A file a protocol wants from every origin: kind of evidence and path."""

    kind: str
    path: str


def quoted(text: str) -> str:
    """Bound a piece of hostile text for a locator."""
    return text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 1] + "…"
