"""The vocabulary of block lists: what a list names, who said so, and how a look-up matched.

Every enum is closed. Code that branches over one ends in `assert_never`, so that a new member breaks
the type checker wherever it is not handled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blocklists.defaults import Defaults


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


class RecognitionKind(StrEnum):
    """What the decision recognises; `index.ListPolicy` says which kinds count."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in one decision. The fields are those of the JSON Lines interchange format."""

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

    @property
    def named_in(self) -> str:
        """How we say it in public: who named the site and where, and nothing about the site."""
        decision = self.decision_ref or "a decision without a published reference"
        return ", ".join(filter(None, (f"named in {decision}", self.body, str(self.decided_on or ""))))


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
class Parsed:
    """What an importer made of a list: nothing is dropped without a word."""

    entries: tuple[Entry, ...] = ()
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A list format or publisher: one file in `blocklists/sources/`."""

    name: str
    title: str
    description: str
    parse: Callable[[bytes, Defaults], Parsed]
    needs: tuple[str, ...] = field(default=())
    """Flags of `forbear blocklists import` without which every line of this format is rejected."""


def derived_id(source: str, scope: Scope, value: str) -> str:
    """The id of an entry whose list gives it none: the same name in the same list keeps its id."""
    return f"{source}/{scope}/{value}"
