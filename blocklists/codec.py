"""An entry as JSON object and back: the interchange format and the lines of a snapshot."""

from __future__ import annotations

import json
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from blocklists.hostnames import is_ip
from blocklists.model import (
    BodyKind,
    Confidence,
    Entry,
    RecognitionKind,
    Scope,
    Status,
    StatusChange,
    ValueKind,
)
from blocklists.prefixes import split_target

FIELDS = tuple(Entry.__slots__)
MAX_FIELD = 4_096

_ENUMS: dict[str, type[StrEnum]] = {
    "value_kind": ValueKind,
    "scope": Scope,
    "body_kind": BodyKind,
    "recognition_kind": RecognitionKind,
    "status": Status,
    "confidence": Confidence,
}
_DATES = ("decided_on", "valid_from", "valid_to", "on")
_MOMENTS = ("retrieved_at", "known_from", "known_to", "known_at")
_LEFT_OUT_IF_EMPTY = ("history", "known_from", "known_to")
"""Fields younger than the first snapshots: an entry without them is written as it always was."""
MAX_CHANGES = 1_000
_SCOPES = {
    ValueKind.DOMAIN: {*Scope} - {Scope.URL_PREFIX, Scope.IP_LITERAL},
    ValueKind.HOST: {*Scope} - {Scope.URL_PREFIX, Scope.IP_LITERAL},
    ValueKind.URL_PREFIX: {Scope.URL_PREFIX, Scope.WORK},
    ValueKind.IP: {Scope.IP_LITERAL},
}
_OLD = FIELDS.index("history")
_E = TypeVar("_E", bound=StrEnum)


class EntryError(ValueError):
    """A JSON object that is no entry. Says which field is wrong and what it may hold."""


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def to_json(entry: Entry) -> dict[str, Any]:
    """The entry's fields in the order of the format, dates in ISO 8601."""
    given: dict[str, Any] = {name: _plain(getattr(entry, name)) for name in FIELDS[:_OLD]}
    for name in _LEFT_OUT_IF_EMPTY:
        if value := getattr(entry, name):
            given[name] = [_change_to_json(c) for c in value] if name == "history" else _plain(value)
    return given


def dumps(entry: Entry, *, without: tuple[str, ...] = ()) -> str:
    """The entry as one line, less some fields. The same entry gives the same bytes."""
    given = to_json(entry)
    for name in without:
        given.pop(name, None)
    return _ENCODER.encode(given)


def loads(line: str) -> dict[str, Any]:
    """One line as JSON object; EntryError where it is none, or says a key twice."""
    try:
        value = _DECODER.decode(line)
    except EntryError:
        raise
    except (ValueError, RecursionError) as error:
        raise EntryError("not JSON") from error
    if not isinstance(value, dict):
        raise EntryError("not a JSON object")
    return value


def from_json(given: dict[str, Any]) -> Entry:
    """An entry from its JSON object; EntryError where a field is missing, unknown or out of range."""
    if unknown := sorted(set(given) - set(FIELDS)):
        raise EntryError(f"unknown key {unknown[0][:50]!r}")
    fields = {name: _field(name, value) for name, value in given.items()}
    try:
        entry = Entry(**fields)
    except TypeError as error:
        missing = [name for name in FIELDS if repr(name) in str(error)]
        raise EntryError(f"no {', '.join(missing)}") from error
    _check(entry)
    return entry


def _field(name: str, value: object) -> Any:
    if name == "history":
        return _history(value)
    if name in _DATES or name in _MOMENTS:
        return _time(name, value)
    text = _text(name, value)
    return _member(_ENUMS[name], name, text) if name in _ENUMS else text


def _history(value: object) -> tuple[StatusChange, ...]:
    if not isinstance(value, list) or len(value) > MAX_CHANGES:
        raise EntryError(f"history is not a list of at most {MAX_CHANGES} changes")
    return tuple(map(_change, value))


def _change(given: object) -> StatusChange:
    if not isinstance(given, dict) or "status" not in given:
        raise EntryError("history holds something that is no change of status")
    if unknown := sorted(set(given) - set(StatusChange.__slots__)):
        raise EntryError(f"history: unknown key {unknown[0][:50]!r}")
    return StatusChange(**{name: _field(name, value) for name, value in given.items()})


def _change_to_json(change: StatusChange) -> dict[str, str | None]:
    values = {name: _plain(getattr(change, name)) for name in StatusChange.__slots__}
    return {name: value for name, value in values.items() if value}


def normal_value(value: str, kind: ValueKind) -> str | None:
    """A value in normal form for its kind; None where it is not of that kind."""
    if kind is ValueKind.URL_PREFIX:
        target = split_target(value)
        return "".join(target) if target else None
    target = split_target(value)
    # A URL with a path is not cut down to its host: that would name more than the decision does.
    if target is None or target[1] != "/" or "@" in value:
        return None
    return target[0] if is_ip(target[0]) == (kind is ValueKind.IP) else None


def _check(entry: Entry) -> None:
    if entry.scope not in _SCOPES[entry.value_kind]:
        raise EntryError(f"scope {entry.scope} does not fit value_kind {entry.value_kind}")
    if entry.value != normal_value(entry.value, entry.value_kind):
        raise EntryError(f"value is not a {entry.value_kind} in normal form")
    if entry.valid_from and entry.valid_to and entry.valid_to < entry.valid_from:
        raise EntryError("valid_to lies before valid_from")
    if not entry.entry_id or not entry.source:
        raise EntryError("entry_id and source may not be empty")
    if entry.history and entry.history[-1].status is not entry.status:
        raise EntryError("the last step of history is not the status")


def _plain(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise EntryError(f"{name} is not text")
    if len(value) > MAX_FIELD:
        raise EntryError(f"{name} is longer than {MAX_FIELD} characters")
    return value


def _time(name: str, value: object) -> date | None:
    if value is None:
        return None
    text = _text(name, value)
    try:
        if name in _DATES:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise EntryError(f"{name} is not an ISO 8601 {'date' if name in _DATES else 'time'}") from error
    if moment.tzinfo is None:
        raise EntryError(f"{name} has no time zone")
    return moment


def _member(enum: type[_E], name: str, value: str) -> _E:
    try:
        return enum(value)
    except ValueError as error:
        raise EntryError(f"{name} is none of {', '.join(enum)}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EntryError("a key is given twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)
