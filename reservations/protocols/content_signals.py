"""Content Signals: `Content-Signal: ai-train=no, search=yes` in a group of robots.txt.

Policy text: https://contentsignals.org/. There is no formal grammar; what is plain in every reading
holds under the letter, what needs good will (`;` for `,`, `n` for `no`, a line outside any group)
under the fail-closed profiles. The comment that Cloudflare serves above the line expresses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from reservations.facts import Facts
from reservations.model import (
    FAIL_CLOSED,
    RESPONSE,
    ROBOTS_TXT,
    Agent,
    Level,
    Locator,
    Note,
    NoteKind,
    Preference,
    Reading,
    Statement,
    Use,
    quoted,
)
from reservations.protocol import Protocol
from reservations.readers.content_signal import FORM, PATH, UNKNOWN, USE_OF, read_signals
from reservations.readers.path_pattern import PathPattern, normal_path
from reservations.readers.robots_groups import MAX_INFERRED, BotGroups, voices
from reservations.readers.robots_lines import Record
from reservations.readers.robots_txt import RobotsFile
from reservations.readers.said import (
    Said,
    settled,
    statement,
    statements,
    strictest,
)

NAME = "content-signals"
CODE = "content_signal"
KEYS = ("content-signal", "content-signals")

OUTSIDE = NoteKind(
    code="content_signal.outside_group",
    level=Level.WARN,
    summary="A content signal stands before any User-agent line",
    text="Nothing says whom it is for. Forbear applies it to the whole site. Put it under `User-agent: *`.",
)
CONFLICT = NoteKind(
    code="content_signal.conflict",
    level=Level.WARN,
    summary="The same content signal is given both yes and no",
    text="The policy text does not say which holds; Forbear takes the `no`. Keep one of the two lines.",
)
OWN_GROUP = NoteKind(
    code="content_signal.own_group",
    level=Level.INFO,
    summary="The group for our token leaves a signal unsaid that the group for everybody states",
    text="By RFC 9309 the group with our name hides the other. Forbear takes the `no` from there all the "
    "same; repeat the line in the group with the name to say something else.",
)
HEADER = NoteKind(
    code="content_signal.header",
    level=Level.INFO,
    summary="Content-Signal came as a response header, which no text defines",
    text="Forbear takes a `no` for this response and no permission from it, since some converters send "
    "`yes` by default. Put the signal into robots.txt.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One key of one line, and what it says."""

    key: str
    said: Said
    plain: bool
    path: PathPattern | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Book:
    """The signals of a file, by whom they speak to."""

    letter: tuple[Signal, ...]
    named: bool
    own: tuple[Signal, ...]
    everybody: tuple[Signal, ...]
    aliases: tuple[Signal, ...]
    bots: tuple[tuple[BotGroups, tuple[Signal, ...]], ...]
    by_path: bool
    """Whether any signal is for a path, so that not every URL hears the same."""
    notes: tuple[Note, ...]


def parse(facts: Facts) -> Reading:
    """Signals of robots.txt for this URL, and the negative ones of its own response header."""
    header = tuple(_header(facts)) if "content-signal" in facts.fields else ()
    made, notes = _from_robots(facts)
    made += tuple(statement(NAME, use, said, FAIL_CLOSED) for use, said in strictest(header).items())
    heard = tuple(Note(kind=HEADER, locator=said.locator) for _, said in header[:1])
    return Reading(statements=settled(made), notes=notes + heard)


def _header(facts: Facts) -> Iterator[tuple[Use, Said]]:
    answer = facts.response
    digest = answer.sha256 if answer else ""
    for line in facts.fields.get_all("content-signal"):
        place = Locator(evidence=digest, line=line.line, quote=quoted(f"{line.name}: {line.value}"))
        said = Said(
            preference=Preference.RESERVED, code=CODE, locator=place, carrier="header", scope="this response"
        )
        for pair in read_signals(line.value):
            if pair.preference is Preference.RESERVED:
                yield USE_OF[pair.key], said


def _from_robots(facts: Facts) -> tuple[tuple[Statement, ...], tuple[Note, ...]]:
    file = facts.robots
    if file is None or file.keys.isdisjoint(KEYS):
        return (), ()
    book = _book(file, facts.agent)
    return _spoken(book, normal_path(facts.url) if book.by_path else "/")


