"""Everything the page of a domain shows, read once; the sentences are made in `answers`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from crawler.store.database import Connection
from crawler.store.queries.decisions import DecisionRow
from crawler.store.queries.files import MAX_VERSIONS, FileVersion, file_requests, file_versions, rights_files
from crawler.store.queries.lookup import Lookup, LookupFilter, ReservationRow, lookup, sums_of
from crawler.store.queries.pages import (
    PageCount,
    Taking,
    Visitor,
    example,
    first_of,
    hosts,
    page_counts,
    taking,
    visitors,
)
from crawler.store.queries.why import ObservationRow, evidence_content, observations
from crawler.web.because import decides
from crawler.web.differences import differences
from crawler.web.evidence_view import Excerpt, excerpt, quotation
from crawler.web.language import AtLeast, Language
from crawler.which import piece_of
from reservations.model import RESPONSE, ROBOTS_TXT, Reason


def is_public(kind: str) -> bool:
    """Whether it is a rights file, which anybody may read: it is shown with the numbers of its lines."""
    return kind in rights_files()


MOST = 10_000
"""Decisions looked through for a folder; a whole site is answered from sums, whatever its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A piece of evidence with the lines that decided."""

    observation: ObservationRow
    excerpt: Excerpt
    reason: Reason

    @property
    def is_file(self) -> bool:
        """Whether it is a file of the site, rather than something of one page."""
        return is_public(self.observation.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a rights file."""

    version: FileVersion
    before: FileVersion
    lines: Excerpt


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A reservation as people see it: one line, whatever number of uses it reserves."""

    row: ReservationRow
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainView:
    """A domain, host or prefix as the record knows it."""

    answer: Lookup
    counts: tuple[PageCount, ...]
    taking: Taking
    visitors: tuple[Visitor, ...]
    files: tuple[FileVersion, ...]
    file_requests: int
    main: PageCount | None
    """The reason that left out most, a reservation before a failure."""
    example: DecisionRow | None
    shown: Shown | None
    since: datetime | None
    seen: tuple[Seen, ...]
    change: Change | None
    """The newest change of a rights file, of robots.txt where that changed."""
    bounded: bool = False
    """Whether there are more decisions than were looked through: numbers are then at least so high."""

    def number(self, value: int) -> int:
        """A number of this view, marked where it may be higher."""
        return AtLeast(value) if self.bounded else value

    def pages(self, verdict: str | None = None) -> int:
        """Pages whose latest decision came out so; all of them without a verdict."""
        return self.number(sum(c.pages for c in self.counts if verdict is None or c.verdict == verdict))

    def lines_of(self, code: str) -> int:
        """How many different wordings of one code there are."""
        return len({s.row.quote for s in self.seen if s.row.code == code})

    @property
    def taken_once(self) -> int:
        """Pages that were kept and are no longer."""
        return self.number(max(0, self.taking.pages - self.answer.documents))

    @property
    def requests(self) -> int:
        """Pages asked for."""
        return self.number(sum(v.requests for v in self.visitors))

    @property
    def found(self) -> tuple[FileVersion, ...]:
        """Versions of rights files that were there."""
        return tuple(f for f in self.files if f.outcome == "found")

    @property
    def changed(self) -> dict[FileVersion, FileVersion]:
        """Versions that were there, each with the different one that was there before it."""
        pairs = {}
        before: dict[str, FileVersion] = {}
        for version in self.found:
            old = before.get(version.url)
            if old is not None and old.sha256 != version.sha256:
                pairs[version] = old
            before[version.url] = version
        return pairs

    @property
    def absent_kinds(self) -> tuple[str, ...]:
        """Rights files that were never there when asked for."""
        other = {f.kind for f in self.files if f.outcome != "absent"}
        return tuple(sorted({f.kind for f in self.files} - other))

    @property
    def failed_kinds(self) -> tuple[str, ...]:
        """Rights files of which at least once it could not be told whether they are there."""
        return tuple(sorted({f.kind for f in self.files if f.outcome not in ("found", "absent")}))

    @property
    def is_listed(self) -> bool:
        """Whether the site is named on a list, so that nothing is asked of it."""
        return self.main is not None and self.main.reason.startswith("blocklist.")


def domain_view(connection: Connection, wanted: LookupFilter, speech: Language) -> DomainView:
    """Read all of it."""
    asked, wanted = wanted, first_of(connection, wanted, MOST)
    sums = sums_of(connection, wanted)
    answer = lookup(connection, wanted, sums)
    counts = page_counts(connection, wanted, sums)
    main = _main(counts)
    row = example(connection, wanted, main.verdict, main.reason, sums) if main else None
    shown = show(connection, row, speech) if row else None
    # Of a host that was never decided about, files may have been asked for all the same.
    known = hosts(connection, wanted, sums) or (wanted.host,)
    files = file_versions(connection, known)
    view = DomainView(
        answer=answer,
        counts=counts,
        taking=taking(connection, wanted, sums),
        visitors=visitors(connection, wanted, sums),
        files=files,
        file_requests=_asked(connection, known, files),
        main=main,
        example=row,
        shown=shown,
        since=_since(answer, row),
        seen=tuple(_seen(answer.reservations)),
        change=None,
        bounded=wanted is not asked,
    )
    return replace(view, change=_change(connection, view))


def _change(connection: Connection, view: DomainView) -> Change | None:
    pairs = view.changed
    if not pairs:
        return None
    newest = max(pairs, key=lambda v: (v.kind == ROBOTS_TXT, v.first_seen))
    old = pairs[newest]
    before, after = (evidence_content(connection, v.sha256) or b"" for v in (old, newest))
    return Change(version=newest, before=old, lines=differences(before, after))


def _asked(connection: Connection, known: tuple[str, ...], files: tuple[FileVersion, ...]) -> int:
    """How often rights files were asked for: the versions tell it, unless they are only the newest ones."""
    seen = sum(version.times for version in files)
    return seen if seen < MAX_VERSIONS else file_requests(connection, known)


def show(
    connection: Connection, row: DecisionRow, speech: Language, *, context: int | None = 4
) -> Shown | None:
    """The evidence of the most decisive reason that names some, with its lines marked."""
    read = observations(connection, row.id)
    for reason in row.reasons:
        seen = piece_of(read, reason.evidence, reason.code)
        if seen is not None:
            same = [r for r in row.reasons if r.evidence == reason.evidence and r.line]
            marks = {r.line: decides(speech, r) for r in reversed(same) if r.line}
            content = evidence_content(connection, seen.sha256) or b""
            quoted = not is_public(seen.kind) and seen.kind != RESPONSE
            return Shown(
                observation=seen,
                excerpt=quotation(reason.quote, decides(speech, reason))
                if quoted
                else excerpt(content, marks, context=context),
                reason=reason,
            )
    return None


def _main(counts: tuple[PageCount, ...]) -> PageCount | None:
    excluded = [c for c in counts if c.verdict == "exclude"]
    said = [c for c in excluded if not c.reason.startswith("error.")]
    waiting = [c for c in counts if c.verdict == "defer"]
    return next(iter((*said, *excluded, *waiting)), None)


def _since(answer: Lookup, row: DecisionRow | None) -> datetime | None:
    if row is None or not row.reasons:
        return None
    reason = row.reasons[0]
    dates = [
        r.first_seen
        for r in answer.reservations
        if r.code == reason.code and r.quote == reason.quote and r.ended_at is None
    ]
    return min(dates, default=None)


def _seen(rows: tuple[ReservationRow, ...]) -> Iterator[Seen]:
    groups: dict[tuple[object, ...], list[ReservationRow]] = {}
    for row in rows:
        key = (row.origin, row.kind, row.code, row.line, row.quote, row.evidence_sha256, row.ended_at)
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        yield Seen(row=group[0], uses=tuple(dict.fromkeys(r.use or "" for r in group)))
