"""Charts as SVG from the server: x in per cent, y in em, so that they fill any width and keep their type.

No scripts, no styles of their own, colours by class. Each stands above the same numbers as a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from markupsafe import Markup

from crawler.web.language import Language

_ids = count(1)
_ROW = 3.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A period with its label."""

    label: str
    tone: str
    start: datetime
    end: datetime


def lanes_chart(
    rows: Sequence[Lane], first: datetime, last: datetime, speech: Language, *, title: str, description: str
) -> Markup:
    """Periods, one below the other, on one time axis."""
    height = _ROW * len(rows)
    span = max(last - first, timedelta(seconds=1))

    def x(when: datetime) -> float:
        return 100 * min(1.0, max(0.0, (when - first) / span))

    parts = [Markup('<line class="axis" x1="0" x2="100%%" y1="%.1fem" y2="%.1fem"/>') % (height, height)]
    for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end")):
        label = speech.short_day(first + span * share).striptags()
        parts.append(
            Markup('<text%s x="%d%%" text-anchor="%s" y="%.1fem">%s</text>')
            % (Markup(' class="w"') if share == 0.5 else "", 100 * share, anchor, height + 1.6, label)
        )
    for index, row in enumerate(rows):
        top = _ROW * index
        width = max(0.4, x(row.end) - x(row.start))
        parts.append(Markup('<text class="strong" x="0" y="%.1fem">%s</text>') % (top + 1.3, row.label))
        parts.append(
            Markup(
                '<g class="c-%s"><rect class="fill" x="%.2f%%" width="%.2f%%" y="%.1fem" height=".8em"/></g>'
            )
            % (row.tone, min(x(row.start), 100 - width), width, top + 1.9)
        )
    return _svg(parts, height + 2.2, title, description)


def columns(
    values: Sequence[int], top: int, tone: str, *, title: str, description: str, labels: tuple[str, str]
) -> Markup:
    """Counts over time, a column each; `top` is the value at the upper edge, shared by all of a set."""
    plot = 5.6
    step = 100 / max(1, len(values))
    parts = [
        Markup('<rect class="fill" x="%.2f%%" width="%.2f%%" y="%.2fem" height="%.2fem"/>')
        % (step * i + step * 0.1, step * 0.8, plot - plot * v / top, plot * v / top)
        for i, v in enumerate(values)
        if v
    ]
    parts.append(Markup('<line class="axis" x1="0" x2="100%%" y1="%.1fem" y2="%.1fem"/>') % (plot, plot))
    for place, anchor, label in (("0", "start", labels[0]), ("100%", "end", labels[1])):
        parts.append(
            Markup('<text x="%s" text-anchor="%s" y="%.1fem">%s</text>') % (place, anchor, plot + 1.3, label)
        )
    return _svg(parts, plot + 1.6, title, description, f"chart c-{tone}")


def steps(
    values: Sequence[int], *, unit: str, title: str, description: str, labels: Sequence[str], speech: Language
) -> Markup:
    """A rate over time as steps, drawn from lines."""
    plot = 10.8
    top = nice(max(values, default=1))
    step = 100 / max(1, len(values))
    parts = [Markup('<line class="axis" x1="0" x2="100%%" y1="%.1fem" y2="%.1fem"/>') % (plot, plot)]
    for share in (0.5, 1.0):
        y = plot - (plot - 1.6) * share
        text = speech.number(round(top * share)) + (f" {unit}" if share == 1.0 else "")
        parts.append(Markup('<line class="grid" x1="0" x2="100%%" y1="%.2fem" y2="%.2fem"/>') % (y, y))
        parts.append(Markup('<text x="0" y="%.2fem">%s</text>') % (y - 0.4, text))
    heights = [plot - (plot - 1.6) * v / top for v in values]
    lines = []
    for i, y in enumerate(heights):
        lines.append(_line(step * i, step * (i + 1), y, y))
        if i + 1 < len(heights):
            lines.append(_line(step * (i + 1), step * (i + 1), y, heights[i + 1]))
    parts.append(Markup('<g class="c-out">%s</g>') % Markup("").join(lines))
    for share, anchor, label in zip((0, 50, 100), ("start", "middle", "end"), labels, strict=True):
        parts.append(
            Markup('<text x="%d%%" y="%.2fem" text-anchor="%s">%s</text>')
            % (share, plot + 1.5, anchor, label)
        )
    return _svg(parts, plot + 2.2, title, description)


def nice(value: int) -> int:
    """The next of 1, 2, 4, 5 times a power of ten."""
    power = 1
    while True:
        for factor in (1, 2, 4, 5):
            if factor * power >= value:
                return factor * power
        power *= 10


def _line(x1: float, x2: float, y1: float, y2: float) -> Markup:
    return Markup('<line class="line" x1="%.2f%%" x2="%.2f%%" y1="%.2fem" y2="%.2fem"/>') % (x1, x2, y1, y2)


def _svg(parts: Sequence[Markup], height: float, title: str, description: str, kind: str = "chart") -> Markup:
    number = next(_ids)
    return Markup(
        '<svg class="%s" role="img" aria-labelledby="c%d-t c%d-d" height="%.1fem">'
        '<title id="c%d-t">%s</title><desc id="c%d-d">%s</desc>%s</svg>'
    ) % (kind, number, number, height, number, title, number, description, Markup("").join(parts))
