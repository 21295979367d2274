"""What a check found, for the owner of the site: mistakes first, then what works, then use by use. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from crawler.examine import Examination
from crawler.web.because import USES, because, listed, place
from crawler.web.domain_view import is_public
from crawler.web.evidence_view import Excerpt, excerpt
from crawler.web.hostile import hostile
from crawler.web.language import Language
from crawler.which import piece_of
from crawler.words import in_words
from reservations.model import (
    RESPONSE,
    Evidence,
    Level,
    Locator,
    Note,
    Preference,
    Profile,
    Statement,
    Use,
    Verdict,
)
from reservations.policy import reserved_uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a site owner should know, with the line it stands on."""

    mark: str
    word: Markup
    title: str
    text: Markup | str
    language: str
    """Of title and text: notes are written in English."""
    code: str
    source: Markup
    excerpt: Excerpt | None
    quote: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRow:
    """What is said about one use."""

    use: Use
    preference: Preference
    said_by: tuple[Markup, ...]
    follows: bool
    """Whether it follows from another use rather than being said itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """A check as its page shows it."""

    mistakes: tuple[Finding, ...]
    remarks: tuple[Finding, ...]
    statements: tuple[Finding, ...]
    uses: tuple[UseRow, ...]
    asked: tuple[Evidence, ...]


def findings(examined: Examination, profile: Profile, speech: Language) -> Findings:
    """Everything worth telling."""
    files = examined.decision.evidence
    notes = [_note(n, files, speech, number) for number, n in enumerate(_sorted(examined.decision.notes), 1)]
    return Findings(
        mistakes=tuple(f for f in notes if f.mark == "bad"),
        remarks=tuple(f for f in notes if f.mark != "bad"),
        statements=tuple(_statements(examined, files, profile, speech)),
        uses=tuple(_uses(examined, files, profile, speech)),
        asked=examined.decision.evidence,
    )


def _sorted(notes: tuple[Note, ...]) -> list[Note]:
    rank = {Level.BAD: 0, Level.WARN: 1, Level.INFO: 2}
    return sorted(notes, key=lambda n: rank[n.kind.level])


def _note(note: Note, files: tuple[Evidence, ...], speech: Language, number: int) -> Finding:
    bad = note.kind.level is not Level.INFO
    return Finding(
        mark="bad" if bad else "none",
        word=speech.say("To correct %(n)s", n=number) if bad else speech.say("To know"),
        title=note.kind.summary,
        text=note.kind.text,
        language="en",
        code=note.kind.code,
        source=_source(note.locator, note.kind.code, files, speech),
        excerpt=_excerpt(note.locator, note.kind.code, files, speech.say("This is the line.")),
        quote=hostile(note.locator.quote, 600),
    )


def _statements(
    examined: Examination, files: tuple[Evidence, ...], profile: Profile, speech: Language
) -> Iterator[Finding]:
    groups: dict[tuple[str, str, int | None, str], list[Statement]] = {}
    for said in examined.reading.statements:
        if said.preference is Preference.RESERVED and profile in said.under:
            place_of = said.locator
            groups.setdefault((said.code, place_of.evidence, place_of.line, place_of.quote), []).append(said)
    for group in groups.values():
        yield _statement(group, files, speech)


def _statement(group: list[Statement], files: tuple[Evidence, ...], speech: Language) -> Finding:
    first = group[0]
    if first.inferred_from is not None:
        meaning = speech.say(
            "Speaks to %(bot)s, the crawler of %(operator)s. "
            "We take it as a sign that ours is not wanted either.",
            bot=hostile(first.inferred_from.token),
            operator=hostile(first.inferred_from.operator),
        )
    elif first.use is None:
        meaning = speech.say("Closes this address to us, for every use. The page is not asked for.")
    else:
        named = [use for use in Use if any(s.use is use for s in group)]
        meaning = speech.say(
            "Reserves: %(uses)s.", uses=Markup(", ").join(speech.say(USES[u]) for u in named)
        )
    return Finding(
        mark="ok",
        word=speech.say("We take it as a no") if _is_doubtful(first) else speech.say("Works"),
        title=speech.say(in_words(first.code)),
        text=meaning,
        language=speech.code,
        code=first.code,
        source=_source(first.locator, first.code, files, speech),
        excerpt=_excerpt(first.locator, first.code, files, speech.say("This line says it.")),
        quote=hostile(first.locator.quote, 600),
    )


def _is_doubtful(said: Statement) -> bool:
    return said.inferred_from is not None or Profile.LETTER not in said.under


def _uses(
    examined: Examination, files: tuple[Evidence, ...], profile: Profile, speech: Language
) -> Iterator[UseRow]:
    said = [s for s in examined.reading.statements if profile in s.under and not s.advisory]
    reserved = [s for s in said if s.preference is Preference.RESERVED]
    for use in Use:
        direct = [s for s in reserved if s.use in (use, None)]
        implied = [s for s in reserved if s.use is not None and s.use != use and use in reserved_uses(s.use)]
        sources = tuple(dict.fromkeys(_from(s, files, speech) for s in (direct or implied)))
        yield UseRow(
            use=use,
            preference=Preference.RESERVED if sources else Preference.UNSTATED,
            said_by=sources,
            follows=not direct and bool(implied),
        )


def _from(said: Statement, files: tuple[Evidence, ...], speech: Language) -> Markup:
    item = piece_of(files, said.locator.evidence, said.code)
    return place(speech, item.kind if item else None, said.locator.line)


def _source(locator: Locator, code: str, files: tuple[Evidence, ...], speech: Language) -> Markup:
    item = piece_of(files, locator.evidence, code)
    return Markup() if item is None else place(speech, item.kind, locator.line)


def _excerpt(locator: Locator, code: str, files: tuple[Evidence, ...], words: Markup) -> Excerpt | None:
    item = piece_of(files, locator.evidence, code)
    # What was taken out of a page is kept as JSON; its quote reads better than a line of that.
    if item is None or locator.line is None or not (is_public(item.kind) or item.kind == RESPONSE):
        return None
    return excerpt(item.content, {locator.line: words}, context=2)


def check_answer(examined: Examination, bot: str, speech: Language) -> Markup:
    """Sentence 7: what would happen today."""
    decided = examined.decision
    if decided.verdict is Verdict.KEEP:
        return speech.say(
            "If it came today, %(bot)s would <strong>take</strong> this page: no reservation found.", bot=bot
        )
    reason = decided.reasons[0]
    if reason.protocol == "blocklist":
        return speech.say(
            "%(bot)s would <strong>not visit</strong> this page: its site is %(why)s.",
            bot=bot,
            why=listed(speech, reason),
        )
    item = piece_of(decided.evidence, reason.evidence, reason.code)
    clause = because(speech, reason, item.kind if item else None)
    why = clause if clause is not None else speech.say(in_words(reason.code))
    if decided.verdict is Verdict.DEFER:
        text = "If it came today, %(bot)s <strong>could not tell</strong>, and would take nothing: %(why)s."
    elif clause is None:
        text = "If it came today, %(bot)s would <strong>leave out</strong> this page: %(why)s."
    else:
        text = "If it came today, %(bot)s would <strong>leave out</strong> this page, because %(why)s."
    return speech.say(text, bot=bot, why=why)
