"""Allow and Disallow rules of merged groups, compiled once, matched by the longest pattern.

Spec: RFC 9309 sections 2.2.2 and 2.2.3, https://www.rfc-editor.org/rfc/rfc9309#section-2.2.2. The
pattern with the most octets in normal form wins, `Allow` wins a tie. `Allow: /index.html` opens
that page and not `/`: the extension of google/robotstxt is not in the RFC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from reservations.model import ALWAYS
from reservations.readers.path_pattern import PathPattern, compile_pattern, normal_path
from reservations.readers.robots_lines import AI_TRAINING, ALLOW, DISALLOW, Record

_RULES = frozenset({ALLOW, DISALLOW, AI_TRAINING})
_PLAIN = re.compile(r"/[A-Za-z0-9\-._~/=*]{0,999}\$?")
_MANY = 32
_GRAM = 4
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_ENDS = ";,"
"""What is put round a pattern, or behind it, in other languages than this one."""
_ABSOLUTE = re.compile(r"/?(https?://.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """A compiled line. Compared by identity."""

    allow: bool
    pattern: PathPattern
    record: Record
    host: str = ""
    """For a pattern written as a URL: the host it is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL as patterns see it."""

    normal: str
    verbatim: str | None
    """Path and query as written, where their normal form is more than an encoding of them."""
    host: str


@lru_cache(maxsize=4096)
def target_of(url: str) -> Target:
    """Path and query of a URL, both ways; the fragment is dropped."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # a broken IPv6 literal; nothing of it can be requested either
        return Target(normal="/", verbatim=None, host="")
    raw = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(normal=normal_path(url), verbatim=raw if "%" in raw or "/." in raw else None, host=host)


def plain_pattern(text: str) -> PathPattern:
    """`compile_pattern`, without its work for a pattern that is its own normal form."""
    if not _PLAIN.fullmatch(text):
        return compile_pattern(text)
    anchored = text.endswith("$")
    core = text[:-1] if anchored else text
    if "**" in core:
        return compile_pattern(text)
    return PathPattern(text=text, pieces=tuple(core.split("*")), anchored=anchored, length=len(text))


class Patterned(Protocol):
    """Anything with a path pattern."""

    @property
    def pattern(self) -> PathPattern:
        """What it is for."""


T = TypeVar("T", bound=Patterned)


class PatternIndex(Generic[T]):
    """Things by what a path must begin with or hold to match them, so that a URL meets few of many.

    Patterns are kept by what stands before their first `*`; where many have one, and most of those
    begin alike (`/*?s=`), by the first letters of their longest later piece.
    """

    __slots__ = ("_buckets", "_grams", "_lengths")

    def __init__(self, things: Iterable[T], strength: Callable[[T], tuple[int, bool]]) -> None:
        every = list(things)
        many = sum(len(thing.pattern.pieces) > 1 for thing in every) > _MANY
        self._buckets: dict[str, list[T]] = {}
        self._grams: dict[str, list[T]] = {}
        for thing in every:
            gram = max(thing.pattern.pieces[1:], key=len, default="")[:_GRAM] if many else ""
            if len(gram) == _GRAM:
                self._grams.setdefault(gram, []).append(thing)
            else:
                self._buckets.setdefault(thing.pattern.pieces[0], []).append(thing)
        for bucket in (*self._buckets.values(), *self._grams.values()):
            bucket.sort(key=strength, reverse=True)
        self._lengths = sorted({len(start) for start in self._buckets})

    def met(self, path: str) -> Iterator[list[T]]:
        """Lists of what may match a path in normal form, the strongest of each first."""
        for length in self._lengths:
            if length > len(path):
                break
            bucket = self._buckets.get(path[:length])
            if bucket is not None:
                yield bucket
        if self._grams:
            held = {path[i : i + _GRAM] for i in range(len(path) - _GRAM + 1)}
            yield from (self._grams[gram] for gram in held if gram in self._grams)

    def matching(self, path: str) -> list[T]:
        """Everything that matches, in no particular order."""
        return [thing for bucket in self.met(path) for thing in bucket if thing.pattern.matches(path)]


class RuleSet:
    """The rules that bind one token."""

    __slots__ = ("_index", "_verbatim", "rules")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._index = PatternIndex(rules, _strength)
        self._verbatim: PatternIndex[Rule] | None = None

    def winner(self, target: Target) -> Rule | None:
        """The rule that decides about a URL; None where none matches.

        A `Disallow` also matches the URL as written: normal forms must never lose a denial.
        """
        best = _strongest(self._index, target.normal, target.host)
        if target.verbatim is None:
            return best
        if self._verbatim is None:
            denials = (r for r in self.rules if not r.allow)
            self._verbatim = PatternIndex(map(_as_written, denials), _strength)
        written = _strongest(self._verbatim, target.verbatim, target.host)
        return strongest((best, written))


def strongest(rules: Iterable[Rule | None]) -> Rule | None:
    """The rule that decides among the winners of several groups (RFC 9309 section 2.2.1)."""
    return max((rule for rule in rules if rule is not None), key=_strength, default=None)


def _strongest(index: PatternIndex[Rule], path: str, host: str) -> Rule | None:
    best: Rule | None = None
    for bucket in index.met(path):
        for rule in bucket:
            if best is not None and _strength(rule) <= _strength(best):
                break
            if rule.pattern.matches(path) and (not rule.host or rule.host == host):
                best = rule
                break
    return best


def compile_rules(records: Iterable[Record], *, lenient: bool) -> RuleSet:
    """Rules of records of one merged group; `lenient` adds what `Disallow` patterns may mean."""
    rules: list[Rule] = []
    for record in records:
        if record.key not in _RULES or not record.value:
            continue  # an empty pattern is no rule (section 2.2.2)
        if record.under is ALWAYS or lenient:
            allow = record.key == ALLOW
            rules.append(Rule(allow=allow, pattern=plain_pattern(record.value), record=record))
        if lenient and record.key != ALLOW:
            rules += _meant(record)
    return RuleSet(tuple(rules))


def is_malformed(value: str) -> bool:
    """Whether a pattern begins with neither `/` nor `*`, or holds a URL (RFC 9309 section 2.2)."""
    return value[:1] not in ("/", "*") or (":" in value and _ABSOLUTE.fullmatch(value) is not None)


def _meant(record: Record) -> Iterator[Rule]:
    """What a pattern outside the grammar was meant to be: its path on this host, or below `/`."""
    value = record.value
    bare = value.strip(_QUOTES).rstrip(_ENDS)
    if bare != value and bare[:1] in ("/", "*"):
        yield Rule(allow=False, pattern=compile_pattern(bare), record=record)
        return
    if not is_malformed(value):
        return
    written = _ABSOLUTE.fullmatch(value)
    if written is None:
        start = "/*" if value[0] in "?." else "/"
        yield Rule(allow=False, pattern=compile_pattern(start + value), record=record)
        return
    try:
        parts = urlsplit(written[1])
        host = parts.hostname or ""
    except ValueError:
        return
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    yield Rule(allow=False, pattern=compile_pattern(path), record=record, host=host)


def _as_written(rule: Rule) -> Rule:
    text = rule.pattern.text
    anchored = text.endswith("$")
    pieces = tuple(re.sub(r"\*+", "*", text[:-1] if anchored else text).split("*"))
    pattern = PathPattern(text=text, pieces=pieces, anchored=anchored, length=rule.pattern.length)
    return Rule(allow=rule.allow, pattern=pattern, record=rule.record, host=rule.host)


def _strength(rule: Rule) -> tuple[int, bool]:
    return rule.pattern.length, rule.allow
