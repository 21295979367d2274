"""JSON Lines: a document a line, text as text, everything else in base 64."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from crawler.exports.dataset.documents import content_of
from crawler.exports.dataset.model import Add, Dataset, DatasetFormat, Document
from crawler.present import dumps


@contextmanager
def begin(stream: BinaryIO, name: str, dataset: Dataset) -> Iterator[Add]:
    """Lines in UTF-8, in the order of the decisions."""

    def add(document: Document) -> None:
        stream.write(dumps(content_of(document, main=dataset.main_text)).encode() + b"\n")

    yield add


FORMAT = DatasetFormat(name="jsonl", suffix=".jsonl", open=begin)
