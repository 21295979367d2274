"""robots.txt: whether a URL may be requested, and what other AI bots' groups say about training.

Spec: RFC 9309, https://www.rfc-editor.org/rfc/rfc9309. A denial counts as reserved for every use and
for the request itself; an `Allow` says nothing about use. Our own matcher decides; Protego reads the
selected rules a second time, and the stricter of the two wins.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from protego import Protego

from reservations.facts import Facts
from reservations.model import (
    ALWAYS,
    FAIL_CLOSED,
    ROBOTS_TXT,
    STRICT_ONLY,
    Agent,
    Evidence,
    Locator,
    Note,
    Preference,
    Profile,
    Reading,
    Statement,
    Unknown,
    Use,
    quoted,
)
from reservations.protocol import Protocol
from reservations.readers.robots_answer import ODD_STATUS, REFUSALS, SOFT_404, Answer, Ending, answer_of
from reservations.readers.robots_groups import BotGroups, telling
from reservations.readers.robots_notes import (
    NOTE_OF,
    NOTE_OF_ENDING,
    REDIRECTS,
    REFUSED,
    ROBOTS_NOTES,
    SECOND_READER,
    SOFT_404_NOTE,
    STATUS,
    TOO_LARGE,
)
from reservations.readers.robots_rulebook import Rulebook, rulebook
from reservations.readers.robots_rules import Rule, RuleSet, Target, target_of
from reservations.readers.robots_txt import RobotsFile

NAME = "robots"
SECOND_OPINION = 1000
"""Rules of a group that Protego is asked about too; it is slow on larger ones, and they are rare."""

_LETTER_REDIRECTS = 5
_BREAKING = dict.fromkeys(map(ord, "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "%00")


def parse(facts: Facts) -> Reading:
    """Read the origin's robots.txt, or how asking for it ended, for one URL."""
    evidence = facts.location(ROBOTS_TXT)
    if evidence is None or _is_robots_txt(facts.url):
        return Reading()
    file = facts.robots
    answer = answer_of(evidence, file)
    if answer.ending is not Ending.RULES or file is None:
        return _unread(answer, evidence)
    return _rules(file, facts.url, facts.agent, evidence)


def _is_robots_txt(url: str) -> bool:
    """The file itself is always allowed (RFC 9309 section 2.2.2)."""
    return "/robots.txt" in url and urlsplit(url).path == "/robots.txt"


def _unread(answer: Answer, evidence: Evidence) -> Reading:
    """How asking for the file ended, where no rules came of it (RFC 9309 section 2.3.1)."""
    place = _whole(evidence)
    if answer.ending is Ending.DENIED:
        note = Note(kind=NOTE_OF_ENDING.get(answer.code, REFUSED), locator=place)
        return Reading(statements=(_shut(evidence, answer.code, answer.under),), notes=(note,))
    if answer.ending is Ending.UNKNOWN:
        why = evidence.why or (f"status {evidence.status}" if evidence.status else "no answer")
        unknown = Unknown(protocol=NAME, code=answer.code, locator=place, why=why, under=answer.under)
        return Reading(unknowns=(unknown,), notes=(Note(kind=NOTE_OF_ENDING[answer.code], locator=place),))
    kinds = {SOFT_404.code: SOFT_404_NOTE, ODD_STATUS.code: STATUS}
    kind = kinds.get(answer.code)
    return Reading(notes=(Note(kind=kind, locator=place),) if kind else ())


def _shut(evidence: Evidence, code: str, under: frozenset[Profile]) -> Statement:
    return Statement(
        protocol=NAME,
        code=code,
        use=None,
        preference=Preference.RESERVED,
        locator=_whole(evidence),
        under=under,
        decided_by="file",
        scope="this origin",
    )


def _whole(evidence: Evidence) -> Locator:
    return Locator(evidence=evidence.sha256)


# ---- what the file says


def _rules(file: RobotsFile, url: str, agent: Agent, evidence: Evidence) -> Reading:
    book, target = rulebook(file, agent), target_of(url)
    statements, notes = _denial(file, book, target, url), _notes(file)
    if file.truncated:
        statements += (_shut(evidence, "robots.too_large", FAIL_CLOSED),)
        notes += (Note(kind=TOO_LARGE, locator=_whole(evidence)),)
    if len(evidence.redirects) > _LETTER_REDIRECTS:
        notes += (Note(kind=REDIRECTS, locator=_whole(evidence)),)
    if not statements:
        statements, differing = _second_opinion(file, book.lenient, url)
        notes += differing
    if not statements:
        statements = _caution(file, book, target)
    return Reading(statements=statements, notes=notes)


