"""Rules of a `tdmrep.json`: what the report allows, and what plainly reserves all the same.

TDMRep final report of 10 May 2024, section "TDM File on the Origin Server". A rule the report would
accept is marked so; one that can only be read with leniency never permits anything, it can only
reserve. The shapes read leniently are all taken from files in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from urllib.parse import urlsplit

from reservations.model import Evidence, NoteKind, Outcome, quoted
from reservations.origins import origin_of
from reservations.readers.json_document import (
    Json,
    JsonArray,
    JsonDocument,
    JsonObject,
    Member,
    objects_in,
    read_json,
)
from reservations.readers.location_answer import PARTIAL
from reservations.readers.path_pattern import PathPattern, compile_pattern
from reservations.readers.robots_page import is_page, is_shut_door, says_challenge
from reservations.readers.tdmrep_notes import (
    BAD_LOCATION,
    DUPLICATE,
    IS_HTML,
    NOT_ARRAY,
    NOT_JSON,
    REPAIRED,
    RULE_INVALID,
)
from reservations.readers.tdmrep_values import RESERVATION, lenient_value, strict_value

MAX_RULES = 10_000
MAX_FINDINGS = 20

_QUOTE = "[\"'\u201c\u201d\u201e\u2018\u2019]?"
_SALVAGE = re.compile(
    rf"tdm[-_:]?reservation{_QUOTE}\s*+[:=]\s*+{_QUOTE}(?:0{{0,9}}[12](?![0-9.])|true\b)", re.IGNORECASE
)
_MARKUP = re.compile(r"<[^<>]{0,500}>")
_MAX_WRAPPED = 100_000
"""Characters of a web page that are looked at for a file inside it."""
_DENIALS = frozenset(
    {
        "deny",
        "denied",
        "disallow",
        "disallowed",
        "prohibit",
        "prohibited",
        "forbidden",
        "reserved",
        "allrightsreserved",
    }
)
_PARENTS = frozenset({"tdm", "tdmrep", "location"})
"""What a bare `reservation` has to stand under or beside."""
_REFUSALS = frozenset({"disallow", "deny", "prohibit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as one reader would apply it."""

    location: str
    """As written."""
    pattern: PathPattern
    origin: str
    """Origin the location names; empty where it names none."""
    value: int
    """1 reserved, 0 not reserved."""
    conforms: bool
    """Whether the report accepts it."""
    policy: str
    line: int
    quote: str

    def applies(self, origin: str, path: str) -> bool:
        """Whether it covers a path in normal form at an origin."""
        there = not self.origin or _authority(self.origin) == _authority(origin)
        return there and self.pattern.matches(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A note's kind and its place in the file."""

    kind: NoteKind
    line: int
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TdmFile:
    """A file, read."""

    rules: tuple[Rule, ...] = ()
    findings: tuple[Finding, ...] = ()


def first_match(file: TdmFile, origin: str, path: str) -> Rule | None:
    """The rule the report applies: the first in sequence, of those it accepts."""
    return next((r for r in file.rules if r.conforms and r.applies(origin, path)), None)


def cautious_match(file: TdmFile, origin: str, path: str) -> tuple[Rule | None, Rule | None]:
    """The rule to go by when a plain reservation must not be lost, and the rule it overrules.

    The report borrows its notation from robots.txt, where the longest pattern wins; whoever wrote a
    longer reserving rule below a shorter open one was thinking of that.
    """
    matching = [r for r in file.rules if r.applies(origin, path)]
    first = next((r for r in matching if r.conforms or r.value == 1), None)
    if first is None:
        return (matching[0] if matching else None), None
    if first.value == 1:
        return first, None
    longer = [r for r in matching if r.value == 1 and r.pattern.length > first.pattern.length]
    return (max(longer, key=lambda r: r.pattern.length), first) if longer else (first, None)


@lru_cache(maxsize=1024)
def read_tdmrep_file(body: bytes) -> TdmFile:
    """Read a file; once per origin, since every URL of it asks. Never raises."""
    document = read_json(body)
    if not document.ok:
        return _unreadable(document)
    findings: list[Finding] = []
    if document.repaired:
        findings.append(Finding(kind=REPAIRED, line=1, quote=quoted(document.text.strip()[:200])))
    if not isinstance(document.value, JsonArray):
        findings.append(Finding(kind=NOT_ARRAY, line=1, quote=quoted(document.text.strip()[:200])))
    rules = [rule for rule, _ in zip(_rules(document, findings), range(MAX_RULES), strict=False)]
    return TdmFile(rules=tuple(rules), findings=tuple(findings[:MAX_FINDINGS]))


def _unreadable(document: JsonDocument) -> TdmFile:
    text = document.text.lstrip()
    wrapped = _wrapped(text) if text.startswith("<") else ""
    if text.startswith("<") and not wrapped:
        return TdmFile(findings=(Finding(kind=IS_HTML, line=1, quote=quoted(text[:200])),))
    finding = Finding(kind=NOT_JSON, line=1, quote=quoted(text[:200]))
    match = _SALVAGE.search(wrapped or document.text)
    if match is None:
        return TdmFile(findings=(finding,) if text else ())
    line = 1 if wrapped else document.line(match.start())
    everywhere = _rule("/", "/", 1, "", line, match[0], conforms=False)
    return TdmFile(rules=(everywhere,), findings=(finding,))


def _wrapped(page: str) -> str:
    """The file that a web page consists of, `<pre>[...]</pre>`; empty where it has text of its own."""
    text = unescape(_MARKUP.sub("", page[:_MAX_WRAPPED])).lstrip()
    return text if text.startswith(("[", "{")) else ""


def _rules(document: JsonDocument, findings: list[Finding]) -> Iterator[Rule]:
    conforming = isinstance(document.value, JsonArray) and not document.repaired
    top = document.value.items if isinstance(document.value, JsonArray) else ()
    ranked = {id(item) for item in top if isinstance(item, JsonObject)}
    for under, node in objects_in(document.value):
        line, quote = document.line(node.offset), quoted(document.text[node.offset : node.end])
        strict = _strict_rule(node, line, quote) if conforming and id(node) in ranked else None
        lenient = _lenient_rule(under, node, line, quote, beside=strict)
        findings.extend(Finding(kind=k, line=line, quote=quote) for k in _complaints(node, strict))
        yield from (rule for rule in (lenient, strict) if rule is not None)


def _strict_rule(node: JsonObject, line: int, quote: str) -> Rule | None:
    location, reservation = _value(node.get("location")), _value(node.get(RESERVATION))
    value = strict_value(reservation)
    if not isinstance(location, str) or not location or value is None:
        return None
    return _rule(location, location, value, _policy(node), line, quote, conforms=True)


def _lenient_rule(under: str, node: JsonObject, line: int, quote: str, *, beside: Rule | None) -> Rule | None:
    """What leniency adds to the rule the report accepts, if it accepts one."""
    if beside is not None:
        reserves = any(lenient_value(m.value) == 1 for m in node.get_all(RESERVATION))
    else:
        near = "location" if node.get("location") else under
        reserves = any(_plainly_reserves(near, member) for member in node.members)
    if not reserves:
        return _weak_permission(node, line, quote) if beside is None else None
    location = _value(node.get("location"))
    written = location.strip() if isinstance(location, str) else ""
    path = _as_path(written)
    if beside is not None and beside.value == 1 and path == beside.location:
        return None
    return _rule(written or "/", path, 1, _policy(node), line, quote, conforms=False)


def _weak_permission(node: JsonObject, line: int, quote: str) -> Rule | None:
    """`"0"`: no permission for a strict reader, and nothing that could lift a reservation."""
    location, reservation = _value(node.get("location")), _value(node.get(RESERVATION))
    if not isinstance(location, str) or not location or reservation != "0":
        return None
    return _rule(location, location, 0, "", line, quote, conforms=False)


def _rule(written: str, path: str, value: int, policy: str, line: int, quote: str, *, conforms: bool) -> Rule:
    origin = "" if conforms else _origin(written)
    pattern = compile_pattern(path)
    return Rule(location=written, pattern=pattern, origin=origin, value=value, conforms=conforms,
                policy=policy, line=line, quote=quoted(quote))  # fmt: skip


def _authority(origin: str) -> str:
    """Host and port: a location that names the site by `http` means it by `https` as well."""
    return origin.rpartition("://")[2]


def _absolute(location: str) -> str:
    return f"https:{location}" if location.startswith("//") else location


def _origin(location: str) -> str:
    location = _absolute(location)
    if not location.lower().startswith(("http://", "https://")):
        return ""
    try:
        return origin_of(location)
    except ValueError:
        return "none"


def _as_path(location: str) -> str:
    location = _absolute(location)
    if location.lower().startswith(("http://", "https://")):
        try:
            parts = urlsplit(location)
        except ValueError:
            return location
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return location if location.startswith(("/", "*")) else "/" + location


def _plainly_reserves(under: str, member: Member) -> bool:
    """Whether a member, in any of the spellings in use, says that mining is reserved."""
    name, parent, value = _plain(member.name), _plain(under), member.value
    if (
        name == "tdmreservation"
        or name.endswith("tdmrepreservation")
        or (name == "reservation" and parent in _PARENTS)
    ):
        return lenient_value(value) == 1
    if name == "tdm" and parent in _REFUSALS:
        return lenient_value(value) == 1
    if name == "tdmprohibition":
        return bool(value.items) if isinstance(value, JsonArray) else value not in (None, False, 0, "", "0")
    if name == "tdmallowed":
        return value is False
    return (
        name in ("policy", "permission", "tdm", "aitraining")
        and isinstance(value, str)
        and _plain(value) in _DENIALS
    )


def _plain(name: str) -> str:
    return "".join(c for c in name[:200].lower() if c.isalnum())


def _policy(node: JsonObject) -> str:
    for member in reversed(node.members):
        if _plain(member.name) == "tdmpolicy" and isinstance(member.value, str):
            return member.value.strip()
    return ""


def _value(member: Member | None) -> Json:
    return member.value if member else None


def _complaints(node: JsonObject, strict: Rule | None) -> Iterator[NoteKind]:
    names = [m.name for m in node.members]
    if len(names) != len(set(names)):
        yield DUPLICATE
    if strict is None and any(_plain(name) in ("location", "tdmreservation") for name in names):
        yield RULE_INVALID
    proper = strict is None or strict.location.startswith(("/", "*"))
    if not proper or (strict is not None and strict.location.startswith("//")):
        yield BAD_LOCATION


def why_unknown(evidence: Evidence) -> str:
    """Why the file cannot be known now; empty where it can, or where there is none."""
    if says_challenge(evidence) or (is_page(evidence) and is_shut_door(evidence)):
        return "a login or a challenge answers in place of the file"
    if evidence.status == PARTIAL:
        return "a part of the file came, which nobody asked for"
    if evidence.outcome is Outcome.TOO_LARGE:
        return evidence.why or "the file is larger than we read"
    if evidence.outcome is Outcome.UNREACHABLE:
        return evidence.why or "the file could not be reached"
    asked = (evidence.outcome, evidence.status)
    if evidence.outcome is Outcome.MALFORMED or asked == (Outcome.REFUSED, None):
        return evidence.why or "the file's redirects lead nowhere, or where we do not go"
    if evidence.outcome is Outcome.REFUSED and evidence.status is not None:
        # 407 is our own proxy, which says nothing about the site.
        limited = evidence.status in (407, 429) or evidence.status >= 500
        return f"the file answers {evidence.status}" if limited else ""
    return ""
