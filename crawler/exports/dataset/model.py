"""What goes into an export, what a format is, and what is told about the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from crawler.present import Json
from crawler.store.queries.documents import KeptDocument
from crawler.store.queries.left_out import LeftOut
from crawler.store.warc import About, StoredRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What is to be exported."""

    data: Path
    """The instance's data folder, which places of records are below."""
    documents: Iterable[KeptDocument]
    """Documents that are kept at `moment`."""
    moment: datetime
    """When the record was asked; what was withdrawn later is not left out."""
    about: About
    actor: str = ""
    """The account that exports it."""
    filter: Mapping[str, object] = field(default_factory=dict)
    """What was asked for."""
    as_of: int = 0
    """The last decision the record had at `moment`."""
    checkpoint: Json | None = None
    """How far the log was then."""
    policies: Mapping[int, str] = field(default_factory=dict)
    """The terms of each crawl."""
    left_out: tuple[LeftOut, ...] = ()
    """What is held and not among the documents, by reason."""
    main_text: bool = False
    """Whether pages get their main text and its language beside the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A kept document with its bytes, checked against its digest and the record's."""

    row: KeptDocument
    member: bytes
    """The WARC record as stored, compressed."""
    record: StoredRecord
    body: bytes
    """The body with its Content-Encoding undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """One file of an export."""

    name: str
    bytes: int
    sha256: str
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an export holds, written beside it as `manifest.json`."""

    format: str
    moment: datetime
    software: str
    operator: str
    actor: str
    filter: Mapping[str, object]
    as_of: int
    checkpoint: Json | None
    time_range: tuple[datetime, datetime] | None
    """From when to when the documents were kept."""
    policies: tuple[str, ...]
    """Terms they were kept under."""
    documents: int
    bytes: int
    """Of all bodies, decompressed."""
    files: tuple[ExportFile, ...]
    left_out: tuple[LeftOut, ...] = ()
    """Documents that are held and left out: reserved, unknown or withdrawn by now."""
    extractor: str | None = None
    """What found the main text; None where none was wanted."""


Add = Callable[[Document], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFormat:
    """A way to write a dataset."""

    name: str
    """What `--format` calls it."""
    suffix: str
    has_text: bool = True
    """Whether it has a place for main text."""
    open: Callable[[BinaryIO, str, Dataset], AbstractContextManager[Add]]
    """Begin a file of that name; what it gives adds a document, in bounded memory, and leaving it ends
    the file. A file without documents is a valid one too."""
