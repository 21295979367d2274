"""DNS response policy zones, as providers generate them from the orders they get.

A name and its wildcard are two records: `film.example` reaches itself, `*.film.example` what lies
below. `rpz-passthru.` exempts a name from the wider records of its zone
(https://datatracker.ietf.org/doc/html/draft-vixie-dnsop-dns-rpz-00).
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from blocklists.defaults import Defaults
from blocklists.intake import Intake
from blocklists.model import Parsed, Scope, Status
from blocklists.source import Source

_CLASSES = frozenset({"IN", "CH", "HS"})
_ZONE_RECORDS = frozenset({"SOA", "NS", "DNAME", "RRSIG", "DNSKEY", "NSEC", "NSEC3", "TXT"})
_OTHER_TRIGGERS = (".rpz-client-ip", ".rpz-nsip", ".rpz-nsdname")


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read a zone file. How far a name reaches is said by its records, not by the operator."""
    intake = Intake(defaults)
    origin, owner, depth = "", "", 0
    for number, line in _uncommented(intake, data):
        # A SOA record goes on over several lines inside brackets.
        inside, depth = depth > 0, max(0, depth + line.count("(") - line.count(")"))
        if inside or not line.strip():
            continue
        words = line.split()
        if words[0].startswith("$"):
            origin = words[1].strip(".").lower() if words[0].upper() == "$ORIGIN" and words[1:] else origin
            continue
        if not line[0].isspace():
            owner = words.pop(0).lower()
        record = _record(words)
        if record is None:
            intake.reject(number, line, "not a resource record")
        elif record[0] == "SOA" and owner.endswith("."):
            origin = origin or owner.strip(".")
        elif record[0] not in _ZONE_RECORDS:
            _take(intake, number, line, _relative(owner, origin), record)
    return intake.parsed()


def _uncommented(intake: Intake, data: bytes) -> list[tuple[int, str]]:
    # `lines` strips; a record without an owner is told by the space it begins with.
    text = data.removeprefix(b"\xef\xbb\xbf")
    starts = [raw[:1] in (b" ", b"\t") for raw in text.splitlines()]
    cleaned = []
    for number, line in intake.lines(data):
        indent = " " if number <= len(starts) and starts[number - 1] else ""
        cleaned.append((number, indent + line.partition(";")[0].rstrip()))
    return cleaned


def _record(words: list[str]) -> tuple[str, str] | None:
    """Type and target of a record, past its lifetime and class."""
    while words and (words[0].upper() in _CLASSES or words[0][0].isdigit()):
        words = words[1:]
    if not words or not words[0].isalnum():
        return None
    return words[0].upper(), words[1].lower() if len(words) > 1 else ""


def _relative(owner: str, origin: str) -> str:
    if not owner.endswith("."):
        return owner
    name = owner.strip(".")
    return name.removesuffix(f".{origin}") if origin else name


def _take(intake: Intake, number: int, line: str, owner: str, record: tuple[str, str]) -> None:
    kind, target = record
    name = owner.removeprefix("*.")
    scope = Scope.SUBDOMAINS if owner.startswith("*.") else Scope.EXACT_HOST
    if owner.endswith(_OTHER_TRIGGERS):
        intake.reject(number, line, "it triggers on servers or clients, not on a name")
        return
    if owner.endswith(".rpz-ip"):
        address = _address(owner.removesuffix(".rpz-ip"))
        if address is None:
            intake.reject(number, line, "a network, not a single address")
            return
        name, scope = address, Scope.IP_LITERAL
    if kind == "CNAME" and target == "rpz-tcp-only.":
        intake.reject(number, line, "an action that blocks nothing")
        return
    before = intake.defaults
    if kind == "CNAME" and target.strip(".") in ("rpz-passthru", name):
        intake.defaults = replace(before, status=Status.EXCEPTED)
    intake.name(number, name, scope=scope, raw=line)
    intake.defaults = before


def _address(trigger: str) -> str | None:
    """`32.7.100.51.198` is 198.51.100.7/32: prefix first, the rest reversed, `zz` for `::`."""
    prefix, _, rest = trigger.partition(".")
    parts = rest.split(".")[::-1]
    if prefix == "32":
        text = ".".join(parts)
    elif prefix == "128":
        text = "::".join(side.strip(":") for side in ":".join(parts).split("zz", 1))
    else:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


SOURCE = Source(
    name="rpz",
    title="DNS response policy zone",
    description="What a provider's name servers answer for listed names; exemptions are honoured.",
    parse=parse,
    needs=("--ground", "--jurisdiction", "--body"),
)
