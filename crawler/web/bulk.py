"""Many domains at once: a list of names in, a table out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from blocklists.hostnames import canonical_host
from crawler.present import moment
from crawler.store.database import Connection
from crawler.store.queries.lookup import LookupFilter, lookup
from crawler.store.queries.pages import page_counts
from crawler.web.answer import table_csv
from crawler.web.errors import ProblemError
from crawler.web.subject import host_of
from crawler.words import in_words

MAX_DOMAINS = 5000
_DELIMITERS = ",;\t"
HEADER = (
    "asked", "domain", "pages", "left_out", "taken", "waiting", "in_data_now", "main_reason", "in_words",
    "first", "last", "problem",
)  # fmt: skip


def names_in(text: str) -> list[str]:
    """The first column of a CSV, without a header and empty lines. Raises ProblemError for too many.

    Cells are parted by commas, or as spreadsheets of many countries have it by semicolons, or by tabs.
    """
    text = text.lstrip("\ufeff")
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text), delimiter=max(_DELIMITERS, key=first_line.count))
    try:
        rows = [row[0].strip() for row in reader if row and row[0].strip()]
    except csv.Error as error:
        raise ProblemError(422, "Line %(n)s is no CSV.", n=reader.line_num) from error
    names = [name for index, name in enumerate(rows) if index or (canonical_host(name) and "." in name)]
    if len(names) > MAX_DOMAINS:
        raise ProblemError(413, "At most %(n)s domains at once.", n=MAX_DOMAINS)
    return names


def bulk_csv(connection: Connection, names: Sequence[str]) -> bytes:
    """A row a domain, in the order asked."""
    return table_csv(HEADER, [list(_row(connection, name)) for name in names])


def _row(connection: Connection, name: str) -> Iterator[object]:
    yield name
    try:
        host = host_of(name)
    except ProblemError as error:
        yield from (None,) * (len(HEADER) - 2)
        yield error.detail
        return
    wanted = LookupFilter(subject=host)
    counts = page_counts(connection, wanted)
    answer = lookup(connection, wanted)
    yield host
    yield sum(c.pages for c in counts)
    for verdict in ("exclude", "keep", "defer"):
        yield sum(c.pages for c in counts if c.verdict == verdict)
    yield answer.documents
    reason = next((c.reason for c in counts if c.verdict == "exclude"), None)
    yield reason
    yield in_words(reason) if reason else None
    yield moment(answer.first) if answer.first else None
    yield moment(answer.last) if answer.last else None
    yield None
