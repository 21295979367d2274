"""The vocabulary of block lists: what a list names, who said so, and how a look-up matched.

Every enum is closed. Code that branches over one ends in `assert_never`, so that a new member breaks
the type checker wherever it is not handled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum


class ValueKind(StrEnum):
    """What sort of thing an entry names. DOMAIN is registrable by itself, HOST lies below one."""

    DOMAIN = "domain"
    HOST = "host"
    URL_PREFIX = "url_prefix"
    IP = "ip"


class Scope(StrEnum):
    """How far an entry reaches. Never further than it says: a host never condemns its parent."""

    EXACT_HOST = "exact_host"
    DOMAIN_AND_SUBDOMAINS = "domain_and_subdomains"
    SUBDOMAINS = "subdomains"
    """What lies below the name, not the name itself: a wildcard record without its plain twin."""
    URL_PREFIX = "url_prefix"
    IP_LITERAL = "ip_literal"
    """URLs whose host is that address. Never hosts that merely resolve to it: they share it."""
    SERVICE = "service"
    """"The site at this name", wherever it moves; matched at this name and below, nowhere else."""
    WORK = "work"
    """Single works. Kept as information, and never widened to the site they are on."""


class BodyKind(StrEnum):
    """Who made the decision."""

    COURT = "court"
    AUTHORITY = "authority"
    SELF_REGULATORY = "self_regulatory"
    OPERATOR = "operator"
    """We ourselves, in an override: it lifts entries and recognises nothing."""


class RecognitionKind(StrEnum):
    """What the decision recognises; `policy.ListPolicy` says which kinds count."""

    STRUCTURAL_INFRINGEMENT = "structural_infringement"
    SITE_BLOCK_INJUNCTION = "site_block_injunction"
    ADMINISTRATIVE_ORDER = "administrative_order"
    LIVE_EVENT = "live_event"
    SINGLE_WORK = "single_work"
    SELF_REGULATORY = "self_regulatory"
    WATCH_LIST = "watch_list"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """What became of the decision. Closing an entry never deletes it: it gets another status."""

    ACTIVE = "active"
    TERM_UNKNOWN = "term_unknown"
    """In force as far as is known; nobody published when it ends."""
    UNVERIFIED = "unverified"
    """Reported, but nobody here has read what was decided or whether it still holds. Does not count."""
    LIFTED = "lifted"
    REVERSED = "reversed"
    ANNULLED = "annulled"
    REJECTED = "rejected"
    """The body was asked for the block and refused it."""
    EXPIRED = "expired"
    PAUSED = "paused"
    DELISTED = "delisted"
    EXCEPTED = "excepted"
    """The list itself exempts this name from its own wider entries (RPZ passthru, adblock `@@`)."""


class Confidence(StrEnum):
    """How sure we are that the entry says what the decision says."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class MatchRule(StrEnum):
    """Why an entry matched."""

    EXACT_HOST = "exact_host"
    SUBDOMAIN = "subdomain"
    URL_PREFIX = "url_prefix"
    IP_LITERAL = "ip_literal"
    WORK = "work"
    """Single works at this host are named. Only ever a mention: the site is not."""


OVERRIDES = "override"
"""The source of the operator's own exemptions; they hold against every other source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """One step in what became of a decision: when by law, and when we learned it."""

    status: Status
    on: date | None = None
    """The first day of this status; None where nobody recorded it, and it then holds for all days."""
    known_at: datetime | None = None
    reason: str = ""
    """The later decision, or why the entry was closed."""
    evidence: str = ""
    """Where that is written: a URL, a reference, or the SHA-256 of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in one decision. The fields are those of the JSON Lines interchange format.

    Two times are kept apart: `valid_*` and `history[].on` are the law's, `known_*` are ours.
    """

    entry_id: str
    value: str
    """In normal form: A-labels, lower case, no dot at the ends; a URL without its scheme."""
    value_kind: ValueKind
    scope: Scope
    jurisdiction: str
    """ISO 3166 alpha-2 in upper case, or `EU`."""
    body: str
    """The court or authority, by the name it gives itself."""
    body_kind: BodyKind
    recognition_kind: RecognitionKind
    legal_ground: str
    """`copyright`, or another ground; only copyright counts."""
    source: str
    """The list this came from; the second part of the reason code `blocklist.<source>`."""
    status: Status = Status.TERM_UNKNOWN
    decision_ref: str = ""
    """Case number, order number, or whatever the body calls the decision."""
    decided_on: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    """The last day of the block, where the order says so."""
    status_source: str = ""
    """Who says that the status is what it is: `manual`, the list itself, a later decision."""
    source_url: str = ""
    retrieved_at: datetime | None = None
    confidence: Confidence = Confidence.MEDIUM
    note: str = ""
    listed_as: str = ""
    """The name as the list spells it, where that is not the normal form."""
    history: tuple[StatusChange, ...] = ()
    """How the status came about, oldest first; the last one is `status`. Empty: it never changed."""
    known_from: datetime | None = None
    """When this source first named it to us."""
    known_to: datetime | None = None
    """When we saw that the source no longer names it."""

    @property
    def named_in(self) -> str:
        """How we say it in public: who named the site and where, and nothing about the site."""
        decision = self.decision_ref or "a decision without a published reference"
        return ", ".join(filter(None, (f"named in {decision}", self.body, str(self.decided_on or ""))))

    def status_on(self, day: date) -> Status:
        """The status by law on a day. Before the first recorded step it is that step's."""
        held = [change.status for change in self.history if change.on is None or change.on <= day]
        if held:
            return held[-1]
        return self.history[0].status if self.history else self.status

    def as_known(self, moment: datetime) -> Entry | None:
        """The entry as we knew it then; None where we had not learned of it yet."""
        if self.known_from is not None and self.known_from > moment:
            return None
        held = tuple(c for c in self.history if c.known_at is None or c.known_at <= moment)
        status = held[-1].status if held else self.history[0].status if self.history else self.status
        gone = self.known_to if self.known_to is not None and self.known_to <= moment else None
        return replace(self, history=held, status=status, known_to=gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An entry that names what was looked up."""

    entry: Entry
    matched: str
    """The listed value that was met: the host itself, a parent of it, a URL prefix, an address."""
    rule: MatchRule
    snapshot: str = ""
    """SHA-256 of the raw list the entry was read from; empty if it came from no file."""

    @property
    def code(self) -> str:
        """The reason code of a decision that rests on this hit."""
        return f"blocklist.{self.entry.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A line that was not imported. It is kept, so that a person can look at it."""

    line: int
    """Counted from 1; 0 if the whole list was refused."""
    text: str
    """The line as it stood, bounded and with control characters escaped."""
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A name found in running text. A person decides whether the decision means it; it never counts."""

    value: str
    """In normal form."""
    line: int
    context: str
    """The words around it, bounded and with control characters escaped."""
    doubts: tuple[str, ...] = ()
    """What speaks against it; empty is no reason to take it unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What an importer made of a list: nothing is dropped without a word."""

    entries: tuple[Entry, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    proposals: tuple[Proposal, ...] = ()


def derived_id(source: str, scope: Scope, value: str) -> str:
    """The id of an entry whose list gives it none: the same name in the same list keeps its id."""
    return f"{source}/{scope}/{value}"
