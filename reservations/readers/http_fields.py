"""Response header lines: a case-insensitive multi-map that keeps order and line numbers.

Several lines of one name stay several lines: joining them with commas moves a directive into the
scope of another bot, and turns `0` and `1` into a value that means nothing (RFC 9110 section 5.3
allows the join, it does not ask for it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

FIRST_FIELD_LINE = 2
"""In `reservations.model.response_head` the status is line 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """One header line."""

    name: str
    """As received."""
    value: str
    """Without the white space around it (RFC 9110 section 5.5)."""
    line: int
    """1-based line of the response head."""

    @property
    def quote(self) -> str:
        """The line as one would write it."""
        return f"{self.name}: {self.value}"


class HttpFields:
    """Header lines of one response, looked up by name whatever its case."""

    __slots__ = ("_by_name",)

    def __init__(self, lines: Sequence[tuple[str, str]]) -> None:
        # Lines are made into values only where somebody asks: of a usual answer's, nobody does.
        self._by_name: dict[str, list[tuple[str, str, int]]] = {}
        for line, (name, value) in enumerate(lines, start=FIRST_FIELD_LINE):
            self._by_name.setdefault(name.strip(" \t").lower(), []).append((name, value, line))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._by_name

    def get_all(self, name: str) -> tuple[FieldLine, ...]:
        """Every line of this name, in order."""
        lines = self._by_name.get(name.lower())
        return tuple([_field_line(*line) for line in lines]) if lines else ()

    def get(self, name: str) -> FieldLine | None:
        """The last line of this name."""
        lines = self._by_name.get(name.lower())
        return _field_line(*lines[-1]) if lines else None

    def media_type(self) -> str:
        """`type/subtype` of Content-Type in lower case; empty where it is not stated."""
        field = self.get("content-type")
        return media_type_of(field.value if field else "")

    def charset(self) -> str:
        """The charset parameter of Content-Type in lower case; empty where it is not stated."""
        field = self.get("content-type")
        return charset_of(field.value if field else "")


@lru_cache(maxsize=512)
def fields_of(lines: tuple[tuple[str, str], ...]) -> HttpFields:
    """Header lines looked up by name; those of a location file are asked about with every URL."""
    return HttpFields(lines)


def _field_line(name: str, value: str, line: int) -> FieldLine:
    return FieldLine(name=name.strip(" \t"), value=value.strip(" \t"), line=line)


def content_type_of(lines: Iterable[tuple[str, str]]) -> str:
    """The last Content-Type among header lines, without building the whole map."""
    found = ""
    for name, value in lines:
        if name.strip(" \t").lower() == "content-type":
            found = value
    return found


def media_type_of(content_type: str) -> str:
    """`type/subtype` in lower case (RFC 9110 section 8.3.1); empty where there is none."""
    essence = content_type.partition(";")[0].strip(" \t").lower()
    return essence if essence.count("/") == 1 else ""


def charset_of(content_type: str) -> str:
    """The charset parameter in lower case; empty where there is none."""
    for parameter in content_type.split(";")[1:]:
        name, equals, value = parameter.partition("=")
        if equals and name.strip(" \t").lower() == "charset":
            return value.strip(" \t\"'").lower()
    return ""