@lru_cache(maxsize=2048)
def _spoken(book: _Book, path: str) -> tuple[tuple[Statement, ...], tuple[Note, ...]]:
    letter = _settle(book.letter, path)
    own, everybody = _settle(book.own, path), _settle(book.everybody, path)
    meant, notes = everybody, book.notes
    if book.named:
        unsaid = {k: s for k, s in everybody.items() if s.reserves and k not in own}
        meant = own | unsaid
        notes += tuple(Note(kind=OWN_GROUP, locator=s.locator) for s in unsaid.values())
    aliases = ((k, s) for k, s in _settle(book.aliases, path).items() if s.reserves)
    lenient = _by_use(strictest(chain(meant.items(), aliases)))
    made = statements(NAME, _by_use(letter), lenient)
    told = own.get("ai-train") if book.named else None
    quiet = (told is not None and not told.reserves) or _reserved(lenient)
    return made if quiet else made + _inferred(book, path), notes


def _settle(signals: Iterable[Signal], path: str) -> dict[str, Said]:
    return strictest((s.key, s.said) for s in signals if s.path is None or s.path.matches(path))


def _by_use(said: Mapping[str, Said]) -> dict[Use, Said]:
    """Uses for keys; a ceiling that is open says how far a use may go and grants none."""
    return strictest((USE_OF[k], saying) for k, saying in said.items() if k != "use" or saying.reserves)


def _reserved(said: Mapping[Use, Said]) -> bool:
    saying = said.get(Use.AI_TRAIN)
    return saying is not None and saying.reserves


def _inferred(book: _Book, path: str) -> tuple[Statement, ...]:
    """A `no` to training in another training bot's group counts like its Disallow."""
    found = ((bots, _by_use(_settle(signals, path))) for bots, signals in book.bots)
    return tuple(
        statement(NAME, Use.AI_TRAIN, said[Use.AI_TRAIN], FAIL_CLOSED, bot)
        for bots, said in found
        if _reserved(said)
        for bot in bots.bots
    )[:MAX_INFERRED]


@lru_cache(maxsize=1024)
def _book(file: RobotsFile, agent: Agent) -> _Book:
    heard = voices(file, agent, *KEYS)
    notes: dict[NoteKind, Note] = {}

    def signals(records: Iterable[Record]) -> tuple[Signal, ...]:
        return tuple(_signals(file, records, heard.outside, notes))

    letter = (s for s in signals(r for r in heard.letter if r.key == KEYS[0]) if s.plain)
    own, everybody = signals(heard.own), signals(heard.everybody)
    for signal in chain(_conflicting(own), _conflicting(everybody)):
        notes.setdefault(CONFLICT, Note(kind=CONFLICT, locator=signal.said.locator))
    noted = tuple(notes.values())  # what is wrong in a group for another bot is not our matter
    return _Book(
        letter=_reduced(letter),
        named=heard.named,
        own=_reduced(own),
        everybody=_reduced(everybody),
        aliases=_reduced(signals(heard.aliases)),
        bots=tuple((bots, _reduced(signals(records))) for bots, records in heard.bots),
        by_path=any(r.value.startswith("/") for r in file.records if r.key in KEYS),
        notes=noted,
    )


def _reduced(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """One signal for each key and path, the strictest."""
    found: dict[tuple[str, str], Signal] = {}
    for signal in signals:
        key = (signal.key, signal.path.text if signal.path else "")
        if key not in found or (signal.said.reserves and not found[key].said.reserves):
            found[key] = signal
    return tuple(found.values())


def _signals(
    file: RobotsFile, records: Iterable[Record], outside: frozenset[Record], notes: dict[NoteKind, Note]
) -> Iterator[Signal]:
    for record in records:
        place = Locator(evidence=file.sha256, line=record.line, quote=quoted(record.text))
        said = Said(
            preference=Preference.PERMITTED,
            code=CODE,
            locator=place,
            carrier="file",
            scope=quoted(record.value),
        )
        if record in outside:
            notes.setdefault(OUTSIDE, Note(kind=OUTSIDE, locator=place))
        for pair in read_signals(record.value):
            if pair.note:
                notes.setdefault(pair.note, Note(kind=pair.note, locator=place))
            if pair.key:
                spoken = replace(said, preference=pair.preference)
                yield Signal(key=pair.key, said=spoken, plain=pair.plain, path=pair.path)


def _conflicting(signals: tuple[Signal, ...]) -> Iterator[Signal]:
    permitted = {s.key for s in signals if not s.said.reserves and s.path is None}
    return (s for s in signals if s.said.reserves and s.path is None and s.key in permitted)


PROTOCOL = Protocol(
    name=NAME,
    title="Content Signals",
    spec_url="https://contentsignals.org/#content-signals",
    spec_version="policy text of September 2025, `use` key of July 2026",
    kinds=(ROBOTS_TXT, RESPONSE),
    parse=parse,
    codes=(CODE, "robots.other_ai_bots"),
    notes=(UNKNOWN, FORM, OUTSIDE, PATH, CONFLICT, OWN_GROUP, HEADER),
)
