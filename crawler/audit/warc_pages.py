"""Answers of a WARC file as pages to judge: their heads and signals, never their bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import urljoin

from crawler.audit.bytestream import open_stream
from crawler.audit.http_message import (
    MAX_HEAD,
    BodyLostError,
    Message,
    MessageError,
    read_message,
    whole_body,
)
from crawler.audit.model import Page, Trouble
from crawler.audit.warc_records import WarcRecord, records
from crawler.redaction import redacted
from crawler.scope import failed, left_out
from reservations.model import RESPONSE, Agent, Evidence, Outcome, Reason
from reservations.read import signals
from reservations.readers.terms_links import terms_links

Credentials = Callable[[str, bytes, str, datetime], Evidence | None]
"""Media type, body, URL and time to what content credentials say."""
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
_JUDGED = frozenset({"response", "revisit", "resource", "conversion"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class WarcPages:
    """Reads pages out of WARC files. `is_file` says which URLs are location files, which are no pages."""

    def __init__(
        self,
        agent: Agent,
        max_body: int,
        is_file: Callable[[str], bool],
        credentials: Credentials,
        *,
        terms_bind: bool = False,
    ) -> None:
        """`terms_bind`: a reservation in terms that a page links counts, so they would have to be read."""
        self._terms_bind = terms_bind
        self._agent = agent
        self._max_body = max_body
        self._is_file = is_file
        self._credentials = credentials

    def pages(self, stream: BinaryIO, file: str) -> Iterator[Page | Trouble]:
        """Every page of a file, and every place that could not be read."""
        for record in records(open_stream(stream), file, self._room):
            if isinstance(record, Trouble):
                yield record
            elif self._is_page(record.fields):
                yield self._page(record, file)

    def _is_page(self, fields: Mapping[str, str]) -> bool:
        url = fields.get("warc-target-uri", "").removeprefix("<")
        return (
            fields.get("warc-type", "").lower() in _JUDGED
            and url[:8].lower().startswith(("http://", "https://"))
            and not self._is_file(url.removesuffix(">"))
        )

    def _room(self, fields: Mapping[str, str]) -> int:
        return self._max_body + MAX_HEAD if self._is_page(fields) else 0

    def _page(self, record: WarcRecord, file: str) -> Page | Trouble:
        usual = Page(
            url=record.url,
            file=file,
            offset=record.offset,
            date=record.date,
            record=record.fields.get("warc-record-id"),
        )
        if record.type == "conversion":
            return replace(usual, missing=("head", "body"))
        if record.type == "resource":
            return self._resource(usual, record)
        try:
            message = read_message(record.block)
        except MessageError as error:
            return Trouble(file=file, offset=record.offset, unit="byte", why=f"{error} ({record.url[:200]})")
        return self._answer(usual, record, message)

    def _answer(self, page: Page, record: WarcRecord, message: Message) -> Page:
        when = page.date or UNDATED
        head = Evidence(
            kind=RESPONSE,
            url=page.url,
            outcome=Outcome.FOUND,
            fetched_at=when,
            status=message.status,
            fields=redacted(message.fields),
        )
        media_type = message.field("content-type").partition(";")[0].strip().lower()[:200]
        page = replace(
            page,
            evidence=(head,),
            status=message.status,
            media_type=media_type or None,
            found=tuple(_redirect(page.url, message)),
        )
        if record.type == "revisit":
            return replace(page, missing=("body",))
        try:
            body = whole_body(message, self._max_body)
        except BodyLostError as error:
            return replace(
                page, found=(*page.found, failed(error.code.partition(".")[2], str(error))), missing=("body",)
            )
        return self._read(page, record, head, body)

    def _resource(self, page: Page, record: WarcRecord) -> Page:
        """A body without the head it came with."""
        kind = record.fields.get("content-type", "")
        head = Evidence(
            kind=RESPONSE,
            url=page.url,
            outcome=Outcome.FOUND,
            fetched_at=page.date or UNDATED,
            fields=(("Content-Type", kind),),
        )
        read = self._read(page, record, head, record.block)
        # the head was made up to read the body by, and is no evidence
        return replace(
            read,
            media_type=kind.partition(";")[0].strip().lower()[:200] or None,
            missing=("head", *read.missing),
        )

    def _read(self, page: Page, record: WarcRecord, head: Evidence, body: bytes) -> Page:
        found = [*page.evidence, *signals(head, body, self._agent)]
        media_type = page.media_type or ""
        if (told := self._credentials(media_type, body, page.url, head.fetched_at)) is not None:
            found.append(told)
        cut = tuple(_cut(record, self._max_body))
        terms = terms_links(body, head.fields, page.url)[:1] if self._terms_bind else ()
        unread = (
            failed("evidence_missing", f"the terms at {link.url[:500]} were not read") for link in terms
        )
        return replace(
            page,
            evidence=tuple(found),
            bytes=len(body),
            found=(*page.found, *cut, *unread),
            missing=(*(("body",) if cut else ()), *(("terms",) if terms else ())),
            whole=not cut,
        )


def _cut(record: WarcRecord, limit: int) -> Iterator[Reason]:
    said = record.fields.get("warc-truncated", "")
    if said:
        yield failed("truncated", f"the record is cut: {said[:100]}")
    elif len(record.block) < record.length:
        yield failed("too_large", f"more than {limit} bytes")


def _redirect(url: str, message: Message) -> Iterator[Reason]:
    location = message.field("location")
    if message.status in _REDIRECTS and location:
        try:
            target = urljoin(url, location)
        except ValueError:
            target = location
        yield left_out("redirect", f"answered {message.status} to {target[:500]}")
