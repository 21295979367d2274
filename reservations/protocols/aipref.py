"""AI Preferences: `Content-Usage` as a response header and as a rule of robots.txt.

Spec: draft-ietf-aipref-vocab-08 (labels and their combination) and draft-ietf-aipref-attach-05 (where
they are attached), https://datatracker.ietf.org/doc/draft-ietf-aipref-attach/. Neither is an RFC.
Where following them to the letter loses a plain `n`, the fail-closed profiles keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from reservations.facts import Facts
from reservations.model import (
    FAIL_CLOSED,
    HTML_SIGNALS,
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
from reservations.readers.content_usage import FIELD, Form, Usage, Wish, read_usage
from reservations.readers.http_fields import FieldLine
from reservations.readers.path_pattern import PathPattern, normal_path
from reservations.readers.robots_groups import MAX_INFERRED, BotGroups, Voices, voices
from reservations.readers.robots_lines import Record
from reservations.readers.robots_rules import PatternIndex, plain_pattern
from reservations.readers.robots_txt import RobotsFile
from reservations.readers.said import Said, settled, statement, statements, strictest
from reservations.readers.usage_elements import usage_elements

NAME = "aipref"
_EVERYWHERE = PathPattern(text="", pieces=("",), anchored=False, length=0)
_TRAINING = (Use.AI_TRAIN, Use.GENAI_TRAIN, Use.TDM)

MALFORMED = NoteKind(
    code="aipref.malformed",
    level=Level.BAD,
    summary="A Content-Usage value is not a structured Dictionary, or a label has no y or n",
    text="By the letter everything in such a value is unknown. Forbear keeps a plain `n` it finds and "
    "nothing else. Write lower-case labels with `=y` or `=n`, commas between them and no blanks "
    "around `=`, such as `train-ai=n, search=y`.",
)
LEGACY = NoteKind(
    code="aipref.legacy",
    level=Level.WARN,
    summary="A label of an earlier draft is used",
    text="The current draft ignores it. Forbear takes its `n` in the sense of the draft that had it. Labels "
    "of vocab-08 are train-ai, ai-use and search.",
)
REPEATED = NoteKind(
    code="aipref.repeated",
    level=Level.WARN,
    summary="A label stands twice in one Content-Usage value",
    text="By RFC 9651 the last one counts. Where one of them is `n`, Forbear takes that. State it once.",
)
SEVERAL_LINES = NoteKind(
    code="aipref.several_lines",
    level=Level.WARN,
    summary="Several Content-Usage header lines came with one response",
    text="They are one value: a later line overrides an earlier one, and a bad line voids all. Forbear reads "
    "each line by itself too and keeps any `n`. A proxy or CDN may have added the second.",
)
EXCEPTED = NoteKind(
    code="aipref.exceptions",
    level=Level.INFO,
    summary="An `n` names exceptions, such as a CC signal",
    text="With `exceptions=cc-cr` and its like Creative Commons opens a work to those who give credit, "
    "contribute or are open in turn. A crawler cannot promise that for all who use the data later: Forbear "
    "takes the `n`, and the record keeps the line with its exceptions. To permit the use to all, write `y`.",
)
META = NoteKind(
    code="aipref.meta",
    level=Level.WARN,
    summary="Content-Usage stands in a meta element, where no draft puts it",
    text="Preferences are attached by a response header or in robots.txt. Forbear honours an `n` in a meta "
    "element for its page, and takes no `y` from there. Send the header, or write the line into robots.txt.",
)
OUTSIDE = NoteKind(
    code="aipref.outside_group",
    level=Level.WARN,
    summary="A Content-Usage line stands before any User-agent line",
    text="By the draft it belongs to no group and counts for nobody. Forbear applies an `n` to the whole "
    "site. Put it under `User-agent: *`.",
)
INHERITED = NoteKind(
    code="aipref.inherited",
    level=Level.WARN,
    summary="A rule for a longer path leaves a preference unsaid that a shorter one states",
    text="By the draft only the longest matching rule counts, so an `n` for the site is lost below it. "
    "Forbear keeps that `n`. Repeat every label in each rule.",
)
OWN_GROUP = NoteKind(
    code="aipref.own_group",
    level=Level.INFO,
    summary="The group for our token leaves a preference unsaid that the group for everybody states",
    text="By RFC 9309 the group with our name hides the other. Forbear takes the `n` from there all the "
    "same; repeat the line in the group with the name to say something else.",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UsageRule:
    """A Content-Usage line of robots.txt."""

    pattern: PathPattern
    usage: Usage
    said: Said
    """Where it stands; its preference is filled in for each wish."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Book:
    """The rules of a file, by whom they speak to."""

    letter: PatternIndex[UsageRule]
    named: bool
    own: PatternIndex[UsageRule]
    everybody: PatternIndex[UsageRule]
    aliases: PatternIndex[UsageRule]
    bots: tuple[tuple[BotGroups, PatternIndex[UsageRule]], ...]
    by_path: bool
    """Whether any rule is for a path, so that not every URL hears the same."""
    notes: tuple[Note, ...]


