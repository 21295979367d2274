"""Location files that the input itself holds, each with the time it was seen: evidence of that time.

Their bodies lie in a temporary file, so that memory holds a few numbers for each.
"""

from __future__ import annotations

import json
import tempfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from crawler.audit.bytestream import open_stream
from crawler.audit.http_message import (
    MAX_HEAD,
    BodyLostError,
    Message,
    MessageError,
    read_message,
    whole_body,
)
from crawler.audit.model import Trouble
from crawler.audit.warc_records import WarcRecord, records
from crawler.redaction import redacted
from reservations.model import ROBOTS_TXT, Evidence, Hop, Outcome
from reservations.origins import origin_of
from reservations.outcomes import outcome_of
from reservations.protocols import discover

RECENT = 86_400.0
"""Seconds for which a location file speaks (RFC 9309 section 2.4)."""
MAX_FILES = 500_000
MAX_BODY = 5 * 2**20
_MAX_HOPS = 10
_REMEMBERED = 64 * 2**20
_OVERHEAD = 2000


def location_paths() -> Mapping[str, str]:
    """Paths of the location files that the protocols read, to their kinds."""
    return {"/robots.txt": ROBOTS_TXT} | {
        location.path: location.kind for protocol in discover() for location in protocol.locations
    }


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float
    status: int
    start: int
    head: int
    body: int
    location: str
    lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """A location file as it was seen nearest to a moment."""

    evidence: Evidence
    distance: float
    """Seconds between."""


class SeenFiles:
    """The location files of WARC files. Close it when done."""

    def __init__(self) -> None:
        self._paths = location_paths()
        self._names = frozenset(path.rpartition("/")[2] for path in self._paths)
        self._seen: dict[str, list[_Seen]] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._kept: OrderedDict[int, Evidence] = OrderedDict()
        self._size = 0
        self.count = 0

    @property
    def full(self) -> bool:
        """Whether there were more than are remembered."""
        return self.count >= MAX_FILES

    def close(self) -> None:
        """Give the temporary file up."""
        self._file.close()

    def is_file(self, url: str) -> bool:
        """Whether a URL is that of a location file, at the root or below `/.well-known/`."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        folder, _, name = parts.path.rpartition("/")
        return name in self._names and folder in ("", "/.well-known") and not parts.query

    def take_from(self, path: Path) -> None:
        """Remember the location files of a WARC file; what cannot be read is told when its pages are."""
        with path.open("rb") as stream:
            for record in records(open_stream(stream), str(path), self._room):
                if not isinstance(record, Trouble) and self._is_wanted(record.fields):
                    self._take(record)

    def near(self, url: str, when: datetime | None) -> Iterator[Nearest]:
        """The location files of a URL's origin, as they were seen nearest to that time. Raises ValueError."""
        origin = origin_of(url)
        for path, kind in self._paths.items():
            found = self.nearest(origin + path, kind, when)
            if found is not None:
                yield found

    def _is_wanted(self, fields: Mapping[str, str]) -> bool:
        url = fields.get("warc-target-uri", "").removeprefix("<").removesuffix(">")
        return fields.get("warc-type", "").lower() == "response" and (self.is_file(url) or _is_licence(url))

    def _room(self, fields: Mapping[str, str]) -> int:
        return MAX_BODY + MAX_HEAD if self._is_wanted(fields) else 0

    def _take(self, record: WarcRecord) -> None:
        when = record.date
        if when is None or self.full:
            return
        try:
            message = read_message(record.block)
            parts = urlsplit(record.url)
            key = origin_of(record.url) + parts.path
        except (MessageError, ValueError):
            return
        body, lost = _body(message, record)
        head = json.dumps(redacted(message.fields)).encode()
        start = self._file.seek(0, 2)
        self._file.write(head + body)
        seen = _Seen(
            when.timestamp(), message.status, start, len(head), len(body), message.field("location"), lost
        )
        self._seen.setdefault(key, []).append(seen)
        self.count += 1

    def nearest(self, url: str, kind: str, when: datetime | None) -> Nearest | None:
        """One location file as it was seen nearest to that time; None where the input does not hold it."""
        hops: list[Hop] = []
        target = url
        distance = 0.0
        while len(hops) <= _MAX_HOPS:
            seen = _choose(self._seen.get(target, ()), when)
            if seen is None:
                return None  # never asked, or it leads out of the input: unknown
            distance = max(distance, abs(when.timestamp() - seen.at) if when else 0.0)
            if seen.status // 100 != 3 or not seen.location:
                evidence = self._evidence(seen, url, kind)
                return Nearest(
                    evidence=replace(evidence, redirects=tuple(hops)) if hops else evidence, distance=distance
                )
            try:
                target = urljoin(target, seen.location).partition("#")[0]
            except ValueError:
                return None
            hops.append(Hop(status=seen.status, location=target))
        return None

    def _evidence(self, seen: _Seen, url: str, kind: str) -> Evidence:
        found = self._kept.get(seen.start)
        if found is not None and (found.url, found.kind) == (url, kind):
            self._kept.move_to_end(seen.start)
            return found
        self._file.seek(seen.start)
        data = self._file.read(seen.head + seen.body)
        outcome = Outcome.TOO_LARGE if seen.lost else outcome_of(seen.status)
        found = Evidence(
            kind=kind,
            url=url,
            outcome=outcome,
            fetched_at=datetime.fromtimestamp(seen.at, UTC),
            status=seen.status,
            fields=tuple((name, value) for name, value in json.loads(data[: seen.head])),
            body=data[seen.head :] if outcome is Outcome.FOUND else b"",
            why="" if outcome is Outcome.FOUND else f"status {seen.status}",
        )
        self._remember(seen.start, found)
        return found

    def _remember(self, start: int, found: Evidence) -> None:
        self._kept[start] = found
        self._size += len(found.body) + _OVERHEAD
        while self._size > _REMEMBERED and len(self._kept) > 1:
            self._size -= len(self._kept.popitem(last=False)[1].body) + _OVERHEAD


def _is_licence(url: str) -> bool:
    """Whether a URL may be that of an RSL licence, which lies wherever robots.txt or a page says.

    https://rslstandard.org/rsl
    """
    path = url.partition("?")[0].lower()
    return path.endswith(".xml") and any(word in path for word in ("licen", "rsl"))


def _body(message: Message, record: WarcRecord) -> tuple[bytes, bool]:
    """The body, and whether it is too large or cut, so that nothing may be concluded from it."""
    if len(record.block) < record.length or record.fields.get("warc-truncated"):
        return b"", True
    try:
        return whole_body(message, MAX_BODY), False
    except BodyLostError:
        return b"", True


def _choose(seen: Sequence[_Seen], when: datetime | None) -> _Seen | None:
    """The last one before a moment if it still spoke then, else the nearest; without a moment the newest."""
    if not seen:
        return None
    if when is None:
        return max(seen, key=lambda s: s.at)
    at = when.timestamp()
    before = [s for s in seen if 0 <= at - s.at <= RECENT]
    return max(before, key=lambda s: s.at) if before else min(seen, key=lambda s: abs(at - s.at))
