"""What an operator states about a list whose format leaves it out: who decided, where, on what ground."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, assert_never

from blocklists.model import BodyKind, Confidence, RecognitionKind, Scope, Status
from blocklists.policy import is_copyright

MAX_QUOTE = 200

FLAGS = "--ground copyright --jurisdiction CC --body NAME --ref TEXT --scope exact_host|domain_and_subdomains"
"""The flags of `forbear blocklists import` that say what a list leaves out."""

_COURT_WORDS = (
    "court", "tribunal", "gericht", "gerecht", "rechtbank", "juzgado", "audiencia", "cour ", "tingrett",
    "domstol", "oikeus", "ret ", "retten", "lagmannsrett", "sąd", "soud", "δικαστ", "héraðsdóm", "hof ",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Facts about a whole list. None or empty: not stated."""

    source: str
    legal_ground: str | None = None
    jurisdiction: str | None = None
    body: str | None = None
    body_kind: BodyKind | None = None
    recognition_kind: RecognitionKind | None = None
    decision_ref: str = ""
    decided_on: date | None = None
    scope: Scope | None = None
    status: Status = Status.TERM_UNKNOWN
    valid_from: date | None = None
    valid_to: date | None = None
    source_url: str = ""
    retrieved_at: datetime | None = None
    confidence: Confidence | None = None
    allow_private: bool = False
    """Take names and addresses that are never public sites; for tests and closed networks."""
    own_hosts: frozenset[str] = frozenset()
    """The operator's own hosts, in normal form: a list that names them needs a person."""
    columns: tuple[tuple[str, str], ...] = ()
    """For tables: one of our fields, and the column it is in, by its heading or counted from 1."""
    selector: str = ""
    """For HTML: CSS selector of the tables, rows or elements that hold the names."""

    def over(self, facts: Defaults) -> Defaults:
        """These facts, and for what they leave open those a format knows about itself."""
        open_ones: dict[str, Any] = {
            name: getattr(facts, name) for name in Defaults.__slots__ if getattr(self, name) in (None, "", ())
        }
        return replace(self, **open_ones)

    def objection(self) -> tuple[str, str]:
        """Reason and remedy why nothing can be imported under these defaults; empty if it can."""
        if not (self.legal_ground and self.jurisdiction and self.body):
            return "legal ground unknown", f"state it with {FLAGS}"
        if not is_copyright(self.legal_ground):
            return f"the legal ground is not copyright: {bounded(self.legal_ground)}", ""
        if jurisdiction_of(self.jurisdiction) is None:
            return "the jurisdiction is not a two-letter country code or EU", "--jurisdiction CC"
        return "", ""


def bounded(text: str) -> str:
    """Hostile text made fit to show: cut, and what does not print escaped."""
    cut = text[:MAX_QUOTE]
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)[:MAX_QUOTE]


def jurisdiction_of(code: str) -> str | None:
    """A country code in upper case, in ISO's spelling; None if it is none."""
    upper = code.strip().upper()
    if len(upper) != 2 or not (upper.isascii() and upper.isalpha()):
        return None
    # The EU's institutions write EL and UK where ISO 3166 has GR and GB (Interinstitutional style guide).
    return {"EL": "GR", "UK": "GB"}.get(upper, upper)


def body_kind_of(body: str) -> BodyKind:
    """A guess by name, for a body whose kind nobody stated."""
    name = f"{body.casefold()} "
    if "cuii" in name or "clearingstelle" in name:
        return BodyKind.SELF_REGULATORY
    return BodyKind.COURT if any(word in name for word in _COURT_WORDS) else BodyKind.AUTHORITY


def recognition_of(body_kind: BodyKind) -> RecognitionKind:
    """What a block ordered by such a body is, where nobody stated it."""
    match body_kind:
        case BodyKind.COURT:
            return RecognitionKind.SITE_BLOCK_INJUNCTION
        case BodyKind.AUTHORITY:
            return RecognitionKind.ADMINISTRATIVE_ORDER
        case BodyKind.SELF_REGULATORY:
            return RecognitionKind.SELF_REGULATORY
        case BodyKind.OPERATOR:
            return RecognitionKind.UNKNOWN
        case _:
            assert_never(body_kind)
