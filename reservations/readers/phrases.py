"""Sentences that reserve text and data mining in plain words.

Courts differ on whether that is machine-readable: LG Hamburg 310 O 227/23 (27 September 2024) said
it may be, OLG Hamburg 5 U 104/24 (10 December 2025) that the clause before it was not. A sentence
counts where a word for mining or training, or the statute, stands with a word that reserves or
forbids, and no word that permits stands closer; sentences that only explain do not count. Plain
substring search over bounded text, so that no input takes long.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, islice

MAX_TEXT = 100_000
"""Characters of one text that are looked at."""
MAX_SENTENCE = 1_000
MAX_SENTENCES = 5_000
MAX_CANDIDATES = 400
"""Sentences with a topic that are examined; a text that names it more often is examined in part."""
MAX_HITS = 5
_GAP = 120
_MAX_SPANS = 8

_FOLDED = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "đ": "d", "œ": "oe", "ß": "ss"})
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_NOT_WORD = re.compile(r"[^\w§]+")
_SECTION = re.compile(r"§")
_LETTERED = re.compile(r"(?<=\d) (?=[a-z] )")
_END = re.compile(r"[.!?](?=\s)")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence and where it begins."""

    text: str
    """As written, white space apart."""
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A sentence that reserves."""

    sentence: Sentence
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words to look for, in the normal form, each part with the blanks round it."""

    first: str
    rest: str = ""
    """Where words may stand between: what follows."""

    def spans(self, text: str) -> Iterator[Span]:
        """Where it stands in a sentence in normal form."""
        at = text.find(self.first)
        for _ in range(_MAX_SPANS):
            if at < 0:
                return
            end = at + len(self.first)
            if self.rest:
                found = text.find(self.rest, end - 1, end + _GAP)
                end = found + len(self.rest) if found >= 0 else -1
            if end >= 0:
                # what is the beginning of a word covers all of it
                yield at, end if text[end - 1] == " " else text.find(" ", end)
            at = text.find(self.first, at + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The terms of one language."""

    language: str
    topics: tuple[Term, ...]
    weak_topics: tuple[Term, ...]
    verbs: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All terms, as dated data.

    What takes a hit away is looked for in every language: without accents `réserve` is English too.
    """

    languages: tuple[Words, ...]
    weak_verbs: tuple[Term, ...]
    permits: tuple[Term, ...]
    definitions: tuple[Term, ...]
    ignored: tuple[Term, ...]
    abbreviations: frozenset[str]
    openings: tuple[str, ...]
    """What every topic begins with: a text without any of them is not looked at further."""


def normal(text: str) -> str:
    """Lower case without accents, punctuation or line ends; one blank between words and round all.

    `§44b`, `§ 44 b` and `§ 44b` are one, as are `26³` and `263`, and `Text- und Data-Mining` with
    whatever hyphen.
    """
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text.translate(_INVISIBLE))
    plain = plain[: 2 * len(text)]  # one character may become eighteen
    if not plain.isascii():
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = _NOT_WORD.sub(" ", plain.casefold().translate(_FOLDED).replace("_", " "))
    spaced = " ".join(_SECTION.sub(" § ", words).split())
    return _LETTERED.sub("", f" {spaced} ")


@cache
def table() -> Table:
    """The terms shipped with the package."""
    data = json.loads(files("reservations").joinpath("data", "phrases.json").read_text("utf-8"))
    shared = data["shared"]
    languages = tuple(_words(code, row, shared) for code, row in data["languages"].items())
    topics = (t for words in languages for t in (*words.topics, *words.weak_topics))

    def every(kind: str) -> tuple[Term, ...]:
        return _terms(chain.from_iterable(row[kind] for row in data["languages"].values()))

    return Table(
        languages=languages,
        weak_verbs=every("weak_verbs"),
        permits=every("permits"),
        definitions=every("definitions"),
        ignored=_terms(data["ignored"]),
        abbreviations=frozenset(a.lower() for a in data["abbreviations"]),
        openings=tuple(dict.fromkeys(t.first for t in topics)),
    )


def _words(code: str, row: Mapping[str, Sequence[str]], shared: Mapping[str, Sequence[str]]) -> Words:
    return Words(
        language=code,
        topics=_terms((*row["topics"], *shared["topics"])),
        weak_topics=_terms((*row["weak_topics"], *shared["weak_topics"])),
        verbs=_terms(row["verbs"]),
    )


