"""What the terms of one RSL document come to for one URL and one use.

Spec: RSL-SPEC-1.0 sections 3.1.1, 3.5 to 3.7 and 3.12, https://rslstandard.org/rsl. Narrower beats
broader, a prohibition beats a permission of the same scope, `permits` is a closed list of its type,
and a permission with terms we do not meet is none: we never pay, report, log in or give credit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby

from reservations.model import Use
from reservations.readers.rsl_document import Clause, Content, License, Place, RslDocument
from reservations.readers.rsl_scope import Reach, Target

COVERS: dict[Use, frozenset[str]] = {
    Use.TDM: frozenset({"all"}),
    Use.AI_TRAIN: frozenset({"ai-train", "ai-all", "all", "train-ai"}),
    Use.AI_INPUT: frozenset({"ai-input", "ai-all", "all"}),
    Use.SEARCH: frozenset({"search", "all"}),
}
"""Usage tokens that cover a use (section 3.4.1.1); `train-ai` is what the standard's own guide on AI
preferences writes for `ai-train` (https://rslstandard.org/guide/ai-preferences)."""

KNOWN = frozenset({"all", "ai-all", "ai-train", "train-ai", "ai-input", "ai-index", "search"})

OUR_CLASS = "commercial"
OUR_PLACE = "eu"
"""The operator this project has in mind; one elsewhere or of another kind asks for review first."""

_MEMBER_STATES = frozenset(
    "at be bg cy cz de dk ee el es fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk".split()  # noqa: SIM905
)


class Standing(StrEnum):
    """What terms come to."""

    PROHIBITED = "prohibited"
    PAYMENT = "payment"
    """Permitted on terms we do not meet."""
    PERMITTED = "permitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What decides, and where it stands."""

    standing: Standing
    place: Place
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The `content` elements of a document that cover a URL, the narrowest scope first."""

    scopes: tuple[tuple[Content, ...], ...]


def terms_for(
    document: RslDocument, target: Target, *, lenient: bool, page: bool, reach: Reach = Reach.PLACED
) -> Terms:
    """What of a document is about a URL. For a page's own document an empty `url` is the page."""
    if reach is Reach.HOLDER or (reach is Reach.FEED and lenient):
        return Terms(scopes=(document.contents,) if document.contents else ())

    def narrowness(content: Content) -> int:
        if content.scope.everything:
            return 1 << 30 if page else 0
        return content.scope.pattern.length

    matching = document.index.matching(target.path) if document.index else []
    covering = [c for c in matching if c.scope.speaks_for(target, lenient=lenient)]
    if reach is not Reach.PLACED:
        covering = [c for c in covering if not c.scope.everything]
    covering.sort(key=lambda c: (-narrowness(c), c.place.offset))
    return Terms(scopes=tuple(tuple(group) for _, group in groupby(covering, narrowness)))


def finding(terms: Terms, use: Use) -> Finding | None:
    """What the narrowest scope that says anything about a use says."""
    narrower = False
    for contents in terms.scopes:
        found = _in_scope(contents, use)
        if found is not None and not (narrower and found.standing is Standing.PERMITTED):
            return found
        narrower = True  # a scope that leaves TDM unsaid still keeps a broader permission out
    return None


def _in_scope(contents: Sequence[Content], use: Use) -> Finding | None:
    licenses = [(content, terms) for content in contents for terms in content.licenses]
    for content, terms in licenses:
        for clause in _of_type(terms.prohibits, "usage"):
            if covers(clause, use):
                return _finding(Standing.PROHIBITED, clause.place, content)
    granted: Finding | None = None
    for content, terms in licenses:
        if _offers(terms, use):
            unmet = _unmet(content, terms)
            if unmet is None:
                return _finding(Standing.PERMITTED, terms.place, content)
            granted = granted or unmet
    return granted or _closed_list(licenses, use)


def covers(clause: Clause, use: Use) -> bool:
    """Whether a prohibition covers a use; `ai-training` and the like are plainly meant as `ai-train`."""
    if _says(clause, use):
        return True
    return use is Use.AI_TRAIN and any("train" in token for token in clause.tokens - KNOWN)


def _offers(terms: License, use: Use) -> bool:
    """Whether a licence is about a use at all, terms aside (sections 3.5 and 3.6)."""
    permits = _of_type(terms.permits, "usage")
    if permits:
        return any(_says(c, use) for c in permits)
    prohibits = _of_type(terms.prohibits, "usage")
    if any(c.tokens - KNOWN for c in prohibits):
        return False  # an unknown word is prohibited, and it might be this use
    return not (prohibits and use is Use.TDM)


def _closed_list(licenses: Iterable[tuple[Content, License]], use: Use) -> Finding | None:
    """A `permits` that leaves a use out withholds it; only `all` is about mining as a whole."""
    if use is Use.TDM:
        return None
    for content, terms in licenses:
        for clause in _of_type(terms.permits, "usage"):
            return _finding(Standing.PROHIBITED, clause.place, content)
    return None


def _unmet(content: Content, terms: License) -> Finding | None:
    for clause in _not_us(terms):
        return _finding(Standing.PROHIBITED, clause.place, content)
    if terms.price or terms.reporting:
        return _finding(Standing.PAYMENT, terms.price or terms.reporting or terms.place, content)
    return _finding(Standing.PAYMENT, content.place, content) if content.gated else None


def _not_us(terms: License) -> Iterator[Clause]:
    """Clauses about users and places that shut us out, or may (section 3.5)."""
    for clause in terms.permits:
        if clause.type == "user" and OUR_CLASS not in clause.tokens:
            yield clause
        if clause.type == "geo" and OUR_PLACE not in clause.tokens:
            yield clause
    for clause in terms.prohibits:
        if clause.type == "user" and OUR_CLASS in clause.tokens:
            yield clause
        if clause.type == "geo" and not clause.tokens.isdisjoint({OUR_PLACE} | _MEMBER_STATES):
            yield clause


def _of_type(clauses: Iterable[Clause], kind: str) -> list[Clause]:
    return [c for c in clauses if c.type == kind]


def _finding(standing: Standing, place: Place, content: Content) -> Finding:
    return Finding(standing=standing, place=place, scope=content.scope.text)


class OddityKind(StrEnum):
    """What is unusual about terms, for the notes to their owner."""

    COMMAS = "commas"
    UNKNOWN_USAGE = "unknown_usage"
    CONFLICT = "conflict"


@lru_cache(maxsize=1024)
def oddities(document: RslDocument) -> tuple[tuple[OddityKind, Place], ...]:
    """The first oddity of each kind."""
    first: dict[OddityKind, Place] = {}
    for content in document.contents:
        for terms in content.licenses:
            for kind, place in _odd(terms):
                first.setdefault(kind, place)
    return tuple(first.items())


def _odd(terms: License) -> Iterator[tuple[OddityKind, Place]]:
    permitted, prohibited = _of_type(terms.permits, "usage"), _of_type(terms.prohibits, "usage")
    for clause in (*permitted, *prohibited):
        if clause.commas:
            yield OddityKind.COMMAS, clause.place
        elif clause.tokens - KNOWN or "train-ai" in clause.tokens:
            yield OddityKind.UNKNOWN_USAGE, clause.place
    for clause in prohibited:
        for use in COVERS:
            if _says(clause, use) and any(_says(p, use) for p in permitted):
                yield OddityKind.CONFLICT, clause.place


def _says(clause: Clause, use: Use) -> bool:
    return not clause.tokens.isdisjoint(COVERS[use])
