"""The record, its queries and its migrations, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

import crawler.frontier.schema  # noqa: F401 - its tables are in the same history
from crawler.exports import discover
from crawler.gate import Decision
from crawler.present import decision as present
from crawler.present import dumps
from crawler.present import lookup as present_lookup
from crawler.store import schema
from crawler.store.database import open_database, open_for_reading
from crawler.store.metadata import metadata
from crawler.store.queries.decisions import DecisionFilter, decisions
from crawler.store.queries.documents import DocumentFilter, kept_documents
from crawler.store.queries.lookup import LookupFilter, lookup
from crawler.store.queries.resume import committed_ends, kept_per_domain
from crawler.store.queries.totals import outcomes, volumes
from crawler.store.queries.why import WhyFilter, evidence_content, why
from crawler.store.rebuild import NoSuchDecisionError, rejudge, stored_case
from crawler.store.record import (
    ROWS_PER_REASON,
    Answer,
    CrawlStatus,
    Record,
    RecordError,
)
from crawler.store.writer import Writer, WriterError
from reservations.model import Effect, Evidence, Outcome, Reason, Stage, Verdict
from tests.record_tools import (
    CLOSED,
    HTML,
    at,
    closed_page,
    crawl_start,
    decided,
    kept_page,
    location_files,
    page,
    place,
    record_all,
    recorded,
    robots,
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


def kept(
    number: int = 0, minutes: float = 0, origin: str = "https://example.org"
) -> tuple[Decision, dict[str, Any]]:
    return kept_page(number, origin, minutes), {"answer": HTML, "document": place(number)}


def out_of_scope(number: int) -> Decision:
    reason = Reason(code="error.out_of_scope", effect=Effect.EXCLUDE, protocol="error", why="elsewhere")
    url = f"https://elsewhere.example/{number}"
    return decided(url, stage=Stage.FRONTIER, found=(reason,))


def count(engine: Engine, table: Any) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def rows(engine: Engine, table: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key)))


# ---- schema


def test_the_history_makes_the_tables_that_are_declared(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_opening_again_changes_nothing(engine: Engine, database_url: str) -> None:
    record_all(engine, kept())
    open_database(database_url).dispose()
    assert count(engine, schema.document) == 1


def test_a_reader_cannot_write(engine: Engine, database_url: str) -> None:
    reading = open_for_reading(database_url)
    with reading.connect() as connection, pytest.raises(DBAPIError, match=r"read-?only"):
        connection.execute(text("DELETE FROM crawl"))
    reading.dispose()


def test_a_document_without_a_decision_cannot_be_stored(engine: Engine) -> None:
    record_all(engine, kept())
    row = dict(rows(engine, schema.document)[0]._mapping)
    for wrong in ({"decision_id": 4711}, {"decision_id": None}):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(schema.document.insert(), row | wrong | {"url_hash": 1})


# ---- recording


def test_a_decision_is_durable_with_everything_it_rests_on(engine: Engine) -> None:
    decision, more = kept()

    async def body(record: Record, _: Writer) -> None:
        await record.decide(decision, **more)
        assert count(engine, schema.decision) == 1
        assert count(engine, schema.observation) == len(decision.evidence)
        assert count(engine, schema.document) == 1

    recorded(engine, body)
    with engine.connect() as connection:
        _, terms, stored = stored_case(connection, 1)
    assert stored == decision
    assert terms.policy_id == decision.policy_id


def test_evidence_is_stored_once_and_observed_once_per_crawl(engine: Engine) -> None:
    file = robots(CLOSED)
    urls = [f"https://example.org/private/{n}" for n in range(5)]
    again = replace(file)
    record_all(
        engine, *(decided(u, file if n < 3 else again, stage=Stage.BEFORE_FETCH) for n, u in enumerate(urls))
    )
    assert count(engine, schema.decision) == 5
    assert count(engine, schema.evidence) == 1
    assert count(engine, schema.observation) == 1
    record_all(engine, decided(urls[0], file, stage=Stage.BEFORE_FETCH))
    assert count(engine, schema.evidence) == 1
    assert [o.crawl_id for o in rows(engine, schema.observation)] == [1, 2]


def test_observe_alone_records_where_the_file_lies(engine: Engine) -> None:
    file = robots(CLOSED)

    async def body(record: Record, _: Writer) -> list[int]:
        return [record.observe(file, place(3)), record.observe(file), record.observe(replace(file))]

    assert recorded(engine, body) == [1, 1, 1]
    row = rows(engine, schema.observation)[0]
    assert (row.warc_file, row.warc_offset, row.warc_length) == (place(3).file, 3000, 1000)


def test_ids_go_on_where_the_last_crawl_ended(engine: Engine) -> None:
    record_all(engine, kept(0), kept(1))
    record_all(engine, kept(2))
    assert [(d.id, d.crawl_id) for d in rows(engine, schema.decision)] == [(1, 1), (2, 1), (3, 2)]


def test_crawls_begin_end_and_are_found_dead(engine: Engine) -> None:
    async def body(record: Record, _: Writer) -> None:
        await record.end_crawl(CrawlStatus.FINISHED, at(5))

    async def dies(record: Record, _: Writer) -> None:
        return None

    recorded(engine, body)
    recorded(engine, dies, crawl_start(at(10)))
    recorded(engine, dies, crawl_start(at(20)))
    found = [(c.status, c.started_at, c.ended_at) for c in rows(engine, schema.crawl)]
    assert found == [("finished", at(0), at(5)), ("interrupted", at(10), None), ("running", at(20), None)]
    assert count(engine, schema.crawler_identity) == 1
    assert count(engine, schema.policy_version) == 1


def test_nothing_is_kept_by_a_decision_that_does_not_keep(engine: Engine) -> None:
    async def body(record: Record, _: Writer) -> None:
        with pytest.raises(RecordError, match="nothing is kept"):
            record.decide(closed_page(), HTML, place())
        with pytest.raises(RecordError, match="other terms"):
            record.decide(replace(kept_page(), policy_id="other"))

    recorded(engine, body)
    assert count(engine, schema.decision) == 0


def test_a_url_is_kept_once_per_crawl(engine: Engine) -> None:
    record_all(engine, kept(), kept(minutes=1))
    assert [d.decision_id for d in rows(engine, schema.document)] == [1]


def test_links_left_out_get_rows_up_to_a_bound_and_then_a_count(engine: Engine) -> None:
    async def body(record: Record, _: Writer) -> None:
        for number in range(ROWS_PER_REASON + 50):
            record.decide(out_of_scope(number))
        await record.decide(out_of_scope(9999))
        await record.omit("https://elsewhere.example", "error.out_of_scope", Stage.FRONTIER)

    recorded(engine, body)
    assert count(engine, schema.decision) == ROWS_PER_REASON
    (row,) = rows(engine, schema.omitted)
    assert (row.origin, row.reason, row.stage, row.verdict, row.count) == (
        "https://elsewhere.example",
        "error.out_of_scope",
        "frontier",
        "exclude",
        52,
    )
    with engine.connect() as connection:
        (outcome,) = outcomes(connection, 1)
    assert (outcome.decisions, outcome.omitted) == (ROWS_PER_REASON, 52)


def test_the_database_failing_stops_the_record(engine: Engine) -> None:
    async def body() -> None:
        writer = Writer(engine)
        writer.start()
        record = Record(writer)
        await record.start_crawl(crawl_start())
        await record.decide(kept_page())
        record._ids["decision"] = 0  # as if another process wrote to this record
        with pytest.raises(WriterError):
            await record.decide(kept_page(1))
        assert writer.failed.done()
        with pytest.raises(WriterError):
            record.decide(kept_page(2))
        with pytest.raises(WriterError):
            await writer.close()

    import asyncio

    asyncio.run(body())
    assert count(engine, schema.decision) == 1


HOSTILE = "nul \0 surrogate \udc80 escape \\x00 \\\0 bidi \u202e <b>=1+1 🕷"


def test_hostile_text_comes_back_as_it_came(engine: Engine) -> None:
    url = f"https://example.org/{HOSTILE}"
    answer = replace(
        page(url, X_Odd=HOSTILE, X_Robots_Tag=f"noai, {HOSTILE}"), details=((HOSTILE, HOSTILE),), why=HOSTILE
    )
    reason = Reason(code="error.odd", effect=Effect.EXCLUDE, protocol="error", quote=HOSTILE, why=HOSTILE)
    decision = decided(
        url, robots(b"\0\xff\xfe" + HOSTILE.encode("utf-8", "surrogatepass")), answer, found=(reason,)
    )
    record_all(engine, replace(decision, via=url))
    with engine.connect() as connection:
        _, _, stored = stored_case(connection, 1)
        assert why(connection, WhyFilter(url=url))[0].decision.url == url
    assert stored == replace(decision, via=url)


# ---- judged again


@pytest.mark.parametrize(
    "decision",
    [
        kept_page(),
        closed_page(),
        out_of_scope(1),
        decided("https://example.org/a", robots(CLOSED), page("https://example.org/a", X_Robots_Tag="noai")),
        decided(
            "https://example.org/a",
            robots(None),
            *location_files(),
            page("https://example.org/a", b"<meta name=tdm-reservation content=1>"),
        ),
        decided(
            "https://example.org/a",
            replace(robots(None), outcome=Outcome.UNREACHABLE, status=503, why="503"),
            stage=Stage.BEFORE_FETCH,
        ),
        decided("https://example.org/a", robots(None), stage=Stage.BEFORE_FETCH),
    ],
)  # fmt: skip
def test_a_stored_case_judged_again_gives_the_same_bytes(engine: Engine, decision: Decision) -> None:
    record_all(engine, decision)
    with engine.connect() as connection:
        again = rejudge(connection, 1)
    assert again.stored == decision
    assert again.again == decision
    assert again.same


def test_there_is_no_case_for_a_number_never_given(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(NoSuchDecisionError):
        stored_case(connection, 7)


# ---- reservations over time


def test_a_reservation_is_first_seen_last_seen_and_ends(engine: Engine) -> None:
    record_all(engine, closed_page(minutes=0), closed_page("/private/b", minutes=0), closed_page("/drafts/a"))
    seen = {r.quote: r for r in rows(engine, schema.reservation)}
    assert len(seen) == 2
    record_all(engine, closed_page("/private/c", minutes=60, body=b"# moved\n" + CLOSED))
    seen = {r.quote: r for r in rows(engine, schema.reservation)}
    private, drafts = (next(r for q, r in seen.items() if word in q) for word in ("private", "drafts"))
    # Both are still in the new version, though only one was met there.
    assert (private.first_seen, private.last_seen, private.ended_at, private.line) == (at(0), at(60), None, 3)
    assert (drafts.first_seen, drafts.last_seen, drafts.ended_at, drafts.line) == (at(0), at(60), None, 4)
    record_all(engine, closed_page("/drafts/z", minutes=120, body=b"User-agent: *\nDisallow: /drafts/\n"))
    seen = {r.quote: r for r in rows(engine, schema.reservation)}
    assert {r.ended_at for q, r in seen.items() if "private" in q} == {at(120)}
    assert {r.ended_at for q, r in seen.items() if "drafts" in q} == {None}


@pytest.mark.parametrize(
    ("outcome", "status", "ends"),
    [
        (Outcome.ABSENT, 404, True),
        (Outcome.UNREACHABLE, None, False),
        (Outcome.REFUSED, 403, False),
        (Outcome.TOO_LARGE, 200, False),
    ],
)
def test_a_reservation_ends_only_by_an_answer(
    engine: Engine, outcome: Outcome, status: int | None, ends: bool
) -> None:
    record_all(engine, closed_page())
    gone = replace(robots(None, minutes=60), outcome=outcome, status=status)

    async def body(record: Record, _: Writer) -> None:
        record.observe(gone)

    recorded(engine, body)
    assert [r.ended_at for r in rows(engine, schema.reservation)] == [at(60) if ends else None]


def test_a_reservation_that_comes_back_is_open_again(engine: Engine) -> None:
    record_all(
        engine,
        closed_page(),
        decided("https://example.org/", robots(None, minutes=60)),
        closed_page(minutes=120),
    )
    (row,) = rows(engine, schema.reservation)
    assert (row.first_seen, row.last_seen, row.ended_at) == (at(0), at(120), None)


def test_what_a_page_says_itself_is_counted_once_for_its_origin(engine: Engine) -> None:
    def noai(number: int) -> Decision:
        url = f"https://example.org/{number}"
        return decided(url, robots(None), *location_files(), page(url, minutes=number, X_Robots_Tag="noai"))

    record_all(engine, *map(noai, range(5)))
    found = rows(engine, schema.reservation)
    assert {r.kind for r in found} == {"response"}
    assert {(r.first_seen, r.last_seen) for r in found} == {(at(0), at(4))}
    assert len({(r.code, r.use, r.quote) for r in found}) == len(found)


def test_lists_and_access_limits_are_no_reservations(engine: Engine) -> None:
    url = "https://example.org/a"
    paid = replace(page(url), status=402, outcome=Outcome.REFUSED)
    record_all(engine, out_of_scope(1), decided(url, robots(None), *location_files(), paid))
    assert count(engine, schema.reservation) == 0


# ---- questions


def test_decisions_are_streamed_in_order_and_filtered(engine: Engine) -> None:
    record_all(
        engine,
        kept(0),
        closed_page(minutes=1),
        kept(2, minutes=2, origin="https://www.example.org"),
        kept(3, minutes=3, origin="https://example.net"),
    )

    def ids(**wanted: Any) -> list[int]:
        with engine.connect() as connection:
            return [row.id for row in decisions(connection, DecisionFilter(**wanted))]

    assert ids() == [1, 2, 3, 4]
    assert ids(domain="example.org") == [1, 2, 3]
    assert ids(host="www.example.org") == [3]
    assert ids(url_prefix="https://example.org/p") == [1, 2]
    assert ids(url_prefix="https://example.org/page/") == [1]
    assert ids(verdict="exclude") == [2]
    assert ids(reason="robots") == [2]
    assert ids(reason="robot") == ids(reason="robots.dis") == []
    assert ids(reason="robots.disallow") == [2]
    assert ids(since=at(1), until=at(3)) == [2, 3]
    assert ids(crawl_id=2) == []
    assert ids(after=2, limit=1) == [3]


def test_a_long_stream_is_read_page_by_page(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.store.queries.decisions.CHUNK", 3)
    record_all(engine, *map(kept, range(10)))
    with engine.connect() as connection:
        found = list(decisions(connection, DecisionFilter()))
        assert [row.id for row in found] == list(range(1, 11))
        assert [row.id for row in decisions(connection, DecisionFilter(limit=7))] == list(range(1, 8))
    assert {len(row.evidence) for row in found} == {
        len(dict.fromkeys(e.sha256 for e in kept_page().evidence))
    }


def test_a_decision_is_shown_with_its_evidence_and_place(engine: Engine) -> None:
    record_all(engine, kept(7), closed_page())
    with engine.connect() as connection:
        keep, exclude = (present(row) for row in decisions(connection, DecisionFilter()))
    assert keep["warc"] == {"file": place().file, "offset": 7000, "length": 1000}
    assert (keep["status"], keep["bytes"], keep["reason"], keep["reasons"]) == (200, 1234, "none", [])
    assert exclude["warc"] is None
    assert exclude["reasons"][0] == {
        "code": "robots.disallow",
        "protocol": "robots",
        "use": None,
        "evidence": robots(CLOSED).sha256,
        "line": 2,
        "quote": "Disallow: /private/",
        "why": None,
    }
    assert exclude["reasons"][0]["evidence"] in exclude["evidence"]
    assert exclude["identity"].startswith("ExampleBot-")


def test_why_gives_the_newest_first_or_the_one_in_force(engine: Engine) -> None:
    url = "https://example.org/private/a"
    record_all(engine, closed_page(minutes=0), closed_page(minutes=60), kept(1))
    with engine.connect() as connection:
        found = why(connection, WhyFilter(url=url + "#part"))
        assert [e.decision.id for e in found] == [2, 1]
        assert [e.decision.id for e in why(connection, WhyFilter(url=url, at=at(30)))] == [1]
        assert why(connection, WhyFilter(url=url, at=at(-1))) == ()
        assert [e.decision.id for e in why(connection, WhyFilter(url=url, before=2))] == [1]
        (file,) = found[0].observations
        assert (file.kind, file.outcome, file.length) == ("robots.txt", "found", len(CLOSED))
        assert evidence_content(connection, file.sha256) == CLOSED
        assert evidence_content(connection, "0" * 64) is None


def test_a_domain_is_looked_up_with_everything_below_it(engine: Engine) -> None:
    record_all(
        engine,
        kept(0),
        kept(1, minutes=1, origin="https://www.example.org"),
        closed_page(minutes=2),
        kept(2, origin="https://example-two.org"),
        *map(out_of_scope, range(ROWS_PER_REASON + 3)),
    )
    with engine.connect() as connection:
        found = lookup(connection, LookupFilter(subject="Example.org"))
        assert (found.decisions, found.documents, found.bytes) == (3, 2, 2468)
        assert (found.first, found.last) == (at(0), at(2))
        assert {(s.verdict, s.reason, s.decisions) for s in found.settled} == {
            ("keep", "none", 2),
            ("exclude", "robots.disallow", 1),
        }
        assert [(r.code, r.line, r.quote) for r in found.reservations] == [
            ("robots.disallow", 2, "Disallow: /private/")
        ]
        www = lookup(connection, LookupFilter(subject="www.example.org"))
        assert (www.decisions, www.reservations) == (1, ())
        prefix = lookup(connection, LookupFilter(subject="https://example.org/private/"))
        assert (prefix.decisions, prefix.documents) == (1, 0)
        assert len(prefix.reservations) == 1
        elsewhere = lookup(connection, LookupFilter(subject="elsewhere.example"))
        assert [(o.reason, o.count) for o in elsewhere.omitted] == [("error.out_of_scope", 3)]


def test_nothing_is_a_dated_answer(engine: Engine) -> None:
    record_all(engine, kept(0))
    with engine.connect() as connection:
        shown = present_lookup(lookup(connection, LookupFilter(subject="never.example")))
    assert (shown["decisions"], shown["documents"], shown["first"]) == (0, 0, None)
    assert (shown["crawls"], shown["recorded_from"], shown["recorded_until"]) == (
        1,
        "2026-11-24T05:35:00.000000Z",
        "2026-11-24T05:35:00.000000Z",
    )


def test_kept_now_is_what_the_latest_look_still_allows(engine: Engine) -> None:
    def ids() -> list[int]:
        with engine.connect() as connection:
            return [d.decision_id for d in kept_documents(connection, DocumentFilter())]

    url = "https://example.org/page/0"
    record_all(engine, kept(0), kept(1))
    assert ids() == [1, 2]
    record_all(
        engine,
        decided(url, robots(b"User-agent: *\nDisallow: /\n", minutes=60), stage=Stage.RECHECK, minutes=60),
    )
    assert ids() == [2]
    record_all(engine, replace(kept_page(0, minutes=90), stage=Stage.RECHECK))
    assert ids() == [1, 2]
    record_all(engine, kept(0, minutes=120))
    assert ids() == [2, 5]
    with engine.begin() as connection:
        connection.execute(
            schema.document.update().where(schema.document.c.decision_id == 2), {"withdrawn_at": at(200)}
        )
    assert ids() == [5]


def test_documents_are_filtered_and_paged(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.store.queries.documents.CHUNK", 2)
    record_all(engine, *map(kept, range(5)), kept(9, origin="https://example.net"))

    def ids(**wanted: Any) -> list[int]:
        with engine.connect() as connection:
            return [d.decision_id for d in kept_documents(connection, DocumentFilter(**wanted))]

    assert ids() == [1, 2, 3, 4, 5, 6]
    assert ids(after=1, limit=3) == [2, 3, 4]
    assert ids(domain="example.net") == [6]
    assert ids(url_prefix="https://example.org/page/3") == [4]
    assert ids(media_type="application/pdf") == []


def test_totals(engine: Engine) -> None:
    pdf = Answer(status=200, media_type="application/pdf", bytes=10, body_sha256="cd" * 32)
    record_all(
        engine,
        kept(0),
        kept(1, origin="https://www.example.org"),
        (kept_page(2), {"answer": pdf, "document": place(2)}),
        kept(3, origin="https://example.net"),
        closed_page(),
    )
    with engine.connect() as connection:
        assert [(v.domain, v.media_type, v.documents, v.bytes) for v in volumes(connection)] == [
            ("example.net", "text/html", 1, 1234),
            ("example.org", "application/pdf", 1, 10),
            ("example.org", "text/html", 2, 2468),
        ]
        assert [(o.stage, o.verdict, o.reason, o.decisions) for o in outcomes(connection, 1)] == [
            ("body", "keep", "none", 4),
            ("before_fetch", "exclude", "robots.disallow", 1),
        ]
        assert kept_per_domain(connection) == {"example.org": 3, "example.net": 1}


def test_files_are_known_up_to_their_last_committed_record(engine: Engine) -> None:
    with engine.connect() as connection:
        assert committed_ends(connection)["warc"] == {}

    async def body(record: Record, _: Writer) -> None:
        record.observe(robots(CLOSED), replace(place(2), file="evidence/e.warc.gz"))
        record.decide(kept_page(5), HTML, place(5))
        record.decide(kept_page(1), HTML, place(1))

    recorded(engine, body)
    with engine.connect() as connection:
        ends = committed_ends(connection)
    assert ends["warc"] == {place().file.removeprefix("warc/"): 6000}
    assert ends["evidence"] == {"e.warc.gz": 3000}


def test_exports_of_both_databases_are_the_rows_as_shown(engine: Engine) -> None:
    record_all(engine, kept(0), closed_page(), *map(out_of_scope, range(3)))
    stream = io.BytesIO()
    with engine.connect() as connection:
        discover()["jsonl"].write(decisions(connection, DecisionFilter()), stream)
        shown = [dumps(present(row)) for row in decisions(connection, DecisionFilter())]
    assert stream.getvalue().decode().splitlines() == shown


def test_decisions_of_urls_without_a_host_are_recorded_too(engine: Engine) -> None:
    reason = Reason(code="security.scheme", effect=Effect.EXCLUDE, protocol="security", why="no http")
    record_all(engine, decided("javascript:alert(1)", stage=Stage.FRONTIER, found=(reason,)))
    with engine.connect() as connection:
        (row,) = decisions(connection, DecisionFilter())
    assert (row.host, row.domain, row.verdict) == ("", "", Verdict.EXCLUDE)


def test_very_long_text_is_bounded(engine: Engine) -> None:
    url = "https://example.org/" + "ü" * 100_000
    odd = Evidence(kind="odd", url=url, outcome=Outcome.FOUND, fetched_at=at(0), why="x" * 10_000)
    reason = Reason(code="error.odd", effect=Effect.EXCLUDE, protocol="error")
    record_all(engine, decided(url, odd, found=(reason,)))
    (row,) = rows(engine, schema.decision)
    assert len(row.url) == schema.MAX_URL
    assert row.url.endswith("…")
    with engine.connect() as connection:
        assert [r.id for r in decisions(connection, DecisionFilter(url_prefix=url))] == [1]