def _terms(written: Iterable[str]) -> tuple[Term, ...]:
    return tuple(_term(w) for w in dict.fromkeys(written))


def _term(written: str) -> Term:
    first, _, rest = (part.strip() for part in written.partition("~"))
    return Term(first=_pattern(first), rest=_pattern(rest) if rest else "")


def _pattern(written: str) -> str:
    """`reserv*` to ` reserv`: the blank before it is the beginning of a word."""
    found = normal(written.rstrip("*"))
    return found.rstrip(" ") if written.endswith("*") else found


def find_reservations(text: str) -> tuple[Hit, ...]:
    """The sentences of a text that reserve, at most MAX_HITS; never raises."""
    text = text[:MAX_TEXT]
    known, whole = table(), _plain(text)
    present = [opening for opening in known.openings if opening in whole]
    return tuple(islice(_hits(text, present, known), MAX_HITS)) if present else ()


def _plain(text: str) -> str:
    return normal(html.unescape(text) if "&" in text else text)


def _hits(text: str, present: Sequence[str], known: Table) -> Iterator[Hit]:
    candidates = 0
    for sentence in islice(sentences(text, known.abbreviations), MAX_SENTENCES):
        plain = _plain(sentence.text)
        if not any(opening in plain for opening in present) or _any(known.ignored, plain):
            continue
        candidates += 1
        if candidates > MAX_CANDIDATES:
            return
        language = _language(plain, known)
        if language:
            yield Hit(sentence=sentence, language=language)


def sentences(text: str, abbreviations: frozenset[str] = frozenset()) -> Iterator[Sentence]:
    """Cut at full stops, not at those of abbreviations and numbers, and at empty lines."""
    begin = 0
    for paragraph in re.split(r"(\n[ \t]*\n)", text):
        start = begin
        for match in _END.finditer(text, begin, begin + len(paragraph)):
            word = text[max(start, match.start() - 12) : match.start()].rpartition(" ")[2]
            if match[0] == "." and _goes_on(word.lower(), abbreviations):
                continue
            yield from _bounded(text, start, match.end())
            start = match.end()
        begin += len(paragraph)
        yield from _bounded(text, start, begin)


def _goes_on(word: str, abbreviations: frozenset[str]) -> bool:
    core = word.rpartition(".")[2].lstrip("(\"'").rpartition("\n")[2]
    return core in abbreviations or core.isdigit()


def _bounded(text: str, start: int, end: int) -> Iterator[Sentence]:
    for at in range(start, end, MAX_SENTENCE):
        piece = " ".join(text[at : min(end, at + MAX_SENTENCE)].split())
        if piece:
            yield Sentence(text=piece, start=at)


def _any(terms: Iterable[Term], text: str) -> bool:
    return any(True for term in terms for _ in term.spans(text))


def _spans(terms: Iterable[Term], text: str) -> list[Span]:
    return [span for term in terms for span in term.spans(text)]


def _language(text: str, known: Table) -> str:
    """The language in which a sentence in normal form reserves; empty where it does not."""
    if _any(known.definitions, text):
        return ""
    general = _spans(known.weak_verbs, text)
    permits = _spans(known.permits, text)
    return next((w.language for w in known.languages if _reserves(w, text, general, permits)), "")


def _reserves(words: Words, text: str, general: Sequence[Span], permits: Sequence[Span]) -> bool:
    topics = _spans(words.topics, text)
    full = bool(topics)
    topics = topics or _spans(words.weak_topics, text)
    if not topics:
        return False
    verbs = _spans(words.verbs, text)
    verbs = [*verbs, *general] if full else [v for v in verbs if not any(_inside(v, g) for g in general)]
    permitting = [p for p in permits if not any(p != v and _inside(p, v) for v in verbs)]
    verbs = [v for v in verbs if not any(v != p and _inside(v, p) for p in permitting)]
    if not verbs:
        return False
    return not permitting or _distance(topics, verbs) <= _distance(topics, permitting)


def _inside(inner: Span, outer: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _distance(topics: Iterable[Span], others: Sequence[Span]) -> int:
    return min(max(o[0] - t[1], t[0] - o[1], 0) for t in topics for o in others)


@lru_cache(maxsize=1024)
def cached_reservations(text: str) -> tuple[Hit, ...]:
    """`find_reservations`, once for each text: the comments of a robots.txt are asked for every URL."""
    return find_reservations(text)
