"""WARC: the records as they lie in the instance, byte for byte, behind a header of the export's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from crawler.exports.bundle.archive import named
from crawler.exports.dataset.model import Add, Dataset, DatasetFormat, Document
from crawler.store.warc import gzip_member, warcinfo_record


@contextmanager
def begin(stream: BinaryIO, name: str, dataset: Dataset) -> Iterator[Add]:
    """Copy compressed records: nothing is compressed again, and every digest stays true."""
    stream.write(gzip_member(named(warcinfo_record(dataset.about, name, dataset.moment), name)))

    def add(document: Document) -> None:
        stream.write(document.member)

    yield add


FORMAT = DatasetFormat(name="warc", suffix=".warc.gz", open=begin, has_text=False)
