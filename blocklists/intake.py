"""What every importer shares: what the operator states, the guards, and lines made into entries.

An importer turns its format into names and hands each to an `Intake`, which makes an entry of it or
keeps the line with the reason why not. Nothing is dropped without a word, and nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterator

from blocklists.defaults import Defaults, body_kind_of, bounded, jurisdiction_of, recognition_of
from blocklists.hostnames import (
    canonical_host,
    is_ip,
    is_public_suffix,
    is_reserved,
    parents,
    registrable_domain,
)
from blocklists.model import Confidence, Entry, Parsed, Rejected, Scope, Status, ValueKind, derived_id
from blocklists.prefixes import split_target

MAX_BYTES = 128 * 1024 * 1024
MAX_LINES = 2_000_000
MAX_LINE = 4_096

_GENERAL = """
    amazon.com apple.com archive.org bing.com cloudflare.com discord.com dropbox.com facebook.com
    github.com gitlab.com google.com heise.de instagram.com linkedin.com mail.ru mega.co.nz mega.nz
    microsoft.com mozilla.org openstreetmap.org paypal.com pinterest.com reddit.com telegram.org
    tiktok.com twitch.tv twitter.com vimeo.com vk.com whatsapp.com wikimedia.org wikipedia.org
    wordpress.com x.com yahoo.com yandex.ru youtube.com
