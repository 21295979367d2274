"""URL lists and tables as pages to judge: text, CSV, JSON Lines, Parquet. Each bounded, line by line."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from crawler.audit.model import Page, Trouble
from crawler.audit.warc_records import moment_of

MAX_LINE = 64 * 2**20
"""Bytes of a line; a table with whole texts in it has long ones."""
MAX_URL = 16_384
_BATCH = 4096
_URLS = ("url", "uri", "target_uri", "warc_target_uri", "warc-target-uri", "link", "page")
_DATES = ("date", "fetch_time", "timestamp", "warc_date", "warc-date", "crawl_date", "fetched_at")
_BYTES = ("bytes", "content_length", "length", "size")
_MISSING = ("page",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of columns that the user gave; empty: the usual ones are looked for."""

    url: str = ""
    date: str = ""
    bytes: str = ""

    def found(self, names: Sequence[str]) -> Columns | None:
        """The columns that a table has, as it spells them; None where it has none for URLs."""
        by_name = {name.strip().lower(): name for name in names}
        url = _first(by_name, (self.url,) if self.url else _URLS)
        if url is None:
            return None
        return Columns(
            url=url,
            date=_first(by_name, (self.date,) if self.date else _DATES) or "",
            bytes=_first(by_name, (self.bytes,) if self.bytes else _BYTES) or "",
        )


def text_pages(path: Path, columns: Columns) -> Iterator[Page | Trouble]:
    """A URL a line; `#` starts a comment."""
    for number, line in _lines(path):
        if isinstance(line, Trouble):
            yield line
        elif (url := line.strip()) and not url.startswith("#"):
            yield _page(path, number, "line", {"url": url}, Columns(url="url"))


def csv_pages(path: Path, columns: Columns) -> Iterator[Page | Trouble]:
    """Rows under a header; comma, semicolon or tab, as the header has it."""
    troubles: list[Trouble] = []
    numbers = [0]

    def good() -> Iterator[str]:
        for number, line in _lines(path):
            numbers[0] = number
            if isinstance(line, Trouble):
                troubles.append(line)
            else:
                yield line.replace("\0", "")

    lines = good()
    header = next(lines, "")
    delimiter = max(",;\t", key=header.count)
    try:
        names = next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error as error:
        yield _trouble(path, 1, f"no CSV ({error})")
        return
    found = columns.found(names)
    if found is None:
        yield _no_column(path, names, columns)
        return
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            troubles.append(_trouble(path, numbers[0], f"no CSV ({error})"))
            continue
        finally:
            yield from troubles
            troubles.clear()
        if row:
            yield _page(path, numbers[0], "line", dict(zip(names, row, strict=False)), found)
    yield from troubles


def jsonl_pages(path: Path, columns: Columns) -> Iterator[Page | Trouble]:
    """An object a line."""
    for number, line in _lines(path):
        if isinstance(line, Trouble):
            yield line
            continue
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield _trouble(path, number, f"not JSON ({type(error).__name__})")
            continue
        found = columns.found(list(values)) if isinstance(values, dict) else None
        if found is None:
            yield _no_column(path, list(values) if isinstance(values, dict) else [], columns, number)
        else:
            yield _page(path, number, "line", values, found)


def parquet_pages(path: Path, columns: Columns) -> Iterator[Page | Trouble]:
    """Rows of a Parquet file; only the columns that are needed are read."""
    # Imported where it is needed: it takes longer to load than most commands take to run.
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

    number = 0
    try:
        with path.open("rb") as stream, closing(pq.ParquetFile(stream)) as table:
            found = columns.found(table.schema_arrow.names)
            if found is None:
                yield _no_column(path, table.schema_arrow.names, columns)
                return
            wanted = [name for name in (found.url, found.date, found.bytes) if name]
            for batch in table.iter_batches(batch_size=_BATCH, columns=wanted):
                for values in batch.to_pylist():
                    number += 1
                    yield _page(path, number, "row", values, found)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        why = str(error).partition("\n")[0][:200]
        yield Trouble(file=str(path), offset=number, unit="row", why=f"no more can be read ({why})")


READERS: Mapping[str, Callable[[Path, Columns], Iterator[Page | Trouble]]] = {
    "text": text_pages,
    "csv": csv_pages,
    "jsonl": jsonl_pages,
    "parquet": parquet_pages,
}


def _lines(path: Path) -> Iterator[tuple[int, str | Trouble]]:
    """Lines with their numbers; one that is too long is passed over in bounded memory."""
    with _opened(path) as stream:
        number = 0
        while True:
            try:
                line = stream.readline(MAX_LINE)
                whole = line.endswith(b"\n") or len(line) < MAX_LINE
                while not whole and (more := stream.readline(MAX_LINE)):
                    whole = more.endswith(b"\n")
            except (OSError, EOFError, zlib.error) as error:
                yield number, _trouble(path, number, f"no more can be read ({str(error)[:200]})")
                return
            if not line:
                return
            number += 1
            if len(line) >= MAX_LINE and not line.endswith(b"\n"):
                yield number, _trouble(path, number, f"a line of more than {MAX_LINE} bytes")
            else:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8", "replace")


def _opened(path: Path) -> BinaryIO:
    stream = path.open("rb")
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if packed else stream  # type: ignore[return-value]


def _page(path: Path, number: int, unit: str, values: Mapping[str, Any], columns: Columns) -> Page | Trouble:
    url = values.get(columns.url)
    text = url.strip() if isinstance(url, str) else ""
    if len(text) > MAX_URL or not text[:8].lower().startswith(("http://", "https://")):
        shown = text[:80] if text else repr(url)[:80]
        return Trouble(file=str(path), offset=number, unit=unit, why=f"no http or https URL: {shown}")
    size = values.get(columns.bytes) if columns.bytes else None
    return Page(
        url=text,
        file=str(path),
        offset=number,
        date=_moment(values.get(columns.date)) if columns.date else None,
        bytes=_size(size),
        missing=_MISSING,
    )


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return moment_of(value.replace(" ", "T", 1)) if isinstance(value, str) else None


def _size(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and 0 <= value < 2**62 else None


def _first(by_name: Mapping[str, str], wanted: Sequence[str]) -> str | None:
    return next((by_name[name.lower()] for name in wanted if name.lower() in by_name), None)


def _no_column(path: Path, names: Sequence[str], columns: Columns, number: int = 1) -> Trouble:
    wanted = columns.url or "url"
    has = ", ".join(names[:20])[:300] or "none"
    return _trouble(path, number, f"no column {wanted!r}; columns here: {has}; --url-column names it")


def _trouble(path: Path, number: int, why: str) -> Trouble:
    return Trouble(file=str(path), offset=number, unit="line", why=why)
