"""Bounded JSON (RFC 8259) that knows where each member stands, sees duplicates, and can repair.

Python's own parser gives no positions, and a rightsholder is to be shown the line that decided.
Trailing commas and `//`, `#` and `/* */` comments are read over and reported as a repair.
"""

from __future__ import annotations

import codecs
import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # C-accelerated, undocumented since 2.6
from typing import TypeAlias

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_VALUES = 100_000

_NEWLINE = re.compile("\n")
_SPACE = re.compile(r"[ \t\n\r]*+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(?![0-9])(\.[0-9]{1,300})?([eE][-+]?[0-9]{1,5})?")
_COMMENT = re.compile(r"(?://|#)[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/")
_WORDS = {"true": True, "false": False, "null": None}

Json: TypeAlias = "bool | int | float | str | JsonArray | JsonObject | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One name and value of an object."""

    name: str
    value: Json
    offset: int
    """Characters before the name in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObject:
    """An object, with every member as written."""

    members: tuple[Member, ...]
    offset: int
    end: int

    def get_all(self, name: str) -> tuple[Member, ...]:
        """Members of this name; more than one where it is repeated."""
        return tuple(m for m in self.members if m.name == name)

    def get(self, name: str) -> Member | None:
        """The last member of this name, which is the one most parsers keep."""
        found = self.get_all(name)
        return found[-1] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonArray:
    """An array."""

    items: tuple[Json, ...]
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonDocument:
    """What became of a text. `value` means nothing unless `ok`."""

    text: str
    ok: bool
    value: Json = None
    repaired: bool = False
    """Something other than JSON had to be read over; a strict parser refuses this text."""

    newlines: tuple[int, ...] = ()

    def line(self, offset: int) -> int:
        """1-based line of an offset."""
        return bisect_left(self.newlines, offset) + 1


class _UnreadableError(Exception):
    """The text is not JSON, even repaired."""


class _Parser:
    __slots__ = ("left", "repaired", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.left = MAX_VALUES
        self.repaired = False

    def document(self) -> Json:
        value, at = self.value(self.skip(0), MAX_DEPTH)
        if self.skip(at) != len(self.text):
            raise _UnreadableError
        return value

    def skip(self, at: int) -> int:
        while True:
            at = _SPACE.match(self.text, at).end()  # type: ignore[union-attr]  # matches the empty string
            comment = _COMMENT.match(self.text, at) if self.text[at : at + 1] in ("/", "#") else None
            if comment is None:
                return at
            self.repaired = True
            at = comment.end()

    def value(self, at: int, depth: int) -> tuple[Json, int]:
        self.left -= 1
        if self.left < 0 or depth < 0:
            raise _UnreadableError
        match self.text[at : at + 1]:
            case "{":
                return self.object(at, depth - 1)
            case "[":
                return self.array(at, depth - 1)
            case '"':
                return self.string(at)
            case "t" | "f" | "n":
                return self.word(at)
            case _:
                return self.number(at)

    def object(self, start: int, depth: int) -> tuple[JsonObject, int]:
        members: list[Member] = []
        at = self.skip(start + 1)
        while self.text[at : at + 1] != "}":
            name, after = self.string(at)
            colon = self.skip(after)
            if self.text[colon : colon + 1] != ":":
                raise _UnreadableError
            value, after = self.value(self.skip(colon + 1), depth)
            members.append(Member(name=name, value=value, offset=at))
            at = self.separator(after, "}")
        return JsonObject(members=tuple(members), offset=start, end=at + 1), at + 1

    def array(self, start: int, depth: int) -> tuple[JsonArray, int]:
        items: list[Json] = []
        at = self.skip(start + 1)
        while self.text[at : at + 1] != "]":
            item, after = self.value(at, depth)
            items.append(item)
            at = self.separator(after, "]")
        return JsonArray(items=tuple(items), offset=start), at + 1

    def separator(self, after: int, closing: str) -> int:
        at = self.skip(after)
        if self.text[at : at + 1] == ",":
            at = self.skip(at + 1)
            self.repaired |= self.text[at : at + 1] == closing
        elif self.text[at : at + 1] != closing:
            raise _UnreadableError
        return at

    def string(self, at: int) -> tuple[str, int]:
        if self.text[at : at + 1] != '"':
            raise _UnreadableError
        try:
            value, end = scanstring(self.text, at + 1, True)
        except ValueError:
            value, end = scanstring(self.text, at + 1, False)  # raw control characters
            self.repaired = True
        return value, end

    def word(self, at: int) -> tuple[bool | None, int]:
        for word, value in _WORDS.items():
            if self.text.startswith(word, at):
                return value, at + len(word)
        raise _UnreadableError

    def number(self, at: int) -> tuple[int | float, int]:
        match = _NUMBER.match(self.text, at)
        if match is None:
            raise _UnreadableError
        whole = match[1] is None and match[2] is None
        return (int(match[0]) if whole else float(match[0])), match.end()


def read_json(data: bytes) -> JsonDocument:
    """Read a JSON text in UTF-8, UTF-16 or UTF-32, with or without BOM. Never raises."""
    return read_json_text(_decoded(data[:MAX_BYTES]))


def read_json_text(text: str) -> JsonDocument:
    """Read a JSON text that is already decoded. Never raises."""
    parser = _Parser(text)
    newlines = tuple(match.start() for match in _NEWLINE.finditer(text))
    try:
        value = parser.document()
    except (_UnreadableError, ValueError):
        return JsonDocument(text=text, ok=False, newlines=newlines)
    return JsonDocument(text=text, ok=True, value=value, repaired=parser.repaired, newlines=newlines)


def objects_in(value: Json, under: str = "") -> Iterator[tuple[str, JsonObject]]:
    """Every object of a value in document order, with the name of the member it stands under."""
    if isinstance(value, JsonObject):
        yield under, value
        for member in value.members:
            yield from objects_in(member.value, member.name)
    elif isinstance(value, JsonArray):
        for item in value.items:
            yield from objects_in(item, under)


def _decoded(data: bytes) -> str:
    # detect_encoding looks at the BOM and at where the NULs are (RFC 4627 section 3).
    encoding = json.detect_encoding(data) if data else "utf-8"
    if encoding == "utf-8-sig" or data.startswith(codecs.BOM_UTF8):
        data, encoding = data[len(codecs.BOM_UTF8) :], "utf-8"
    return data.decode(encoding, "replace").removeprefix("\ufeff")
