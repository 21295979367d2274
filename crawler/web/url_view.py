"""Everything the page of one address shows, and its first sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from crawler.retention.model import Redaction
from crawler.store.database import Connection
from crawler.store.queries.lookup import Lookup, LookupFilter, lookup
from crawler.store.queries.pages import withdrawn
from crawler.store.queries.retention import redactions_of_url
from crawler.store.queries.why import Explained, ObservationRow, WhyFilter, evidence_content, why
from crawler.store.rebuild import rejudge
from crawler.web.answers import could_not_tell
from crawler.web.because import because, listed
from crawler.web.domain_view import Shown, show
from crawler.web.evidence_view import Excerpt, excerpt
from crawler.web.hostile import hostile
from crawler.web.language import Language
from crawler.words import in_words
from reservations.model import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Something that was read beside the deciding file."""

    observation: ObservationRow
    excerpt: Excerpt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlView:
    """One address as the record knows it."""

    url: str
    explained: tuple[Explained, ...]
    """Newest first."""
    current: Explained | None
    shown: Shown | None
    beside: tuple[Beside, ...]
    withdrawn: datetime | None
    """When the newest copy was withdrawn."""
    same: bool | None
    """Whether the decision comes out the same from the stored bytes; None: nothing to judge."""
    removals: tuple[Redaction, ...]
    """When and why something of this page was removed, newest first."""
    host: str
    """Its host in normal form."""
    site: Lookup | None
    """What is known of the host, where nothing was decided about the address."""

    @property
    def taken(self) -> tuple[datetime, ...]:
        """When copies were kept, oldest first."""
        return tuple(e.decision.decided_at for e in reversed(self.explained) if e.decision.warc is not None)


def url_view(connection: Connection, url: str, speech: Language) -> UrlView:
    """Read all of it."""
    found = why(connection, WhyFilter(url=url))
    settled = [e for e in found if e.decision.stage != Stage.FRONTIER]
    current = next(iter((*settled, *found)), None)
    shown = show(connection, current.decision, speech, context=None) if current else None
    host = LookupFilter(subject=url).host
    return UrlView(
        url=url,
        explained=found,
        current=current,
        shown=shown,
        beside=tuple(_beside(connection, current, shown)) if current else (),
        withdrawn=withdrawn(connection, current.decision.id) if current else None,
        same=_same(connection, current) if current else None,
        removals=redactions_of_url(connection, url),
        host=host,
        site=None if current else lookup(connection, LookupFilter(subject=host)),
    )


def _same(connection: Connection, current: Explained) -> bool | None:
    judged = rejudge(connection, current.decision.id)
    return None if judged.removed is not None and not judged.damaged else judged.same


def _beside(connection: Connection, current: Explained, shown: Shown | None) -> Iterator[Beside]:
    for item in current.observations:
        if shown is not None and item.id == shown.observation.id:
            continue
        content = evidence_content(connection, item.sha256) if item.length else None
        yield Beside(observation=item, excerpt=excerpt(content, {}, context=None) if content else None)


def url_answer(view: UrlView, bot: str, speech: Language) -> Markup:
    """The answer for one page."""
    if view.current is None:
        return _nothing(view, bot, speech)
    row = view.current.decision
    if row.verdict == "keep" and row.stage == Stage.RECHECK and view.taken:
        return speech.say(
            "%(bot)s <strong>took</strong> this page on %(day)s, and looked at it again on %(again)s. "
            "Nothing we look for reserved it at either moment.",
            bot=bot,
            day=speech.day(view.taken[-1]),
            again=speech.day(row.decided_at),
        )
    if row.verdict == "keep":
        return speech.say(
            "%(bot)s <strong>took</strong> this page on %(day)s. "
            "Nothing we look for reserved it at that moment.",
            bot=bot,
            day=speech.day(row.decided_at),
        )
    if row.verdict == "defer":
        return could_not_tell(row, None, speech)
    if row.reasons and row.reasons[0].protocol == "blocklist":
        return speech.say(
            "%(bot)s has <strong>not visited</strong> this page: its site is %(why)s.",
            bot=bot,
            why=listed(speech, row.reasons[0]),
        )
    return _left_out(view, bot, speech)


