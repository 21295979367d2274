"""Stored bytes as numbered lines with the deciding one marked; pure, and safe for any bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from crawler.web.hostile import MAX_INLINE, hostile

CONTEXT = 4
"""Lines shown before and after a deciding one."""
EMPTY = Markup("")
MAX_LINES = 400
MAX_LINE = 600
"""Characters of one line that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line, or where `gap` is set the words for lines left out."""

    number: int = 0
    text: Markup = EMPTY
    why: Markup | None = None
    """For a deciding line: what it does, in words."""
    gap: int = 0
    sign: str = ""
    """Between two versions: `+` for a line that came, `−` for one that went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Some lines of a file."""

    lines: tuple[Line, ...]
    first: int
    last: int
    total: int

    @property
    def whole(self) -> bool:
        """Whether every line is there."""
        return not any(line.gap for line in self.lines) and len(self.lines) == self.total


FAR = 100
"""Lines around a deciding one, of a file that is too long to be shown whole."""


def excerpt(content: bytes, deciding: Mapping[int, Markup], *, context: int | None = CONTEXT) -> Excerpt:
    """The lines around the deciding ones; with `context` None the whole file as far as is bearable."""
    lines = split(content)
    total = len(lines)
    marked = [n for n in deciding if 1 <= n <= total]
    if context is None and marked and _is_beyond(lines, min(marked)):
        context = FAR
    wanted = _wanted(total, marked, context)
    shown: list[Line] = []
    room, last = MAX_INLINE, 0
    for number in wanted:
        if room <= 0 or len(shown) >= MAX_LINES:
            break
        if last and number != last + 1:
            shown.append(Line(gap=number - last - 1))
        text = lines[number - 1].decode("utf-8", "replace")
        shown.append(Line(number=number, text=hostile(text, MAX_LINE), why=deciding.get(number)))
        room -= min(len(text), MAX_LINE)
        last = number
    if last < total and (context in (None, FAR) or not shown):
        shown.append(Line(gap=total - last))
    return Excerpt(lines=tuple(shown), first=wanted[0] if wanted else 0, last=last, total=total)


def quotation(quote: str, why: Markup) -> Excerpt:
    """The quoted words alone: what was taken out of a page is kept as JSON, which reads badly."""
    lines = (Line(text=hostile(quote, MAX_LINE), why=why),) if quote else ()
    return Excerpt(lines=lines, first=0, last=0, total=0)


def split(content: bytes) -> list[bytes]:
    """Lines as our readers count them; the end of the last line begins no new one."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def _is_beyond(lines: Sequence[bytes], number: int) -> bool:
    """Whether a line would not be reached by showing the file from its beginning."""
    return number > MAX_LINES or sum(min(len(line), MAX_LINE) for line in lines[: number - 1]) >= MAX_INLINE


def _wanted(total: int, deciding: Sequence[int], context: int | None) -> list[int]:
    if context is None:
        return list(range(1, min(total, MAX_LINES + 1) + 1))
    if not deciding:
        return list(range(1, min(total, 2 * context) + 1))
    return sorted({m for n in deciding for m in range(max(1, n - context), min(total, n + context) + 1)})
