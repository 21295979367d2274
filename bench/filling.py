"""A large record made quickly: decisions of the real gate, repeated over invented sites and pages.

A few sites big, most of them small (Zipf), of five kinds, crawled twice; decisions lie in the record as a
crawl leaves them, the sites mixed. Evidence, observations, reservations, documents and what was only
counted are there, too. Not filled: the log, and the WARC files that documents point to.
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect_left
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Engine, Index, inspect

from bench.bulk import Tables
from bench.scenes import KINDS, ORIGIN, SIZE, TERMS, PageCase, Scene, scenes
from bench.sums import Sums
from crawler.store.codec import evidence_to_row, ids_to_json, to_json
from crawler.store.columns import iso
from crawler.store.database import open_database
from crawler.store.model import Identity
from crawler.store.places import Site, lookup_key, site_of, url_hash
from crawler.store.schema import (
    crawl,
    crawler_identity,
    decision,
    document,
    evidence,
    observation,
    omitted,
    policy_version,
    reservation,
)
from reservations.model import ROBOTS_TXT, Evidence, Verdict

START = datetime(2026, 9, 1, 6, 0, tzinfo=UTC)
SPAN = timedelta(days=80)
SKEW = 1.1
"""The n-th largest site has 1/n^SKEW as many pages as the largest."""
AGAIN = 10
"""One decision in so many is the second crawl's, about a page decided before."""
FOLDERS = ("news", "archive", "essays", "recipes", "people", "archive/2019", "shop")
IDENTITY = Identity(
    product_token="ForbearBench",
    user_agent="ForbearBench/1.0 (+https://forbear.example/bot)",
    from_address="crawler@forbear.example",
    info_url="https://forbear.example/bot",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large a record is made."""

    decisions: int = 1_000_000
    sites: int = 20_000
    seed: int = 2026


def domain_name(number: int) -> str:
    """Registrable domain of a site; number 0 is the largest."""
    return f"site{number}.example"


def page_url(number: int, page: int) -> str:
    """The URL of a site's page; pages count from 0."""
    host = domain_name(number) if page % 3 else f"www.{domain_name(number)}"
    return f"https://{host}/{FOLDERS[page % len(FOLDERS)]}/a-page-with-a-usual-name-{page}.html"


def site_weights(sites: int) -> list[float]:
    """Cumulative weights of the sites, the largest first."""
    return list(accumulate(1 / (n + 1) ** SKEW for n in range(sites)))


def fill(database: str, shape: Shape) -> None:
    """Fill an empty record. Indexes are made at the end, as a bulk load does."""
    engine = open_database(database)
    with engine.begin() as connection:
        dropped = [i for t in (decision, observation, document) for i in t.indexes if _exists(connection, i)]
        for index in dropped:
            index.drop(connection)
        _Filler(connection, shape).run()
        for index in dropped:
            index.create(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    _fold(engine)
    engine.dispose()


def _exists(connection: Connection, index: Index) -> bool:
    assert index.table is not None
    return inspect(connection).has_index(index.table.name, str(index.name))


def _fold(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


@dataclass(slots=True)
class _Origin:
    """One scheme and host that has been met: what was read there, by number."""

    site: Site
    scene: Scene
    files: tuple[int, ...]
    digests: dict[str, str] = field(default_factory=dict)
    """Of the pattern's evidence to this origin's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What a decision and its document share."""

    number: int
    of_crawl: int
    url: str
    hash: int
    at: Any
    bytes: int | None
    sha256: str | None


class _Filler:
    def __init__(self, connection: Connection, shape: Shape) -> None:
        self._shape = shape
        self._connection = connection
        self._out = Tables(connection)
        self._scenes = scenes()
        self._origins: dict[tuple[int, str], _Origin] = {}
        self._observations = 0
        self._stored: set[str] = set()
        self._sums = Sums()
        self._moment = _text if connection.dialect.name == "sqlite" else _same

    def run(self) -> None:
        shape, rng = self._shape, random.Random(self._shape.seed)
        self._begin()
        weights = site_weights(shape.sites)
        pages = array("I", bytes(4 * shape.sites))
        first = shape.decisions - shape.decisions // AGAIN
        step = SPAN / max(1, shape.decisions)
        for number in range(shape.decisions):
            site = bisect_left(weights, rng.random() * weights[-1])
            when = START + step * number
            if number < first or not pages[site]:
                page, pages[site] = pages[site], pages[site] + 1
                self._decide(number + 1, 1 if number < first else 2, site, page, when, new=True)
            else:
                self._decide(number + 1, 2, site, rng.randrange(pages[site]), when)
        self._out.flush()
        self._sums.write(self._connection)

    def _begin(self) -> None:
        self._out.insert(
            crawler_identity, {"id": 1, "hash": IDENTITY.hash, **asdict(IDENTITY), "first_used": START}
        )
        terms = {"id": TERMS.policy_id, "canonical": TERMS.canonical, "first_used": START}
        self._out.insert(policy_version, terms)
        ends = (START + SPAN * (AGAIN - 1) / AGAIN, START + SPAN)
        for number, (begun, ended) in enumerate(((START, ends[0]), ends), 1):
            self._out.insert(
                crawl,
                {
                    "id": number, "started_at": begun, "ended_at": ended, "command": "forbear crawl",
                    "software": "Forbear/bench", "config": "{}", "identity_id": 1,
                    "policy_id": TERMS.policy_id, "status": "finished",
                },
            )  # fmt: skip

    def _decide(
        self, number: int, of_crawl: int, site: int, page: int, when: datetime, *, new: bool = False
    ) -> None:
        url = page_url(site, page)
        origin = self._origin(of_crawl, site, url, when)
        case = origin.scene.case(url)
        own = [self._observe(item, url, origin.site.origin, of_crawl, when)[0] for item in case.own]
        kept = case.decision.verdict is Verdict.KEEP
        row = _Row(
            number=number,
            of_crawl=of_crawl,
            url=url,
            hash=url_hash(url),
            at=self._moment(when),
            bytes=SIZE if case.own else None,
            sha256=sha256(url.encode()).hexdigest() if kept else None,
        )
        self._out.add(decision, _decision(row, origin, case, ids_to_json((*origin.files, *own))))
        host, key = origin.site.host, lookup_key(url)
        self._sums.decided(number, host, key, case, when)
        if new:
            self._sums.met(key, case)
        if kept and of_crawl == 1:
            self._sums.kept(key, when)
            self._out.add(document, _document(row, origin.site.domain))

    def _origin(self, of_crawl: int, number: int, url: str, when: datetime) -> _Origin:
        site = site_of(url)
        known = self._origins.get((of_crawl, site.origin))
        if known is None:
            known = self._origins[of_crawl, site.origin] = self._arrive(of_crawl, number, site, when)
        return known

    def _arrive(self, of_crawl: int, number: int, site: Site, when: datetime) -> _Origin:
        scene = self._scenes[KINDS[number % len(KINDS)]]
        digests: dict[str, str] = {}
        ids = []
        for item in scene.files:
            # Each site words its robots.txt a little differently.
            own = item.kind == ROBOTS_TXT and bool(item.body)
            body = item.body + f"# {site.host}\n".encode() if own else item.body
            url = item.url.replace(ORIGIN, site.origin)
            seen, digest = self._observe(item, url, site.origin, of_crawl, when, body)
            digests[item.sha256] = digest
            ids.append(seen)
        if of_crawl == 1:
            self._reserve(scene, site, digests, when)
        return _Origin(site=site, scene=scene, files=tuple(ids), digests=digests)

    def _reserve(self, scene: Scene, site: Site, digests: dict[str, str], when: datetime) -> None:
        for kind, reason in scene.reserving:
            digest = digests.get(reason.evidence or "")
            if digest is None:
                continue
            key = to_json((site.origin, kind, reason.protocol, reason.code, reason.use, reason.quote))
            self._out.insert(
                reservation,
                {
                    "natural_key": sha256(key.encode()).hexdigest(), "origin": site.origin,
                    "host": site.host, "domain": site.domain, "kind": kind, "protocol": reason.protocol,
                    "code": reason.code, "use": reason.use and reason.use.value, "scope": "",
                    "url": f"{site.origin}/archive/a-page.html", "evidence_sha256": digest,
                    "line": reason.line, "quote": reason.quote, "first_seen": when,
                    "last_seen": when + timedelta(hours=2),
                },
            )  # fmt: skip
        if site.host.startswith("www."):
            self._out.insert(
                omitted,
                {
                    "crawl_id": 1, "origin": site.origin, "reason": "error.too_deep", "stage": "frontier",
                    "verdict": "exclude", "domain": site.domain, "count": 17,
                },
            )  # fmt: skip

    def _observe(
        self, item: Evidence, url: str, origin: str, of_crawl: int, when: datetime, body: bytes | None = None
    ) -> tuple[int, str]:
        content = item.content if body is None else body
        digest = sha256(content).hexdigest()
        if digest not in self._stored:
            self._stored.add(digest)
            self._out.add(evidence, (digest, len(content), content, self._moment(when)))
        self._observations += 1
        row = evidence_to_row(item)
        self._out.add(
            observation,
            (
                self._observations, of_crawl, row["kind"], url, origin, digest, row["outcome"],
                row["status"], row["fields"], row["redirects"], row["details"], row["why"],
                self._moment(when), None, None, None,
            ),
        )  # fmt: skip
        return self._observations, digest


def _decision(row: _Row, origin: _Origin, case: PageCase, observations: str) -> tuple[Any, ...]:
    made, site = case.decision, origin.site
    fetched = case.is_fetched
    return (
        row.number, row.of_crawl, 1, TERMS.policy_id, row.url, row.hash, None, site.host, site.domain,
        lookup_key(row.url), row.at, made.stage.value, made.verdict.value, made.reason,
        _changed(case.reasons, origin.digests), _changed(case.notes, origin.digests), observations,
        200 if fetched else None, "text/html" if fetched else None, row.bytes, row.sha256, int(fetched),
    )  # fmt: skip


def _document(row: _Row, domain: str) -> tuple[Any, ...]:
    place = ("warc/forbear-000001-00000.warc.gz", row.number * 9000, 9000)
    return (
        row.number, row.of_crawl, row.url, row.hash, domain, "text/html", row.bytes, row.sha256, *place,
        row.at, None, None,
    )  # fmt: skip


def _changed(text: str, digests: dict[str, str]) -> str:
    for old, new in digests.items():
        if old != new:
            text = text.replace(old, new)
    return text


def _text(moment: datetime) -> Any:
    return iso(moment)


def _same(moment: datetime) -> Any:
    return moment
