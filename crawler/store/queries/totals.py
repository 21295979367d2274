"""How much: kept documents and bytes by domain and type, and how often a crawl settled what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from crawler.store.queries.documents import is_kept_now
from crawler.store.schema import decision, document, omitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What is kept now of one domain in one media type."""

    domain: str
    media_type: str
    documents: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How often a crawl settled something in one way."""

    stage: str
    verdict: str
    reason: str
    decisions: int
    omitted: int
    """Links left out beyond the bound on rows, that were only counted."""


def volumes(connection: Connection) -> Iterator[Volume]:
    """Documents and bytes kept now, by domain and media type in that order."""
    rows = connection.execute(
        select(
            document.c.domain,
            document.c.media_type,
            func.count().label("documents"),
            func.sum(document.c.bytes).label("bytes"),
        )
        .where(is_kept_now())
        .group_by(document.c.domain, document.c.media_type)
        .order_by(document.c.domain, document.c.media_type)
    )
    for row in rows:
        yield Volume(
            domain=row.domain, media_type=row.media_type, documents=row.documents, bytes=int(row.bytes)
        )


def outcomes(connection: Connection, crawl_id: int) -> tuple[Outcome, ...]:
    """Verdicts and reasons of a crawl, the most frequent first."""
    counted: dict[tuple[str, str, str], int] = {}
    rows = connection.execute(
        select(decision.c.stage, decision.c.verdict, decision.c.reason, func.count())
        .where(decision.c.crawl_id == crawl_id)
        .group_by(decision.c.stage, decision.c.verdict, decision.c.reason)
    )
    for stage, verdict, reason, count in rows:
        counted[stage, verdict, reason] = count
    beyond: dict[tuple[str, str, str], int] = {}
    more = connection.execute(
        select(omitted.c.stage, omitted.c.verdict, omitted.c.reason, func.sum(omitted.c.count))
        .where(omitted.c.crawl_id == crawl_id)
        .group_by(omitted.c.stage, omitted.c.verdict, omitted.c.reason)
    )
    for stage, verdict, reason, count in more:
        beyond[stage, verdict, reason] = int(count)
    found = [
        Outcome(
            stage=key[0],
            verdict=key[1],
            reason=key[2],
            decisions=counted.get(key, 0),
            omitted=beyond.get(key, 0),
        )
        for key in {**counted, **beyond}
    ]
    return tuple(sorted(found, key=lambda o: (-o.decisions - o.omitted, o.stage, o.verdict, o.reason)))
