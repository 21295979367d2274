"""One reading of robots.txt for every protocol: numbered lines, groups, records, comments.

Spec: RFC 9309 section 2.2, https://www.rfc-editor.org/rfc/rfc9309#section-2.2. A group is a run of
`User-agent` lines and what follows them; only `Allow` and `Disallow` close the run, other records
never split or end a group (section 2.2.4), which Protego and many others get wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reservations.ai_tokens import is_slip
from reservations.model import ALWAYS
from reservations.readers.robots_agents import is_plain, is_product_token, names
from reservations.readers.robots_lines import (
    ALLOW,
    DISALLOW,
    MAX_BYTES,
    MAX_LINES,
    MIN_TEXT,
    STATEMENT_KEYS,
    USER_AGENT,
    Line,
    OddityKind,
    Record,
    decode_lines,
    is_joined,
    orphan_agent,
    read_fields,
)

_RULES = frozenset({ALLOW, DISALLOW})
_TELLING_KEYS = frozenset({USER_AGENT, "sitemap", "license", "content-signal", "content-usage"})
_SITEMAP_KEYS = frozenset({"sitemap", "sitemaps", "site-map"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Agents and the records that are theirs, known keys and unknown."""

    agents: tuple[Record, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grouping:
    """One way of cutting the records into groups. Compared by identity, so that it keys caches."""

    groups: tuple[Group, ...]
    outside: tuple[Record, ...]
    """Records before the first `User-agent` line."""
    by_name: Mapping[str, tuple[Group, ...]]
    """Groups by the agents they name, in lower case and file order."""
    globs: tuple[tuple[str, Group], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """The first line where something unusual of a kind was found."""

    kind: OddityKind
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RobotsFile:
    """A robots.txt. Compared by identity: the same bytes are read once and cached by the caller."""

    sha256: str
    """Digest of the bytes read, as `Evidence.sha256` gives it."""
    records: tuple[Record, ...]
    letter: Grouping
    """Groups by the letter of RFC 9309."""
    lenient: Grouping
    """Groups as the fail-closed profiles read them; `letter` itself where nothing differs."""
    stated: Grouping
    """Groups by the letter for statements about use: such a line closes a run of agents, as a rule
    does for rules (draft-ietf-aipref-attach-05 section 3 makes Content-Usage a rule of the group).
    So a `*` with nothing but a signal does not share it with the agent of the next group."""
    lenient_stated: Grouping
    """The same, as the fail-closed profiles read it."""
    keys: frozenset[str]
    """Field names that occur, in lower case."""
    comments: tuple[Line, ...]
    malformed: tuple[Line, ...]
    """Lines with something on them that is no field."""
    oddities: tuple[Oddity, ...]
    truncated: bool
    """Whether more was served than is read (MAX_BYTES, MAX_LINES)."""

    @property
    def recognised(self) -> bool:
        """Whether any line means something in a robots.txt and would not in a web page."""
        return not self.keys.isdisjoint(_TELLING_KEYS)


def read_robots_txt(body: bytes) -> RobotsFile:
    """Read any bytes as robots.txt; never raises, and takes linear time."""
    decoded = decode_lines(body[:MAX_BYTES])
    records: list[Record] = []
    comments: list[Line] = []
    malformed: list[Line] = []
    used = length = 0
    cut = len(body) > MAX_BYTES
    for number, text in enumerate(decoded.lines, start=1):
        if not text:
            continue
        if used >= MAX_LINES and length >= MIN_TEXT:
            cut = True
            break
        used, length = used + 1, length + len(text) + 1
        latin = decoded.latin.get(number)
        found = read_fields(number, text, latin)
        if records and _is_empty_agent(records[-1]):
            found = orphan_agent(number, text) + found
        records += found
        content, mark, comment = (latin or text).partition("#")
        if mark:
            comments.append(Line(line=number, text=comment.strip()))
        if not found and content.strip():
            malformed.append(Line(line=number, text=latin or text))
    keys = frozenset(r.key for r in records)
    letter, lenient = _groupings(records, _RULES)
    telling = not keys.isdisjoint(STATEMENT_KEYS)
    stated, lenient_stated = _groupings(records, _RULES | STATEMENT_KEYS) if telling else (letter, lenient)
    return RobotsFile(
        sha256=hashlib.sha256(body).hexdigest(),
        records=tuple(records),
        letter=letter,
        lenient=lenient,
        stated=stated,
        lenient_stated=lenient_stated,
        keys=keys,
        comments=tuple(comments),
        malformed=tuple(malformed),
        oddities=_oddities(records, decoded.lines, odd=decoded.odd),
        truncated=cut,
    )


def _is_empty_agent(record: Record) -> bool:
    return record.key == USER_AGENT and not record.value


def sitemaps(file: RobotsFile) -> tuple[str, ...]:
    """Addresses of sitemaps, wherever in the file they stand, each once."""
    found = (r.value for r in file.records if r.key in _SITEMAP_KEYS)
    return tuple(dict.fromkeys(v for v in found if v.lower().startswith(("http://", "https://"))))


def _groupings(records: list[Record], closing: frozenset[str]) -> tuple[Grouping, Grouping]:
    letter = _group([r for r in records if r.under is ALWAYS], closing, lenient=False)
    same = all(r.under is ALWAYS and (r.key != USER_AGENT or is_plain(r.value)) for r in records)
    return letter, letter if same else _group(records, closing, lenient=True)


def _group(records: Iterable[Record], closing: frozenset[str], *, lenient: bool) -> Grouping:
    groups: list[Group] = []
    outside: list[Record] = []
    agents: list[Record] = []
    rest: list[Record] = []
    closed = False
    for record in records:
        if record.key == USER_AGENT:
            if closed:
                groups.append(Group(agents=tuple(agents), records=tuple(rest)))
                agents, rest, closed = [], [], False
            agents.append(record)
        elif agents:
            rest.append(record)
            closed = closed or record.key in closing
        else:
            outside.append(record)
    if agents:
        groups.append(Group(agents=tuple(agents), records=tuple(rest)))
    return _indexed(tuple(groups), tuple(outside), lenient=lenient)


def _indexed(groups: tuple[Group, ...], outside: tuple[Record, ...], *, lenient: bool) -> Grouping:
    by_name: dict[str, dict[Group, None]] = {}
    globs: list[tuple[str, Group]] = []
    for group in groups:
        for agent in group.agents:
            if not lenient:
                by_name.setdefault(agent.value.lower(), {})[group] = None
                continue
            said = names(agent.value)
            globs += [(glob, group) for glob in said.globs]
            for word in said.words:
                by_name.setdefault(word, {})[group] = None
    index = {name: tuple(found) for name, found in by_name.items()}
    return Grouping(groups=groups, outside=outside, by_name=MappingProxyType(index), globs=tuple(globs))


def _oddities(records: list[Record], lines: tuple[str, ...], *, odd: bool) -> tuple[Oddity, ...]:
    first: dict[OddityKind, Record] = {}
    before: Record | None = None
    for record in records:
        kind = _oddity_of(record, before if before and before.line == record.line else None)
        if kind is not None:
            first.setdefault(kind, record)
        before = record
    for kind, found in _misplaced(records):
        first.setdefault(kind, found)
    oddities = [Oddity(kind=kind, line=r.line, text=r.text) for kind, r in first.items()]
    if odd:
        oddities.append(Oddity(kind=OddityKind.ENCODING, line=1, text=lines[0]))
    return tuple(oddities)


def _misplaced(records: Iterable[Record]) -> Iterator[tuple[OddityKind, Record]]:
    """Rules before any agent, and other records standing between two agent lines."""
    in_run, grouped = False, False
    between: Record | None = None
    for record in records:
        if record.key == USER_AGENT:
            if between:
                yield OddityKind.BETWEEN_AGENTS, between
            in_run, grouped, between = True, True, None
        elif record.key in _RULES:
            if not grouped:
                yield OddityKind.OUTSIDE, record
            in_run, between = False, None
        elif in_run:
            between = between or record


def _oddity_of(record: Record, same_line: Record | None) -> OddityKind | None:
    if record.under is not ALWAYS:
        if is_joined(record.text):
            return OddityKind.JOINED
        if same_line is None or same_line.key != record.key:
            return OddityKind.FIELD
        return OddityKind.AGENT if record.key == USER_AGENT else OddityKind.PATTERN
    if record.key == USER_AGENT:
        if not is_product_token(record.value):
            return OddityKind.AGENT
        return OddityKind.NOBODY if is_slip(record.value) else None
    if record.key == DISALLOW and record.value and (record.value[0] not in "/*" or record.value[-1] in ";,"):
        return OddityKind.PATTERN
    return OddityKind.NOINDEX if record.key == "noindex" else None
