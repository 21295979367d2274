"""The feeds of single domains as files, beside what else is published: `feeds/example.org.atom`, `.json`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crawler.complaints import SubjectError, subject_of
from crawler.config import Config
from crawler.identity.publish import File
from crawler.store.database import Connection
from crawler.store.queries.feeds import domains_to_tell
from crawler.web import feed
from crawler.web.language import language

MOST = 1000
"""Domains that are written without being named: each is two files, and a page's worth of queries."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._:-]{0,252}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The domains whose feeds are written."""

    hosts: tuple[str, ...]
    has_more: bool
    """Whether there are more than are written without being named."""


def chosen_domains(connection: Connection, named: Iterable[str], *, every: bool, most: int = MOST) -> Chosen:
    """Those that were named, and with `every` those with a reservation or exclusion in the record.

    Raises SubjectError for a name that is none.
    """
    hosts = []
    for text in named:
        wanted = subject_of(text)
        if wanted.is_prefix:
            raise SubjectError(f"{text}: a feed is of a domain; write {wanted.host}")
        hosts.append(wanted.host)
    found = domains_to_tell(connection, most + 1) if every else ()
    names = dict.fromkeys((*hosts, *found[:most]))
    return Chosen(hosts=tuple(n for n in names if _is_file_name(n)), has_more=len(found) > most)


def domain_files(connection: Connection, config: Config, hosts: Iterable[str]) -> Iterator[File]:
    """Two files for each domain, the bytes that `forbear serve` answers with at the same place."""
    speech = language("en")
    for host in hosts:
        told = feed.feed_of(connection, config, host, config.publish.base_url, speech)
        for form, body, media_type in (
            ("atom", feed.atom(told), feed.ATOM_TYPE),
            ("json", feed.json_feed(told), feed.JSON_TYPE),
        ):
            headers = {
                "Content-Type": media_type,
                "Cache-Control": "public, max-age=3600",
                "X-Robots-Tag": "noindex",
            }
            yield File(path=f"feeds/{host}.{form}", body=body, headers=headers)


def _is_file_name(host: str) -> bool:
    """A host in normal form is one; `policy`, which has a feed already, is no domain."""
    return bool(_NAME.fullmatch(host)) and ("." in host or ":" in host)