def parse(facts: Facts) -> Reading:
    """Preferences of the response header and of robots.txt; the stricter holds (vocab section 5.1)."""
    made, notes = _from_robots(facts)
    if FIELD in facts.fields:
        stated, heard = _from_header(facts)
        made, notes = made + stated, notes + heard
    if facts.elements:
        stated, heard = _from_meta(facts)
        made, notes = made + stated, notes + heard
    return Reading(statements=settled(made), notes=notes)


# ---- meta elements, which no draft knows


def _from_meta(facts: Facts) -> tuple[tuple[Statement, ...], tuple[Note, ...]]:
    """Every `n` of such an element, where one does not follow the letter."""
    read = usage_elements(facts)
    meant = strictest(
        (wish.use, _in_meta(locator))
        for usage, locator in read
        for wish in usage.meant
        if wish.preference is Preference.RESERVED
    )
    return statements(NAME, {}, meant), tuple(Note(kind=META, locator=where) for _, where in read[:1])


def _in_meta(locator: Locator) -> Said:
    return Said(
        preference=Preference.RESERVED,
        code="aipref.malformed",
        locator=locator,
        carrier="meta",
        scope="this page",
    )


# ---- the response header (attach section 2)


def _from_header(facts: Facts) -> tuple[tuple[Statement, ...], tuple[Note, ...]]:
    lines = facts.fields.get_all(FIELD)
    answer = facts.response
    places = [_place(line, answer.sha256 if answer else "") for line in lines]
    read = [read_usage(line.value) for line in lines]
    whole = read_usage(", ".join(line.value for line in lines)) if len(lines) > 1 else read[0]
    letter = {wish.use: _as_said(wish, _source(wish, read, places)) for wish in whole.letter}
    meant = [(w.use, _as_said(w, p)) for usage, p in zip(read, places, strict=True) for w in usage.meant]
    meant += [(wish.use, _as_said(wish, _source(wish, read, places))) for wish in whole.meant]
    notes = [Note(kind=k, locator=p.locator) for u, p in zip(read, places, strict=True) for k in _kinds(u)]
    if len(lines) > 1:
        notes.append(Note(kind=SEVERAL_LINES, locator=places[1].locator))
    return statements(NAME, letter, strictest(meant)), tuple(notes)


def _place(line: FieldLine, digest: str) -> Said:
    locator = Locator(evidence=digest, line=line.line, quote=quoted(f"{line.name}: {line.value}"))
    return Said(
        preference=Preference.UNSTATED,
        code="aipref.header",
        locator=locator,
        carrier="header",
        scope="this response",
    )


def _source(wish: Wish, read: list[Usage], places: list[Said]) -> Said:
    """The last line that states a wish of the joined value."""
    stating = [place for usage, place in zip(read, places, strict=True) if wish in usage.meant]
    return stating[-1] if stating else places[0]


def _as_said(wish: Wish, place: Said) -> Said:
    code = place.code if wish.form is Form.CURRENT else f"aipref.{wish.form}"
    return replace(place, preference=wish.preference, code=code)


def _kinds(usage: Usage) -> Iterator[NoteKind]:
    forms = {wish.form for wish in usage.meant}
    if usage.repeated:
        yield REPEATED
    elif not usage.parsed or Form.MALFORMED in forms:
        yield MALFORMED
    if Form.LEGACY in forms:
        yield LEGACY
    if usage.excepted:
        yield EXCEPTED


# ---- robots.txt (attach section 3)


def _from_robots(facts: Facts) -> tuple[tuple[Statement, ...], tuple[Note, ...]]:
    file = facts.robots
    if file is None or FIELD not in file.keys:
        return (), ()
    book = _book(file, facts.agent)
    return _spoken(book, normal_path(facts.url) if book.by_path else "/")


@lru_cache(maxsize=2048)
def _spoken(book: _Book, path: str) -> tuple[tuple[Statement, ...], tuple[Note, ...]]:
    own, everybody = _meant(book.own, path), _meant(book.everybody, path)
    meant = everybody
    if book.named:
        unsaid = {u: replace(s, note=OWN_GROUP) for u, s in everybody.items() if s.reserves and u not in own}
        meant = own | unsaid
    aliases = ((u, s) for u, s in _meant(book.aliases, path).items() if s.reserves)
    lenient = strictest([*meant.items(), *aliases])
    made = statements(NAME, _by_the_letter(book.letter, path), lenient)
    noted = tuple(Note(kind=s.note, locator=s.locator) for s in lenient.values() if s.note)
    told = own.get(Use.AI_TRAIN) if book.named else None
    quiet = (told is not None and not told.reserves) or _withholds_training(lenient)
    return made if quiet else made + _inferred(book, path), book.notes + noted


