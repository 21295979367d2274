"""Our own interchange format: JSON Lines, an entry a line. Any decision can be entered by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from blocklists.codec import EntryError, from_json, loads, normal_value
from blocklists.defaults import FLAGS, Defaults, body_kind_of, bounded, jurisdiction_of, recognition_of
from blocklists.hostnames import canonical_host
from blocklists.intake import Intake, kind_of_host
from blocklists.model import BodyKind, Entry, Parsed, Scope, ValueKind, derived_id
from blocklists.policy import is_copyright
from blocklists.prefixes import split_target
from blocklists.source import Source

_FROM_DEFAULTS = (
    "source", "legal_ground", "jurisdiction", "body", "body_kind", "recognition_kind", "decision_ref",
    "decided_on", "valid_from", "valid_to", "status", "source_url", "retrieved_at", "confidence",
)  # fmt: skip


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read JSON Lines. What a line leaves out is taken from the operator's defaults."""
    intake = Intake(defaults, curated=True)
    for number, line in intake.lines(data):
        if not line or line.startswith("#"):
            continue
        try:
            entry = _entry(loads(line), defaults)
        except EntryError as error:
            intake.reject(number, line, str(error), _remedy(str(error)))
            continue
        host = canonical_host(entry.value)
        reason, remedy = intake.name_objection(host, whole_site=entry.value_kind is not ValueKind.URL_PREFIX)
        if reason:
            intake.reject(number, line, reason, remedy)
        elif not intake.add(entry):
            intake.reject(number, line, "an earlier line has its entry_id", "give it an id of its own")
    return intake.parsed()


def _entry(given: dict[str, Any], defaults: Defaults) -> Entry:
    fields: dict[str, Any] = {"status_source": "manual"}
    for name in _FROM_DEFAULTS:
        if stated := getattr(defaults, name):
            fields[name] = stated.isoformat() if isinstance(stated, date) else stated
    # The source is what the operator calls this file, so that a reason code names it.
    fields |= {name: value for name, value in given.items() if value not in (None, "") and name != "source"}
    _require(fields)
    _fill_kinds(fields, defaults)
    _normalise(fields)
    fields.setdefault("entry_id", derived_id(fields["source"], fields["scope"], fields["value"]))
    return from_json(fields)


def _require(fields: dict[str, Any]) -> None:
    for name in ("value", "legal_ground", "jurisdiction", "body"):
        if name not in fields:
            raise EntryError("legal ground unknown" if name == "legal_ground" else f"no {name}")
        if not isinstance(fields[name], str):
            raise EntryError(f"{name} is not text")
    if not is_copyright(fields["legal_ground"]):
        raise EntryError(f"the legal ground is not copyright: {bounded(fields['legal_ground'])}")
    code = jurisdiction_of(fields["jurisdiction"])
    if code is None:
        raise EntryError("jurisdiction is not a two-letter country code or EU")
    fields["jurisdiction"] = code


def _fill_kinds(fields: dict[str, Any], defaults: Defaults) -> None:
    """Kinds nobody stated, worked out from the value and from the body's name."""
    value = fields["value"]
    if value.startswith("*."):
        fields["value"] = value = value[2:]
        fields.setdefault("scope", Scope.SUBDOMAINS)
    fields.setdefault("value_kind", _kind_of(value, fields.get("scope")))
    fields.setdefault("scope", _usual_scope(fields["value_kind"], defaults))
    fields.setdefault("body_kind", body_kind_of(fields["body"]))
    if fields["body_kind"] in tuple(BodyKind):
        fields.setdefault("recognition_kind", recognition_of(BodyKind(fields["body_kind"])))


def _kind_of(value: str, scope: object) -> ValueKind:
    target = split_target(value)
    if target is None:
        return ValueKind.HOST
    return ValueKind.URL_PREFIX if target[1] != "/" or scope == Scope.URL_PREFIX else kind_of_host(target[0])


def _usual_scope(kind: object, defaults: Defaults) -> Scope:
    """A name with what lies below it, unless the operator says less."""
    if kind == ValueKind.URL_PREFIX:
        return Scope.URL_PREFIX
    return Scope.IP_LITERAL if kind == ValueKind.IP else defaults.scope or Scope.DOMAIN_AND_SUBDOMAINS


def _normalise(fields: dict[str, Any]) -> None:
    """Put the value in normal form, and keep the spelling of the list beside it."""
    if fields["value_kind"] not in tuple(ValueKind):
        return
    value = normal_value(fields["value"], ValueKind(fields["value_kind"]))
    if value is None:
        raise EntryError(f"value is not a {fields['value_kind']}")
    if value != fields["value"]:
        fields.setdefault("listed_as", bounded(fields["value"]))
        fields["value"] = value


def _remedy(reason: str) -> str:
    missing = reason == "legal ground unknown" or reason in ("no jurisdiction", "no body")
    return f"state it in the line or with {FLAGS}" if missing else ""


SOURCE = Source(
    name="jsonl",
    title="JSON Lines",
    description="Our interchange format: an entry a line, with the decision it rests on.",
    parse=parse,
)
