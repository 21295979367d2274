"""The chronology of a site: only what changed something, oldest first. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from crawler.web.because import place
from crawler.web.charts import Lane, lanes_chart
from crawler.web.domain_view import DomainView, Seen
from crawler.web.hostile import hostile, plain
from crawler.web.language import Language

MAX_EVENTS = 60
MIN_SPAN = timedelta(days=2)
"""Below it a drawing would say no more than the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that changed."""

    when: datetime
    words: Markup
    mark: str = ""
    mark_word: Markup = Markup()  # noqa: RUF009 - immutable, and empty
    more: Markup = Markup()  # noqa: RUF009


def timeline(view: DomainView, speech: Language) -> tuple[Event, ...]:
    """What happened, oldest first; the newest ones where there is too much."""
    events = sorted((*_visits(view, speech), *_reservations(view.seen, speech)), key=lambda e: e.when)
    return tuple(events[-MAX_EVENTS:])


def _visits(view: DomainView, speech: Language) -> Iterator[Event]:
    if view.answer.first is not None and (view.requests or view.file_requests):
        begun = min((view.answer.first, *(f.first_seen for f in view.files)))
        yield Event(when=begun, words=speech.say("First look at this site."))
    if view.taking.first is not None:
        yield Event(
            when=view.taking.first,
            words=speech.say("Nothing we look for reserved these pages when they were fetched."),
            mark="taken",
            mark_word=speech.say("Taken"),
            more=speech.count(view.taking.pages, "one page", "%(n)s pages"),
        )
    if view.taking.withdrawn is not None:
        yield Event(
            when=view.taking.withdrawn,
            words=speech.say("What had been taken was taken out of the data."),
            mark="withdrawn",
            mark_word=speech.say("Withdrawn"),
            more=speech.count(view.taken_once, "one page", "%(n)s pages"),
        )
    for count in view.counts:
        if count.verdict == "exclude" and count.reason.startswith("blocklist."):
            yield Event(
                when=count.first,
                words=speech.say("The site is named on a list; nothing was asked of its server."),
                mark="out",
                mark_word=speech.say("Not visited"),
            )


def _reservations(seen: tuple[Seen, ...], speech: Language) -> Iterator[Event]:
    groups: dict[tuple[object, ...], list[Seen]] = {}
    for item in seen:
        row = item.row
        key = (row.origin, row.kind, row.first_seen.replace(second=0, microsecond=0), row.ended_at)
        groups.setdefault(key, []).append(item)
    for group in groups.values():
        row = group[0].row
        codes = dict.fromkeys(hostile(g.row.code, 100) for g in group)
        yield Event(
            when=row.first_seen,
            words=_capital(_appeared(group, speech)),
            mark="out",
            mark_word=speech.say("Reserved"),
            more=Markup(", ").join(Markup("<code>%s</code>") % code for code in codes),
        )
        if row.ended_at is not None:
            where = place(speech, row.kind, row.line if len(group) == 1 else None)
            yield Event(
                when=row.ended_at, words=_capital(speech.say("%(place)s no longer says so.", place=where))
            )


def _appeared(group: list[Seen], speech: Language) -> Markup:
    row = group[0].row
    if len(group) > 1:
        where = place(speech, row.kind, None)
        return speech.say(
            "%(place)s reserves in %(n)s places, the first of them “%(quote)s”. Seen for the first time.",
            place=where, n=speech.number(len(group)), quote=hostile(row.quote.strip(), 160),
        )  # fmt: skip
    where = place(speech, row.kind, row.line)
    if not row.quote:
        return speech.say("%(place)s reserves. Seen for the first time.", place=where)
    return speech.say(
        "%(place)s says “%(quote)s”. Seen for the first time.",
        place=where, quote=hostile(row.quote.strip(), 160),
    )  # fmt: skip


def _capital(words: Markup) -> Markup:
    first = words.split(" ", 1)[0]
    return words if "." in first else words[:1].upper() + words[1:]  # `robots.txt` stays as it is


def lanes(view: DomainView, speech: Language) -> Markup | None:
    """Periods of reservations and taking as a drawing; None where a list says as much."""
    first, last = view.answer.first, view.answer.recorded_until
    if first is None or last is None or last - first < MIN_SPAN or not view.seen:
        return None
    rows = [
        Lane(
            label=plain(f"{place(speech, s.row.kind, s.row.line)} · {s.row.code}", 80),
            tone="out",
            start=s.row.first_seen,
            end=s.row.ended_at or last,
        )
        for s in view.seen[:6]
    ]
    if view.taking.first and view.taking.last:
        rows.append(
            Lane(
                label=str(speech.say("pages taken")),
                tone="taken",
                start=view.taking.first,
                end=view.taking.last,
            )
        )
    name = plain(view.answer.subject, 100)
    return lanes_chart(
        rows, first, last, speech,
        title=str(speech.say("What %(domain)s reserved", domain=name)),
        description=str(speech.say("The same as in the list below, drawn as periods.")),
    )  # fmt: skip
