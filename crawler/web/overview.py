"""The crawl for its engineers: what needs somebody, how fast it goes, what it leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from crawler.config import Config
from crawler.identity.keys import SigningKeyError, active, key_folder, load_keys
from crawler.lists import ListError, load_lists
from crawler.store.database import Connection
from crawler.store.queries.complaints import due_complaints
from crawler.store.queries.staff import (
    WINDOW,
    Bucket,
    Excluding,
    Waiting,
    buckets,
    crawl_verdicts,
    kept_without_evidence,
    top_excluding,
    waiting,
)
from crawler.store.queries.status import CrawlRow, newest_crawl
from crawler.web.charts import columns, nice, steps
from crawler.web.hostile import plain
from crawler.web.language import Language
from crawler.words import in_words

HOURS = 48
DAYS = 30
FEW = 3
"""Values below which a drawing says no more than words."""
KEY_WARNING = timedelta(days=14)
REASONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something somebody must do."""

    when: str
    tone: str
    text: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """One of several small charts on one scale."""

    name: str
    total: int
    chart: Markup
    tone: str
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything on the page."""

    crawl: CrawlRow | None
    verdicts: dict[str, int]
    without_evidence: int
    needs: tuple[Need, ...]
    pace: tuple[tuple[str, int], ...]
    pace_chart: Markup | None
    smalls: tuple[Small, ...]
    rest: tuple[Small, ...]
    """What has no chart: other reasons, and what waits."""
    small_days: tuple[str, ...]
    scale: int
    top: tuple[Excluding, ...]
    waiting: tuple[Waiting, ...]
    facts: tuple[tuple[str, Markup], ...]

    @property
    def is_window(self) -> bool:
        """Whether there are more decisions than were counted."""
        return self.decided >= WINDOW

    @property
    def is_short(self) -> bool:
        """Whether there are too few days for drawings."""
        return sum(any(small.days[i] for small in self.smalls) for i in range(len(self.small_days))) < FEW

    @property
    def decided(self) -> int:
        """All decisions of the crawl."""
        return sum(self.verdicts.values())


def overview(connection: Connection, config: Config, now: datetime, speech: Language) -> Overview:
    """Read it all."""
    crawl = newest_crawl(connection)
    number = crawl.id if crawl else 0
    pace = _pace(connection, now)
    by_day = buckets(connection, now - timedelta(days=DAYS), hours=False)
    smalls, days, scale = _smalls(by_day, now)
    return Overview(
        crawl=crawl,
        verdicts=crawl_verdicts(connection, number),
        without_evidence=kept_without_evidence(connection, number),
        needs=tuple(_needs(connection, config, now, speech)),
        pace=pace,
        pace_chart=_pace_chart(pace, speech),
        smalls=smalls,
        rest=tuple(_rest(by_day, smalls)),
        small_days=days,
        scale=scale,
        top=top_excluding(connection, number),
        waiting=waiting(connection, number),
        facts=tuple(_facts(config, now, speech)),
    )


def _pace(connection: Connection, now: datetime) -> tuple[tuple[str, int], ...]:
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    counted: Counter[str] = Counter()
    for bucket in buckets(connection, start, hours=True):
        counted[bucket.when] += bucket.decisions
    hours = [f"{start + timedelta(hours=i):%Y-%m-%dT%H}" for i in range(HOURS)]
    return tuple((hour, counted[hour]) for hour in hours)


def _pace_chart(pace: tuple[tuple[str, int], ...], speech: Language) -> Markup | None:
    values = [number for _, number in pace]
    if sum(map(bool, values)) < FEW:
        return None
    return steps(
        values,
        unit="an hour",
        title="Decisions an hour over the last 48 hours",
        description=f"From {min(values)} to {max(values)} an hour; the table below has each six hours.",
        labels=[_hour(pace[i][0]) for i in (0, len(pace) // 2, -1)],
        speech=speech,
    )


def _hour(text: str) -> str:
    return f"{datetime.fromisoformat(text + ':00'):%-d %b, %H:%M}"


def _smalls(rows: tuple[Bucket, ...], now: datetime) -> tuple[tuple[Small, ...], tuple[str, ...], int]:
    days = tuple(f"{now - timedelta(days=DAYS - 1 - i):%Y-%m-%d}" for i in range(DAYS))
    totals: Counter[tuple[str, str]] = Counter()
    series: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        key = ("keep", "none") if row.verdict == "keep" else (row.verdict, row.reason)
        totals[key] += row.decisions
        series.setdefault(key, Counter())[row.when] += row.decisions
    left = [key for key, _ in totals.most_common() if key[0] == "exclude"][:REASONS]
    chosen = left + [key for key in (("keep", "none"),) if key in totals]
    top = nice(max((n for key in chosen for n in series[key].values()), default=1))
    smalls = tuple(_small(key, tuple(series[key][d] for d in days), top, days) for key in chosen)
    return smalls, days, top


def _rest(rows: tuple[Bucket, ...], smalls: tuple[Small, ...]) -> Iterator[Small]:
    """Decisions that no chart shows, so that the table adds up."""
    totals: Counter[str] = Counter()
    for row in rows:
        totals[row.verdict] += row.decisions
    shown = sum(small.total for small in smalls if small.tone == "out")
    for name, number, tone in (
        ("Other reasons to leave out", totals["exclude"] - shown, "out"),
        ("Waiting", totals["defer"], "wait"),
    ):
        if number:
            yield Small(name=name, total=number, chart=Markup(), tone=tone, days=())


def _small(key: tuple[str, str], values: tuple[int, ...], top: int, days: tuple[str, ...]) -> Small:
    tone = "taken" if key[0] == "keep" else "out"
    name = "Kept" if key[0] == "keep" else in_words(key[1])
    chart = columns(
        values, top, tone,
        title=plain(name),
        description=f"Decisions a day over {len(days)} days, from {min(values)} to {max(values)}, "
        "same scale in all.",
        labels=(_day(days[0]), _day(days[-1])),
    )  # fmt: skip
    return Small(name=name, total=sum(values), chart=chart, tone=tone, days=values)


def _day(text: str) -> str:
    return f"{datetime.fromisoformat(text):%-d %b}"


def _needs(connection: Connection, config: Config, now: datetime, speech: Language) -> Iterator[Need]:
    for row in due_complaints(connection)[:20]:
        if row.due is None:
            continue
        late = row.due < now
        step = "confirmed" if row.state == "received" else "answered"
        text = speech.say(
            'Complaint <a href="/staff/complaints/%(ref)s">%(ref)s</a> must be %(step)s by %(due)s.',
            ref=row.reference, step=step, due=speech.minute(row.due),
        )  # fmt: skip
        days = (row.due.date() - now.date()).days
        when = "Overdue" if late else "Today" if days == 0 else _in_days(days)
        yield Need(when=when, tone="bad" if late or days == 0 else "taken", text=text)
    yield from _key_needs(config, now, speech)
    yield from _list_needs(config, now, speech)


def _in_days(days: int) -> str:
    return "Tomorrow" if days == 1 else f"In {days} days"


def _key_needs(config: Config, now: datetime, speech: Language) -> Iterator[Need]:
    if not config.identity.signature_agent:
        return
    try:
        key = active(load_keys(key_folder(config)), now)
    except SigningKeyError as error:
        yield Need(when="Now", tone="bad", text=Markup.escape(plain(error)))
        return
    if key is None:
        yield Need(
            when="Now", tone="bad", text=speech.say("There is no signing key: forbear identity rotate-key")
        )
    elif key.expires - now < KEY_WARNING:
        days = max(0, (key.expires - now).days)
        text = speech.say(
            "The signing key runs out on %(day)s: forbear identity rotate-key", day=speech.day(key.expires)
        )
        yield Need(when=_in_days(days), tone="taken", text=text)


def _list_needs(config: Config, now: datetime, speech: Language) -> Iterator[Need]:
    try:
        listings = load_lists(config).listings
    except ListError as error:
        yield Need(when="Now", tone="bad", text=Markup.escape(plain(error)))
        return
    if not listings:
        yield Need(
            when="Now", tone="taken", text=speech.say("No list of listed sites is loaded: forbear blocklists")
        )
    for listing in listings:
        age = now - listing.retrieved_at
        if age.total_seconds() > config.blocklists.max_age:
            text = speech.say(
                "The list %(name)s was last fetched on %(day)s.",
                name=plain(listing.name), day=speech.day(listing.retrieved_at),
            )  # fmt: skip
            yield Need(when=f"{age.days} days old", tone="taken", text=text)


def _facts(config: Config, now: datetime, speech: Language) -> Iterator[tuple[str, Markup]]:
    try:
        listings = load_lists(config).listings
    except ListError:
        listings = ()
    if listings:
        yield "Lists", speech.count(
            len(listings),
            "One list with %(entries)s entries, of %(day)s",
            "%(n)s lists with %(entries)s entries in all, the oldest of %(day)s",
            entries=speech.number(sum(len(item.entries) for item in listings)),
            day=speech.day(min(item.retrieved_at for item in listings)),
        )  # fmt: skip
    if config.identity.signature_agent:
        try:
            keys = load_keys(key_folder(config))
        except SigningKeyError:
            keys = ()
        key = active(keys, now)
        if key is not None:
            yield (
                "Signing key",
                speech.say("<code>%(kid)s</code>, until %(day)s", kid=key.kid, day=speech.day(key.expires)),
            )
    yield "Profile", Markup("<code>%s</code>") % config.policy.profile.value
