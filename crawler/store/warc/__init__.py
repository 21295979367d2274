"""WARC 1.1 files: kept documents and evidence, readable by pywb, warcio and everybody else.

https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

from crawler.store.warc.codings import BodyTooLargeError, UnreadableEncodingError
from crawler.store.warc.file import Position, WarcFile, gzip_member, truncate_to
from crawler.store.warc.reading import (
    StoredRecord,
    WarcIntegrityError,
    decoded_body,
    parse_member,
    read_member,
    read_record,
)
from crawler.store.warc.records import (
    About,
    Extract,
    Received,
    Record,
    metadata_record,
    request_record,
    response_record,
    warcinfo_record,
)
from crawler.store.warc.redacting import Notice, is_redaction, overwrite

__all__ = [
    "About",
    "BodyTooLargeError",
    "Extract",
    "Notice",
    "Position",
    "Received",
    "Record",
    "StoredRecord",
    "UnreadableEncodingError",
    "WarcFile",
    "WarcIntegrityError",
    "decoded_body",
    "gzip_member",
    "is_redaction",
    "metadata_record",
    "overwrite",
    "parse_member",
    "read_member",
    "read_record",
    "request_record",
    "response_record",
    "truncate_to",
    "warcinfo_record",
]
