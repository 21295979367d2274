"""From a row to a document: read, check, decompress, and say what text it is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

from w3lib.encoding import html_to_unicode

from crawler.exports.dataset.main_text import HTML, declared_language, language_of, main_text
from crawler.exports.dataset.model import Dataset, Document
from crawler.present import Json
from crawler.present import document as document_keys
from crawler.store.queries.documents import KeptDocument
from crawler.store.warc import (
    BodyTooLargeError,
    UnreadableEncodingError,
    WarcIntegrityError,
    decoded_body,
    parse_member,
    read_member,
)

HEADS = 2**20
"""Room for the record's own header, the HTTP head, and a coding that made the body larger."""
TEXT_TYPES = frozenset(
    {"application/json", "application/xhtml+xml", "application/xml", "application/ld+json"}
)


def checked(dataset: Dataset) -> Iterator[Document]:
    """Every document of the dataset, read as it is asked for.

    Raises WarcIntegrityError, which names file and offset, where a stored record is not the one that
    was written, or its body not the one that was decided about.
    """
    for row in dataset.documents:
        yield _checked(dataset, row)


def _checked(dataset: Dataset, row: KeptDocument) -> Document:
    path, offset = dataset.data / row.warc_file, row.warc_offset
    member = read_member(path, offset, row.warc_length)
    # The record knows how large the body is, so nothing can unpack to more, whatever the file says.
    record = parse_member(member, path, offset, limit=2 * row.bytes + HEADS)
    try:
        body = decoded_body(record, limit=row.bytes)
    except (BodyTooLargeError, UnreadableEncodingError) as error:
        raise WarcIntegrityError(path, offset, f"the body cannot be decoded ({error})") from error
    if sha256(body).hexdigest() != row.body_sha256:
        raise WarcIntegrityError(path, offset, f"the body is not the one decision {row.decision_id} kept")
    return Document(row=row, member=member, record=record, body=body)


def content_of(document: Document, *, main: bool = False) -> Json:
    """The document with its content under JSON's names: text where it is text, else base 64.

    `main` adds the main text of a page, the language it is in (of what is no page, that of the text), and
    the language the page says it is in.
    """
    status = document.record.status_line.split(b" ", 2)[1:2]
    charset, text = text_of(document)
    more: Json = {}
    if main:
        kind = document.row.media_type
        found = main_text(kind, text)
        more = {
            "main_text": found,
            "language": language_of(found or (None if kind in HTML else text)),
            "declared_language": declared_language(kind, text),
        }
    return {
        **document_keys(document.row),
        "status": int(status[0]) if status and status[0].isdigit() else None,
        "charset": charset,
        "text": text,
        "body_base64": None if text is not None else b64encode(document.body).decode(),
        **more,
    }


def text_of(document: Document) -> tuple[str | None, str | None]:
    """Character encoding and text, found as browsers do; None for what is no text.

    https://encoding.spec.whatwg.org/#decode
    """
    media_type = document.row.media_type
    if not (
        media_type.startswith("text/") or media_type in TEXT_TYPES or media_type.endswith(("+xml", "+json"))
    ):
        return None, None
    return html_to_unicode(document.record.header(b"content-type").decode("latin-1"), document.body)