def _left_out(view: UrlView, bot: str, speech: Language) -> Markup:
    assert view.current is not None
    row = view.current.decision
    kind = view.shown.observation.kind if view.shown else None
    clause = because(speech, row.reasons[0], kind) if row.reasons else None
    unasked = row.stage in (Stage.BEFORE_FETCH, Stage.FRONTIER)
    values: dict[str, object] = {
        "bot": bot,
        "day": speech.day(row.decided_at),
        "why": clause if clause is not None else speech.say(in_words(row.reason)),
    }
    if clause is not None and unasked:
        text = (
            "%(bot)s <strong>left out</strong> this page on %(day)s without asking your server for it, "
            "because %(why)s."
        )
    elif clause is not None:
        text = "%(bot)s <strong>left out</strong> this page on %(day)s, because %(why)s."
    elif unasked:
        text = (
            "%(bot)s <strong>left out</strong> this page on %(day)s without asking your server for it: "
            "%(why)s."
        )
    else:
        text = "%(bot)s <strong>left out</strong> this page on %(day)s: %(why)s."
    return speech.say(text, **values)


def _nothing(view: UrlView, bot: str, speech: Language) -> Markup:
    if view.removals:
        return speech.say(
            "What %(bot)s had recorded about this address was <strong>removed</strong> on %(day)s: %(why)s.",
            bot=bot,
            day=speech.day(view.removals[0].removed_at),
            why=hostile(view.removals[0].reason.rstrip("."), 600),
        )
    assert view.site is not None
    begun, until = view.site.recorded_from, view.site.recorded_until
    if begun is None or until is None:
        return speech.say(
            "<strong>No.</strong> %(bot)s has not crawled yet, and holds nothing of this page.", bot=bot
        )
    same_day = begun.date() == until.date()
    return speech.say(
        "<strong>No.</strong> %(bot)s has not decided anything about this address and holds nothing of it. "
        "The register covers every request from %(from)s to %(to)s.",
        bot=bot,
        **{
            "from": speech.minute(begun) if same_day else speech.day(begun),
            "to": speech.minute(until) if same_day else speech.day(until),
        },
    )


def url_more(view: UrlView, speech: Language) -> Iterator[Markup]:
    """What became of an earlier copy."""
    if view.current is None:
        if view.site is not None and view.site.decisions:
            yield speech.say("Other pages of %(host)s are in the register.", host=view.host)
        return
    if view.removals:
        yield speech.say(
            "An earlier record of it was removed on %(day)s: %(why)s.",
            day=speech.day(view.removals[0].removed_at),
            why=hostile(view.removals[0].reason.rstrip("."), 600),
        )
    if view.withdrawn is not None:
        yield speech.say(
            "It was withdrawn on %(day)s, and is no longer in the data.", day=speech.day(view.withdrawn)
        )
    if view.taken and view.current.decision.verdict == "defer":
        yield speech.say(
            "It had been taken before, on %(day)s, when nothing reserved it. "
            "Until we can tell again, it is in no data set that we make.",
            day=speech.day(view.taken[-1]),
        )
    elif view.taken and view.current.decision.verdict != "keep":
        yield speech.say(
            "It had been taken before, on %(day)s, when nothing reserved it. It is no longer in the data.",
            day=speech.day(view.taken[-1]),
        )
    if view.current.decision.via:
        yield speech.say("A redirect led here.")


def url_title(view: UrlView, speech: Language) -> str:
    """What stands in the browser's tab."""
    words = {"keep": "taken", "exclude": "left out", "defer": "waiting"}
    verdict = words[view.current.decision.verdict] if view.current else "nothing recorded"
    return f"{view.url[:120]}: {speech.say(verdict)}"