def _denial(file: RobotsFile, book: Rulebook, target: Target, url: str) -> tuple[Statement, ...]:
    """The denial that binds under most profiles; there is no need for a second one."""
    rule = book.letter.winner(target)
    if rule is not None and not rule.allow:
        return (_disallowed(file.sha256, rule, ALWAYS),)
    sets = book.aliases if book.lenient is book.letter else (book.lenient, *book.aliases)
    for rules in sets:
        rule = rules.winner(target)
        if rule is not None and not rule.allow:
            return (_disallowed(file.sha256, rule, FAIL_CLOSED),)
    return ()


def _caution(file: RobotsFile, book: Rulebook, target: Target) -> tuple[Statement, ...]:
    """Where we may fetch: what is said to nobody, to training in general, and to other bots."""
    found: tuple[Statement, ...] = ()
    rule = book.outside.winner(target)
    if rule is not None and not rule.allow:
        found += (_disallowed(file.sha256, rule, STRICT_ONLY),)
    rule = book.training.winner(target)
    if rule is not None:
        found += (_disallowed(file.sha256, rule, FAIL_CLOSED, Use.AI_TRAIN),)
    return found + _inferred(file.sha256, book.inferred(target))


@lru_cache(maxsize=8192)
def _disallowed(digest: str, rule: Rule, under: frozenset[Profile], use: Use | None = None) -> Statement:
    return Statement(
        protocol=NAME,
        code="robots.disallow",
        use=use,
        preference=Preference.RESERVED,
        locator=_line(digest, rule),
        under=under,
        decided_by="file",
        scope=quoted(rule.record.value),
    )


@lru_cache(maxsize=8192)
def _inferred(digest: str, denied: tuple[tuple[Rule, BotGroups], ...]) -> tuple[Statement, ...]:
    """One statement a bot, at most MAX_INFERRED, the most telling first."""
    rule_of = {bot: rule for rule, named in denied for bot in named.bots}
    return tuple(
        Statement(
            protocol=NAME,
            code="robots.other_ai_bots",
            use=Use.AI_TRAIN,
            preference=Preference.RESERVED,
            locator=_line(digest, rule_of[bot]),
            under=FAIL_CLOSED,
            decided_by="file",
            inferred_from=bot,
            scope=quoted(rule_of[bot].record.value),
        )
        for bot in telling(rule_of)
    )


def _line(digest: str, rule: Rule) -> Locator:
    return Locator(evidence=digest, line=rule.record.line, quote=quoted(rule.record.text))


@lru_cache(maxsize=1024)
def _notes(file: RobotsFile) -> tuple[Note, ...]:
    return tuple(
        Note(
            kind=NOTE_OF[odd.kind],
            locator=Locator(evidence=file.sha256, line=odd.line, quote=quoted(odd.text)),
        )
        for odd in file.oddities
    )


# ---- Protego, asked where our own matcher allows


def _second_opinion(
    file: RobotsFile, rules: RuleSet, url: str
) -> tuple[tuple[Statement, ...], tuple[Note, ...]]:
    parser = _protego(rules)
    if parser is None or _allows(parser, url):
        return (), ()
    denying = (r for r in rules.rules if not r.allow and not _allows(_parser_of((r,)), url))
    rule = next(denying, rules.rules[0])
    note = Note(kind=SECOND_READER, locator=_line(file.sha256, rule))
    return (_disallowed(file.sha256, rule, FAIL_CLOSED),), (note,)


@lru_cache(maxsize=2048)
def _protego(rules: RuleSet) -> Protego | None:
    if not rules.rules or len(rules.rules) > SECOND_OPINION:
        return None
    return _parser_of(rules.rules)


def _parser_of(rules: tuple[Rule, ...]) -> Protego:
    """Protego over one `*` group: it never sees agents, or the characters it wrongly ends lines at."""
    return Protego.parse("User-agent: *\n" + "".join(_as_line(r) for r in rules if not r.host))


def _as_line(rule: Rule) -> str:
    text = rule.pattern.text.translate(_BREAKING)
    return f"{'Allow' if rule.allow else 'Disallow'}: {text}\n"


def _allows(parser: Protego, url: str) -> bool:
    try:
        return parser.can_fetch(url, "*")
    except ValueError:  # lone surrogates in a URL: UnicodeEncodeError; ours has answered already
        return True


PROTOCOL = Protocol(
    name=NAME,
    title="Robots Exclusion Protocol",
    spec_url="https://www.rfc-editor.org/rfc/rfc9309#section-2.2",
    spec_version="RFC 9309 (September 2022)",
    kinds=(ROBOTS_TXT,),
    parse=parse,
    codes=(
        "robots.disallow",
        "robots.unreachable",
        "robots.unparsable",
        "robots.too_large",
        "robots.redirect_loop",
        "robots.other_ai_bots",
        *REFUSALS.values(),
    ),
    notes=ROBOTS_NOTES,
)
