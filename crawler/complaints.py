"""The desk for complaints, whichever way they come: what is promised, and what somebody names."""

from __future__ import annotations

import re

from blocklists.hostnames import canonical_host, is_ip, registrable_domain
from crawler.config import Config
from crawler.store.complaints import Promise
from crawler.store.queries.lookup import LookupFilter

MAIL = re.compile(r"[^@\s\x00-\x20]{1,64}@[^@\s\x00-\x20]{1,190}\.[^@\s\x00-\x20.]{2,63}")
MAX_SUBJECT = 2048


class SubjectError(ValueError):
    """What was named is no site, folder or page; the message says how to write it."""


def promise_of(config: Config) -> Promise:
    """What the operator promises."""
    publish = config.publish
    return Promise(
        confirm_days=publish.confirm_days, answer_days=publish.answer_days, close_days=publish.close_days
    )


def mail_address(config: Config) -> str:
    """Where complaints may be sent by mail; empty where that is no address."""
    contact = config.identity.complaint or config.operator.contact
    return contact if MAIL.fullmatch(contact) else ""


def complaint_path(reference: str, token: str, language: str) -> str:
    """The path of a complaint's page, in the language it is answered in."""
    return f"{'' if language == 'en' else f'/{language}'}/complaint/{reference}/{token}"


def domain_in(text: str) -> str:
    """The host of the first line that has one."""
    for line in text.splitlines():
        host = canonical_host(line.strip()[:MAX_SUBJECT]) if "." in line else None
        if host:
            return host
    return ""


def subject_of(text: str) -> LookupFilter:
    """A domain, a folder that ends with a slash, or one address. Raises SubjectError."""
    wanted = LookupFilter(subject=text.strip()[:MAX_SUBJECT])
    if not wanted.host:
        raise SubjectError(f"{text[:80]}: no host in it; write example.org or https://example.org/page")
    if not is_ip(wanted.host) and registrable_domain(wanted.host) is None:
        raise SubjectError(f"{wanted.host} is a name under which others register theirs; name one domain")
    return wanted if wanted.is_prefix else LookupFilter(subject=wanted.host)
