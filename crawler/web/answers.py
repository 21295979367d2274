"""The first sentences: what happened to a site or a page, in words, dated. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from crawler.store.queries.decisions import DecisionRow
from crawler.web.because import because, listed, place
from crawler.web.domain_view import DomainView
from crawler.web.hostile import hostile
from crawler.web.language import Language
from crawler.words import in_words


def domain_answer(view: DomainView, bot: str, speech: Language) -> Markup:
    """The answer for a site: subject, number, dates, reason."""
    name = hostile(view.answer.subject, 200)
    if not view.counts:
        return _nothing(view, bot, name, speech)
    if view.is_listed and view.example:
        return speech.say(
            "%(bot)s has <strong>not visited</strong> %(domain)s: %(why)s.",
            bot=bot, domain=name, why=listed(speech, view.example.reasons[0]),
        )  # fmt: skip
    return Markup(" ").join((_listed_pages(view, bot, name, speech), *_what_became(view, speech)))


def _nothing(view: DomainView, bot: str, name: Markup, speech: Language) -> Markup:
    answer = view.answer
    if answer.recorded_from is None or answer.recorded_until is None:
        return speech.say(
            "<strong>No.</strong> %(bot)s has not crawled yet, and holds nothing from %(domain)s.",
            bot=bot, domain=name,
        )  # fmt: skip
    if view.file_requests:
        return speech.say(
            "<strong>No.</strong> %(bot)s has asked %(domain)s for robots.txt and other rights files only, "
            "and holds no page of it. The register covers every request from %(from)s to %(to)s.",
            bot=bot, domain=name, **_period(view, speech),
        )  # fmt: skip
    return speech.say(
        "<strong>No.</strong> %(bot)s has sent no request to %(domain)s and holds nothing from it. "
        "The register covers every request from %(from)s to %(to)s.",
        bot=bot, domain=name, **_period(view, speech),
    )  # fmt: skip


def _period(view: DomainView, speech: Language) -> dict[str, Markup]:
    begun, until = view.answer.recorded_from, view.answer.recorded_until
    assert begun is not None
    assert until is not None
    if begun.date() == until.date():
        return {"from": speech.minute(begun), "to": speech.minute(until)}
    return {"from": speech.day(begun), "to": speech.day(until)}


def _listed_pages(view: DomainView, bot: str, name: Markup, speech: Language) -> Markup:
    first, last = view.answer.first, view.answer.last
    assert first is not None
    assert last is not None
    values = {"bot": bot, "domain": name}
    if first.date() == last.date():
        return speech.count(
            view.pages(),
            "%(bot)s had one page of %(domain)s on its list on %(day)s.",
            "%(bot)s had %(n)s pages of %(domain)s on its list on %(day)s.",
            day=speech.day(first), **values,
        )  # fmt: skip
    return speech.count(
        view.pages(),
        "%(bot)s had one page of %(domain)s on its list between %(from)s and %(to)s.",
        "%(bot)s had %(n)s pages of %(domain)s on its list between %(from)s and %(to)s.",
        **values, **{"from": speech.day(first), "to": speech.day(last)},
    )  # fmt: skip


def _what_became(view: DomainView, speech: Language) -> Iterator[Markup]:
    left = view.pages("exclude")
    if left and view.main and view.example:
        yield _left_out(view, left, view.main.pages, view.example, speech)
    elif view.pages("keep"):
        yield speech.count(
            view.pages("keep"),
            "It <strong>took it</strong>: nothing we look for reserved it at that moment.",
            "It <strong>took %(n)s</strong>: nothing we look for reserved them at that moment.",
        )
    elif view.main and view.example:
        yield could_not_tell(view.example, view, speech)


def _left_out(view: DomainView, left: int, by_main: int, row: DecisionRow, speech: Language) -> Markup:
    clause = _clause(view, row, speech)
    # What was not looked through may have come out otherwise.
    shape = _shape(view.pages() + view.bounded, left, by_main)
    return speech.say(
        _LEFT_OUT[shape][0 if clause is not None else 1],
        n=speech.number(left),
        m=speech.number(view.number(by_main)),
        why=speech.say(in_words(row.reasons[0].code)) if clause is None else clause,
    )


_LEFT_OUT = {
    "only": (
        "It <strong>left it out</strong>, because %(why)s.",
        "It <strong>left it out</strong>: %(why)s.",
    ),
    "all": (
        "It <strong>left out all of them</strong>, because %(why)s.",
        "It <strong>left out all of them</strong>: %(why)s.",
    ),
    "some": (
        "It <strong>left out %(n)s</strong>, because %(why)s.",
        "It <strong>left out %(n)s</strong>: %(why)s.",
    ),
    "mixed": (
        "It <strong>left out %(n)s</strong>, %(m)s of them because %(why)s.",
        "It <strong>left out %(n)s</strong>, %(m)s of them for this reason: %(why)s.",
    ),
}
"""Sentences with a clause, and with words that are none."""


def _shape(pages: int, left: int, by_main: int) -> str:
    if pages == 1:
        return "only"
    if by_main < left:
        return "mixed"
    return "all" if left == pages else "some"


def _clause(view: DomainView, row: DecisionRow, speech: Language) -> Markup | None:
    reason = row.reasons[0]
    kind = view.shown.observation.kind if view.shown else None
    if view.lines_of(reason.code) < 2 or kind is None or not reason.quote:
        return because(speech, reason, kind, view.since)
    return speech.say(
        "%(place)s and others like it close them: “%(quote)s”"
        if reason.use is None
        else "%(place)s and others like it reserve them: “%(quote)s”",
        place=place(speech, kind, reason.line),
        quote=hostile(reason.quote.strip(), 120),
    )


def could_not_tell(row: DecisionRow, view: DomainView | None, speech: Language) -> Markup:
    """Sentence 6: unknown for now, so nothing is taken."""
    why = because(speech, row.reasons[0], "") if row.reasons else None
    if why is not None:
        return speech.say(
            "We <strong>could not tell</strong> yet, because %(why)s. Until we can, we take nothing.", why=why
        )
    return speech.say(
        "We <strong>could not tell</strong> yet: %(why)s. Until we can, we take nothing.",
        why=speech.say(in_words(row.reason)),
    )


def domain_more(view: DomainView, speech: Language) -> Iterator[Markup]:
    """What the first sentence leaves open: the other pages, and what is held today."""
    if view.answer.removals:
        last = view.answer.removals[0]
        yield speech.count(
            len(view.answer.removals),
            "Once something was removed from this register, on %(day)s: %(why)s.",
            "%(n)s times something was removed from this register, last on %(day)s: %(why)s.",
            day=speech.day(last.removed_at),
            why=hostile(last.reason.rstrip("."), 600),
        )
    if not view.counts:
        return
    kept, waiting = view.pages("keep"), view.pages("defer")
    if view.pages("exclude") and kept:
        yield speech.count(
            kept,
            "The other one was taken; nothing we look for reserved it at that moment."
            if not waiting
            else "One was taken; nothing we look for reserved it at that moment.",
            "The other %(n)s were taken; nothing we look for reserved them at that moment."
            if not waiting
            else "%(n)s were taken; nothing we look for reserved them at that moment.",
        )
    if waiting and (kept or view.pages("exclude")):
        yield speech.count(
            waiting,
            "About one we could not tell yet, and take nothing until we can.",
            "About %(n)s we could not tell yet, and take nothing until we can.",
        )
    if view.taken_once:
        yield speech.count(
            view.taken_once,
            "One page that had been taken is no longer in the data.",
            "%(n)s pages that had been taken are no longer in the data.",
        )
    name = hostile(view.answer.subject, 200)
    if view.answer.documents:
        yield speech.count(
            view.answer.documents,
            "One page of %(domain)s is in our training data today.",
            "%(n)s pages of %(domain)s are in our training data today.",
            domain=name,
        )
    else:
        yield speech.say("Nothing of %(domain)s is in our training data today.", domain=name)


def domain_title(view: DomainView, speech: Language) -> str:
    """What stands in the browser's tab."""
    name = view.answer.subject[:100]
    if not view.counts:
        return str(speech.say("%(domain)s: nothing recorded", domain=name))
    return str(
        speech.say(
            "%(domain)s: %(k)s of %(n)s pages left out",
            domain=name,
            k=speech.number(view.pages("exclude")),
            n=speech.number(view.pages()),
        )
    )