def _by_the_letter(rules: PatternIndex[UsageRule], path: str) -> dict[Use, Said]:
    """The longest matching rule alone; identical paths combine, the stricter wins (attach 3.1)."""
    matching = rules.matching(path)
    longest = max((rule.pattern.length for rule in matching), default=0)
    chosen = (rule for rule in matching if rule.pattern.length == longest)
    return strictest((wish.use, _as_said(wish, rule.said)) for rule in chosen for wish in rule.usage.letter)


def _meant(rules: PatternIndex[UsageRule], path: str) -> dict[Use, Said]:
    """Each use by the longest matching rule that states it."""
    found: dict[Use, Said] = {}
    matching = sorted(rules.matching(path), key=_length, reverse=True)
    for depth, (_, level) in enumerate(groupby(matching, key=_length)):
        stated = strictest((w.use, _as_said(w, rule.said)) for rule in level for w in rule.usage.meant)
        for use, said in stated.items():
            note = INHERITED if depth and said.reserves else None
            found.setdefault(use, replace(said, note=note) if note else said)
    return found


def _withholds_training(said: dict[Use, Said]) -> bool:
    return any(use in said and said[use].reserves for use in _TRAINING)


def _inferred(book: _Book, path: str) -> tuple[Statement, ...]:
    """An `n` to training in another training bot's group counts like its Disallow."""
    made: list[Statement] = []
    for bots, rules in book.bots:
        said = _meant(rules, path)
        reserving = next((said[u] for u in _TRAINING if u in said and said[u].reserves), None)
        if reserving:
            made += (statement(NAME, Use.AI_TRAIN, reserving, FAIL_CLOSED, bot) for bot in bots.bots)
    return tuple(made[:MAX_INFERRED])


@lru_cache(maxsize=1024)
def _book(file: RobotsFile, agent: Agent) -> _Book:
    heard = voices(file, agent, FIELD)

    def index(records: Iterable[Record]) -> PatternIndex[UsageRule]:
        return PatternIndex([_rule(file, record) for record in records], lambda r: (r.pattern.length, False))

    return _Book(
        letter=index(heard.letter),
        named=heard.named,
        own=index(heard.own),
        everybody=index(heard.everybody),
        aliases=index(heard.aliases),
        bots=tuple((bots, index(records)) for bots, records in heard.bots),
        by_path=any(r.value.startswith("/") for r in file.records if r.key == FIELD),
        notes=_notes(file, heard),
    )


def _rule(file: RobotsFile, record: Record) -> UsageRule:
    pattern, preference = _EVERYWHERE, record.value
    if preference.startswith("/"):
        path, _, preference = preference.replace("\t", " ").partition(" ")
        pattern, preference = plain_pattern(path), preference.strip(" ")
    place = Said(
        preference=Preference.UNSTATED,
        code="aipref.robots",
        locator=Locator(evidence=file.sha256, line=record.line, quote=quoted(record.text)),
        carrier="file",
        scope=quoted(pattern.text) or "this origin",
    )
    return UsageRule(pattern=pattern, usage=read_usage(preference), said=place)


def _notes(file: RobotsFile, heard: Voices) -> tuple[Note, ...]:
    found: dict[NoteKind, Note] = {}
    for record in (*heard.own, *heard.everybody):
        rule = _rule(file, record)
        kinds = (*_kinds(rule.usage), *((OUTSIDE,) if record in heard.outside else ()))
        for kind in kinds:
            found.setdefault(kind, Note(kind=kind, locator=rule.said.locator))
    return tuple(found.values())


def _length(rule: UsageRule) -> int:
    return rule.pattern.length


PROTOCOL = Protocol(
    name=NAME,
    title="IETF AI Preferences",
    spec_url="https://datatracker.ietf.org/doc/html/draft-ietf-aipref-attach-05#section-3",
    spec_version="draft-ietf-aipref-vocab-08, draft-ietf-aipref-attach-05",
    kinds=(ROBOTS_TXT, RESPONSE, HTML_SIGNALS),
    parse=parse,
    meta_names=frozenset({FIELD}),
    codes=("aipref.robots", "aipref.header", "aipref.legacy", "aipref.malformed", "robots.other_ai_bots"),
    notes=(MALFORMED, LEGACY, REPEATED, EXCEPTED, META, SEVERAL_LINES, OUTSIDE, INHERITED, OWN_GROUP),
)
