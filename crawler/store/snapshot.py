"""A copy of the record as one SQLite file, for people who bring their own SQL.

What is in it is named here, table by table: complaints, names of staff, the salts of the log and the
queue never are, nor is a table that somebody adds later. Secrets of the
operator's configuration are taken out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, insert, select
from sqlalchemy.schema import CreateTable

from crawler.redaction import REDACTED
from crawler.store import schema as s
from crawler.store.codec import to_json

CHUNK = 1000
SECRETS = (("storage", "database"), ("network", "proxy"), ("publish", "staff_tokens"))
"""Settings that may hold passwords, or hashes of tokens."""

TABLES: tuple[Table, ...] = (
    s.crawler_identity,
    s.policy_version,
    s.crawl,
    s.evidence,
    s.observation,
    s.reservation,
    s.decision,
    s.document,
    s.omitted,
    s.blocklist_snapshot,
    s.blocklist_entry,
    s.notice,
    s.checkpoint,
)

VIEWS: Mapping[str, str] = {
    "decisions_in_short": """
        SELECT d.id, d.url, d.host, d.domain, d.decided_at, d.stage, d.verdict, d.reason, d.status,
               d.bytes, d.crawl_id, i.product_token, d.policy_id
        FROM decision d JOIN crawler_identity i ON i.id = d.identity_id""",
    "left_out_by_reason": """
        SELECT reason, count(*) AS decisions, count(DISTINCT domain) AS domains,
               min(decided_at) AS first, max(decided_at) AS last
        FROM decision WHERE verdict = 'exclude' GROUP BY reason""",
    "documents_not_withdrawn": """
        SELECT decision_id, url, domain, media_type, bytes, body_sha256, kept_at
        FROM document WHERE withdrawn_at IS NULL""",
}
"""Questions people begin with."""


def write_snapshot(connection: Connection, file: Path, about: Mapping[str, str]) -> dict[str, int]:
    """Copy the record into a new SQLite file; the answer is how many rows each table has.

    The same record gives the same bytes. `about` goes into a table of that name.
    """
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.connect() as target:
            target.exec_driver_sql("PRAGMA journal_mode=OFF")
            target.exec_driver_sql("PRAGMA synchronous=OFF")
        counts = _copied(connection, engine)
        with engine.begin() as target:
            _add_views(target, about)
    finally:
        engine.dispose()
    return counts


def _copied(connection: Connection, engine: Engine) -> dict[str, int]:
    counts: dict[str, int] = {}
    with engine.begin() as target:
        for table in TABLES:
            target.execute(CreateTable(table))
            counts[table.name] = _copy(connection, target, table)
        for table in TABLES:
            for index in sorted(table.indexes, key=lambda i: str(i.name)):
                index.create(target)
    return counts


def _copy(source: Connection, target: Connection, table: Table) -> int:
    rows = source.execute(
        select(table).order_by(*table.primary_key.columns), execution_options={"yield_per": CHUNK}
    )
    change = _REDACTED.get(table.name, dict)
    count = 0
    for part in rows.mappings().partitions(CHUNK):
        target.execute(insert(table), [change(row) for row in part])
        count += len(part)
    return count


def _without_secrets(row: Mapping[str, Any]) -> dict[str, Any]:
    config = json.loads(row["config"])
    for section, key in SECRETS:
        if config.get(section, {}).get(key):
            config[section][key] = REDACTED
    return {**row, "config": to_json(config)}


_REDACTED: Mapping[str, Callable[[Any], dict[str, Any]]] = {"crawl": _without_secrets}


def _add_views(target: Connection, about: Mapping[str, str]) -> None:
    for name, query in VIEWS.items():
        target.exec_driver_sql(f"CREATE VIEW {name} AS {query}")
    target.exec_driver_sql("CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    for pair in about.items():
        target.exec_driver_sql("INSERT INTO about VALUES (?, ?)", pair)
