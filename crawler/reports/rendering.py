"""A report as Markdown, JSON or CSV. Everything in it is text: no markup comes from a value."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from crawler.exports.csv_file import cell
from crawler.present import dumps
from crawler.reports.model import TO_BE_STATED, Block, Cell, Code, Document, Field, ReportError, Table
from crawler.reports.present import report
from crawler.visible import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])|(^(?:\d{1,9}(?=[.)](?:\s|$))|[-+=]))", re.MULTILINE)
_ENTITIES = {"<": "&lt;", ">": "&gt;"}


def rendered(document: Document, form: str) -> str:
    """The document in a form, with a newline at its end. Raises ReportError for a form it has not."""
    if form == "json":
        return dumps(report(document)) + "\n"
    if form == "md":
        return "\n".join(_markdown(document)) + "\n"
    if form == "csv" and document.csv:
        return _csv(document.tables()[document.csv])
    raise ReportError(f"{document.name} has no form {form!r}")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is (https://spec.commonmark.org/0.31.2/#backslash-escapes)."""
    plain = visible(text, keep_newlines=True).replace("&", "&amp;")
    return _SPECIAL.sub(lambda m: _ENTITIES.get(m[0]) or (f"\\{m[1]}" if m[1] else _at_start(m[2])), plain)


def _at_start(text: str) -> str:
    return f"{text[:-1]}\\{text[-1]}" if text[-1:] in "-+=" else f"&#{ord(text[0])};{text[1:]}"


def code(text: str) -> str:
    """Text in a code span, whatever backticks it holds."""
    plain = visible(text)
    if not plain.strip():
        return ""
    ticks = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence = "`" * (ticks + 1)
    pad = " " if ticks else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# {escaped(document.title)}"
    yield ""
    yield f"As of {document.moment:%d %B %Y, %H:%M UTC}, decision {document.as_of} of the record."
    for section in document.sections:
        yield ""
        yield f"## {escaped(section.title)}"
        for block in section.blocks:
            yield ""
            yield from _block(block, section.title)


def _block(block: Block, heading: str) -> Iterator[str]:
    match block:
        case Field():
            number = f"{block.no} " if block.no[:1].isdigit() else ""
            yield f"**{escaped(number + block.label)}**"
            yield ""
            yield from _value(block.value)
        case Table():
            yield from _table(block, heading)
        case _:
            yield escaped(block)


def _value(value: str | int | tuple[str, ...] | None) -> Iterator[str]:
    match value:
        case None:
            yield f"*{TO_BE_STATED}*"
        case tuple():
            yield from (f"- {_inline(item)}" for item in value or ("none",))
        case _:
            yield _inline(value)


def _table(table: Table, heading: str) -> Iterator[str]:
    if table.title != heading:
        yield f"{escaped(table.title)}:"
        yield ""
    if not table.rows:
        yield "(none)"
        return
    numeric = [_is_numeric(column) for column in zip(*table.rows, strict=True)]
    yield f"| {' | '.join(escaped(name.replace('_', ' ')) for name in table.columns)} |"
    yield f"| {' | '.join('---:' if right else '---' for right in numeric)} |"
    for row in table.rows:
        yield f"| {' | '.join(_inline(value).replace(chr(10), ' ') for value in row)} |"


def _is_numeric(column: tuple[Cell, ...]) -> bool:
    told = [value for value in column if value is not None]
    return bool(told) and all(isinstance(value, int | float) for value in told)


def _inline(value: Cell) -> str:
    match value:
        case None:
            return ""
        case Code():
            return code(value).replace("|", "\\|")
        case bool() | str():
            return escaped(str(value))
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.4g}"


def _csv(table: Table) -> str:
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(table.columns)
    for row in table.rows:
        lines.writerow([cell(value) for value in row])
    return text.getvalue()
