"""Plans of everything that is looked up: no large table is read whole, and nothing large is sorted.

Whatever the size of the record, a question must be answered from an index. The record here is large enough
for PostgreSQL to prefer one, and has its statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text

from bench.filling import START, Shape, domain_name, fill, page_url
from bench.plans import Plan, plans_of
from crawler.store import schema
from crawler.store.database import Connection, open_database, open_for_reading
from crawler.store.queries import (
    causes,
    decisions,
    documents,
    exports,
    files,
    holdings,
    lists,
    log,
    lookup,
    pages,
    reservations,
    staff,
    status,
    timeline,
    why,
    withdrawals,
)
from crawler.store.withdrawal import withdraw

SHAPE = Shape(decisions=20_000, sites=300)
LARGE = {"decision", "observation", "document", "evidence", "omitted"}
"""Tables that grow with every page; of the others a record has few rows."""
BIG, SMALL = domain_name(0), domain_name(200)
SINCE, UNTIL = START + timedelta(days=40), START + timedelta(days=40, hours=2)
AFTER = 15_000
Ask = Callable[[Connection], object]


def take(rows: Iterator[object], most: int = 100) -> list[object]:
    return [row for _, row in zip(range(most), rows, strict=False)]


def about(subject: str) -> lookup.LookupFilter:
    return lookup.LookupFilter(subject=subject)


def page(**wanted: object) -> Ask:
    chosen = decisions.DecisionFilter(after=AFTER, limit=100, **wanted)  # type: ignore[arg-type]
    return lambda c: list(decisions.decisions(c, chosen))


def newest(**wanted: object) -> Ask:
    chosen = decisions.DecisionFilter(limit=50, **wanted)  # type: ignore[arg-type]
    return lambda c: list(staff.newest_decisions(c, chosen, before=AFTER))


FOLDER, LARGE_FOLDER = f"https://{SMALL}/archive/", f"https://{BIG}/news/"
QUESTIONS: dict[str, Ask] = {
    "lookup of a domain": lambda c: lookup.lookup(c, about(SMALL)),
    "lookup of the biggest": lambda c: lookup.lookup(c, about(BIG)),
    "lookup of a folder": lambda c: lookup.lookup(c, about(FOLDER)),
    "lookup of a large folder": lambda c: lookup.lookup(c, about(LARGE_FOLDER)),
    "large folder narrowed": lambda c: pages.first_of(c, about(f"https://{BIG}/n"), 100),
    "pages": lambda c: pages.page_counts(c, about(BIG)),
    "pages of a folder": lambda c: pages.page_counts(c, about(FOLDER)),
    "taking": lambda c: pages.taking(c, about(BIG)),
    "taking from a folder": lambda c: pages.taking(c, about(FOLDER)),
    "visitors": lambda c: pages.visitors(c, about(BIG)),
    "visitors of a folder": lambda c: pages.visitors(c, about(FOLDER)),
    "hosts": lambda c: pages.hosts(c, about(BIG)),
    "hosts of a folder": lambda c: pages.hosts(c, about(FOLDER)),
    "example": lambda c: pages.example(c, about(BIG), "exclude", "robots.disallow"),
    "decisions within a domain": lambda c: take(pages.decisions_within(c, about(BIG), after=AFTER, limit=50)),
    "decisions within a host": lambda c: take(pages.decisions_within(c, about(f"www.{BIG}"), limit=50)),
    "decisions within a folder": lambda c: take(pages.decisions_within(c, about(FOLDER), limit=50)),
    "withdrawn": lambda c: pages.withdrawn(c, 5),
    "page of all": page(),
    "page of a domain": page(domain=BIG),
    "page of a domain and a time": page(domain=BIG, since=SINCE, until=UNTIL),
    "page of a domain and a reason": page(domain=BIG, reason="robots"),
    "page of a host": page(host=f"www.{BIG}"),
    "page of a folder": page(url_prefix=FOLDER),
    "page of a time": page(since=SINCE, until=UNTIL),
    "page of a reason": page(reason="tdmrep.file"),
    "page of a protocol": page(reason="robots"),
    "page of a crawl": page(crawl_id=2),
    "newest": newest(),
    "newest of a domain": newest(domain=BIG),
    "newest of a host": newest(host=f"www.{BIG}"),
    "newest of a folder": newest(url_prefix=FOLDER),
    "newest of a reason": newest(reason="tdmrep.file"),
    "newest of a time": newest(since=SINCE, until=UNTIL),
    "why": lambda c: why.why(c, why.WhyFilter(url=page_url(0, 7))),
    "why at a time": lambda c: why.why(c, why.WhyFilter(url=page_url(0, 7), at=UNTIL)),
    "why, further": lambda c: why.why(c, why.WhyFilter(url=page_url(0, 7), before=AFTER)),
    "causes of a domain": lambda c: take(causes.causes(c, causes.CauseFilter(domain=BIG, after=AFTER))),
    "causes of a host": lambda c: take(causes.causes(c, causes.CauseFilter(host=SMALL))),
    "file versions": lambda c: files.file_versions(c, [SMALL, f"www.{SMALL}"]),
    "file requests": lambda c: files.file_requests(c, [SMALL, f"www.{SMALL}"]),
    "files in force": lambda c: take(holdings.files_in_force(c, SMALL, UNTIL)),
    "a file": lambda c: files.file_content(c, "ab" * 32),
    "reservations of a domain": lambda c: take(
        reservations.reservations(c, reservations.ReservationFilter(domain=SMALL))
    ),
    "kept documents": lambda c: take(documents.kept_documents(c, documents.DocumentFilter(after=AFTER))),
    "kept documents of a domain": lambda c: take(
        documents.kept_documents(c, documents.DocumentFilter(domain=BIG, after=AFTER))
    ),
    "kept documents of a folder": lambda c: take(
        documents.kept_documents(c, documents.DocumentFilter(url_prefix=FOLDER))
    ),
    "withdrawals": lambda c: take(withdrawals.withdrawals(c, withdrawals.WithdrawalFilter())),
    "withdrawals since": lambda c: take(
        withdrawals.withdrawals(c, withdrawals.WithdrawalFilter(since=SINCE))
    ),
    "to withdraw of a URL": lambda c: take(
        withdrawals.to_withdraw(c, withdrawals.WithdrawalFilter(url=page_url(0, 7)))
    ),
    "listed": lambda c: take(lists.exclusions(c, host=SMALL)),
    "not listed": lambda c: lists.not_listed(c, SMALL),
    "redirects to listed": lambda c: lists.redirects_to_listed(c),
    "status": lambda c: status.record_status(c),
    "days": lambda c: timeline.days_of_record(c),
    "last decision": lambda c: exports.last_decision(c),
    "entry of a decision": lambda c: log.entry_of(c, 5),
    "buckets": lambda c: staff.buckets(c, SINCE, hours=True),
}
"""Every question that must be answered in milliseconds."""
COUNTED_FROM_THE_NEWEST = {"buckets"}
"""Bounded by a number of decisions, whatever is sorted of them."""


@pytest.fixture(scope="module")
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A record with statistics, on SQLite or PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'forbear.db'}"
    else:
        url = _database(request.getfixturevalue("postgresql"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.sums.LARGE", 300)  # the record is small, too
        fill(url, SHAPE)
    writing = open_database(url)
    with writing.begin() as connection:
        kept = connection.scalars(select(schema.document.c.decision_id).limit(20)).all()
        withdraw(connection, kept, UNTIL, "asked for")
    with writing.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        analyse = "ANALYZE" if request.param == "sqlite" else "VACUUM ANALYZE"
        connection.execute(text(analyse))
    writing.dispose()
    engine = open_for_reading(url)
    yield engine
    engine.dispose()


def _database(template: str) -> str:
    admin = open_for_admin(template.format("postgres"))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE plans"))
    admin.dispose()
    return template.format("plans")


def open_for_admin(url: str) -> Engine:
    from sqlalchemy import create_engine

    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


@pytest.mark.parametrize(
    "filled", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_a_large_folder_is_answered_from_sums(filled: Engine) -> None:
    plans = plans_of(filled, QUESTIONS["lookup of a large folder"])
    assert not [plan for plan in plans if "GROUP BY decision" in plan.statement], plans


@pytest.mark.parametrize("name", list(QUESTIONS))
@pytest.mark.parametrize(
    "filled", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_no_large_table_is_read_whole(filled: Engine, name: str) -> None:
    plans = plans_of(filled, QUESTIONS[name])
    assert plans
    for plan in plans:
        faults = [step.text for step in plan.steps if step.is_scan and step.table in LARGE]
        assert not (faults and not _is_newest_first(plan)), _told(plan)


@pytest.mark.parametrize("name", sorted(set(QUESTIONS) - COUNTED_FROM_THE_NEWEST))
@pytest.mark.parametrize(
    "filled", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_nothing_large_is_sorted(filled: Engine, name: str) -> None:
    """A sort is of one site's rows, or of numbers alone, which an index gives without their rows."""
    for plan in plans_of(filled, QUESTIONS[name]):
        sorts = [step for step in plan.steps if step.is_sort]
        if not sorts:
            continue
        rows = max(step.rows for step in sorts)
        assert rows < SHAPE.decisions / 10 or _of_numbers_alone(plan), _told(plan)
        if filled.dialect.name == "sqlite":
            searched = [step for step in plan.steps if step.table in LARGE]
            assert all("SEARCH" in step.text for step in searched), _told(plan)


@pytest.mark.parametrize(
    "filled", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_a_page_of_a_large_host_is_found_along_its_domain(
    filled: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = f"www.{BIG}"
    asks = (page(host=host), newest(host=host), page(host=host, since=SINCE, until=UNTIL))
    with filled.connect() as connection:
        by_keys = [ask(connection) for ask in asks]
        monkeypatch.setattr("crawler.store.queries.ways.MANY", 10)
        assert [ask(connection) for ask in asks] == by_keys
    assert by_keys[0] != []
    for plan in (plan for ask in asks for plan in plans_of(filled, ask)):
        assert not any(step.is_sort for step in plan.steps), _told(plan)
        faults = [step.text for step in plan.steps if step.is_scan and step.table in LARGE]
        assert not faults, _told(plan)


def _is_newest_first(plan: Plan) -> bool:
    """A walk along the primary key that ends at the first rows, such as the newest decision."""
    return "LIMIT" in plan.statement and "WHERE" not in plan.statement


def _of_numbers_alone(plan: Plan) -> bool:
    return plan.statement.startswith("SELECT decision.id")


def _told(plan: Plan) -> str:
    return "\n".join([plan.statement, *(step.text for step in plan.steps)])