"""
GENERAL_SITES = frozenset(_GENERAL.split())
"""Very large general sites. Lists have named such by mistake, so a person must enter them by hand."""

_NOT_A_LIST = {
    b"<!doctype": "an HTML page",
    b"<html": "an HTML page",
    b"%pdf-": "a PDF file",
    b"pk\x03\x04": "a ZIP file",
    b"\x1f\x8b": "a gzip file",
}
_EXTRA = frozenset("/\\?#@")
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


class Intake:
    """Collects the entries and rejected lines of one list."""

    def __init__(self, defaults: Defaults, *, curated: bool = False) -> None:
        """`curated`: a person entered each line by hand, so very large general sites are let in."""
        self.defaults = defaults
        self.curated = curated
        self._entries: dict[str, Entry] = {}
        self._rejected: list[Rejected] = []

    def parsed(self) -> Parsed:
        """All that was collected."""
        return Parsed(entries=tuple(self._entries.values()), rejected=tuple(self._rejected))

    def reject(self, line: int, text: str, reason: str, remedy: str = "") -> None:
        """Keep a line that is not imported."""
        self._rejected.append(Rejected(line=line, text=bounded(text), reason=reason, remedy=remedy))

    def lines(self, data: bytes) -> Iterator[tuple[int, str]]:
        """The numbered lines of a text list. What is no text list is rejected as a whole."""
        if problem := not_a_list(data):
            self.reject(0, problem, problem, "fetch the list itself, as plain text")
            return
        for number, raw in enumerate(_text_bytes(data).splitlines(), 1):
            if number > MAX_LINES:
                self.reject(number, "", f"the list has more than {MAX_LINES} lines; the rest was not read")
                return
            if len(raw) > MAX_LINE:
                self.reject(number, raw[:MAX_LINE].decode("utf-8", "replace"), "the line is too long")
                continue
            try:
                yield number, raw.decode("utf-8").strip()
            except UnicodeDecodeError:
                self.reject(number, raw.decode("latin-1"), "not UTF-8", "save the list as UTF-8")

    def name(
        self, line: int, text: str, *, scope: Scope | None = None, note: str = "", raw: str = ""
    ) -> None:
        """Take a name or address. A leading dot or `*.` says how far it reaches; else `scope` does.

        `raw` is the line to show where that is more than the name.
        """
        reason, remedy = self.defaults.objection()
        wanted = scope or self.defaults.scope or Scope.EXACT_HOST
        if text.startswith("*."):
            text, wanted = text[2:], Scope.SUBDOMAINS
        elif text.startswith("."):
            text, wanted = text[1:], Scope.DOMAIN_AND_SUBDOMAINS
        # A path or user information would be lost here, and the entry wider than the list.
        host = canonical_host(text) if _EXTRA.isdisjoint(text) else None
        if not reason:
            reason, remedy = self.name_objection(host)
        if reason or host is None:
            self.reject(line, raw or text, reason, remedy)
            return
        wanted = Scope.IP_LITERAL if is_ip(host) else wanted
        self.add(_entry(self.defaults, host, wanted, note=note, listed_as=text))

    def url(self, line: int, text: str, *, scope: Scope | None = None, note: str = "") -> None:
        """Take a URL. One without a path names its host; one with a path names that path only."""
        target = split_target(text)
        if target is None or target[1] == "/":
            bare = target[0] if target and not _EXTRA.isdisjoint(text) else text
            self.name(line, bare, scope=scope, note=note, raw=text)
            return
        reason, remedy = self.defaults.objection()
        if not reason:
            reason, remedy = self.name_objection(target[0], whole_site=False)
        if reason:
            self.reject(line, text, reason, remedy)
            return
        self.add(_entry(self.defaults, "".join(target), Scope.URL_PREFIX, note=note, listed_as=text))

    def add(self, entry: Entry) -> bool:
        """Take an entry as it is; False if its id is taken. A repeated name is one entry."""
        return self._entries.setdefault(entry.entry_id, entry) is entry

    def name_objection(self, host: str | None, *, whole_site: bool = True) -> tuple[str, str]:
        """Reason and remedy why a name cannot be listed; empty if it can."""
        if host is None or not (is_ip(host) or _LABEL.issuperset(host)):
            return "not a host name or address", ""
        if is_reserved(host):
            allowed = self.defaults.allow_private and ("." in host or ":" in host)
            return ("", "") if allowed else ("a reserved name or address", "")
        if is_ip(host):
            return "", ""
        if "." not in host:
            return "a single label", ""
        if whole_site and is_public_suffix(host):
            return "a public suffix: unrelated sites share it", ""
        if any(host == name for mine in self.defaults.own_hosts for name in (mine, *parents(mine))):
            return "names the operator's own host", "ask the body that made the decision"
        if whole_site and not self.curated and host.removeprefix("www.") in GENERAL_SITES:
            return "a very large general site", "if the decision names it, enter it by hand as JSON Lines"
        return "", ""


def not_a_list(data: bytes) -> str:
    """What these bytes are instead of a text list; empty if they may be one."""
    if len(data) > MAX_BYTES:
        return f"the list is larger than {MAX_BYTES} bytes"
    head = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((f"this is {what}" for magic, what in _NOT_A_LIST.items() if head.startswith(magic)), "")


def kind_of_host(host: str) -> ValueKind:
    """Whether a host in normal form is an address, a registrable domain, or lies below one."""
    if is_ip(host):
        return ValueKind.IP
    return ValueKind.DOMAIN if registrable_domain(host, private=True) == host else ValueKind.HOST


def _entry(defaults: Defaults, value: str, scope: Scope, *, note: str, listed_as: str) -> Entry:
    body = defaults.body or ""
    body_kind = defaults.body_kind or body_kind_of(body)
    return Entry(
        entry_id=derived_id(defaults.source, scope, value)
        + ("/excepted" if defaults.status is Status.EXCEPTED else ""),
        value=value,
        value_kind=ValueKind.URL_PREFIX if scope is Scope.URL_PREFIX else kind_of_host(value),
        scope=scope,
        jurisdiction=jurisdiction_of(defaults.jurisdiction or "") or "",
        body=body,
        body_kind=body_kind,
        recognition_kind=defaults.recognition_kind or recognition_of(body_kind),
        legal_ground=defaults.legal_ground or "",
        source=defaults.source,
        status=defaults.status,
        decision_ref=defaults.decision_ref,
        decided_on=defaults.decided_on,
        valid_from=defaults.valid_from,
        valid_to=defaults.valid_to,
        status_source="list",
        source_url=defaults.source_url,
        retrieved_at=defaults.retrieved_at,
        confidence=defaults.confidence or Confidence.MEDIUM,
        note=note,
        listed_as="" if listed_as == value else bounded(listed_as),
    )


def _text_bytes(data: bytes) -> bytes:
    """UTF-8 without its mark; UTF-16 with a mark, as Windows editors write it, turned into UTF-8."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(b"\xef\xbb\xbf")
