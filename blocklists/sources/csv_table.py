"""CSV of any layout, such as the lists of Denmark's telecom association: one file a legal ground.

Delimiter (`,` `;` tab `|`) and encoding (UTF-8 with or without mark, UTF-16, Windows-1252) are found
out; columns by their headings, or as the operator says. No heading says on what ground a file was
made, so that has to be stated, or be a column (https://www.teleindu.dk/brancheholdninger/).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from blocklists.columns import ColumnError, columns_of, decoded, take_row
from blocklists.defaults import Defaults
from blocklists.intake import MAX_LINE, MAX_LINES, Intake, not_a_list
from blocklists.model import Parsed
from blocklists.source import Source

_DELIMITERS = (";", "\t", "|", ",")


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read the table. Its first row may hold headings; a single column needs none."""
    intake = Intake(defaults)
    if problem := not_a_list(data):
        intake.reject(0, problem, problem, "fetch the list itself")
        return intake.parsed()
    text = decoded(data)
    delimiter = _delimiter(text)
    columns = None
    for number, line, cells in _rows(intake, text, delimiter):
        if columns is None:
            try:
                columns = columns_of(cells, defaults)
            except ColumnError as error:
                intake.reject(0, line, str(error))
                break
            if columns.headed:
                continue
        take_row(intake, defaults, number, columns.row(cells), line)
    return intake.parsed()


def _rows(intake: Intake, text: str, delimiter: str) -> Iterator[tuple[int, str, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            intake.reject(before + 1, "", "not CSV")
            return
        # A quoted cell may go on over several lines: the row is where it began.
        number, before = before + 1, reader.line_num
        line = delimiter.join(cells)
        if number > MAX_LINES:
            intake.reject(number, "", f"the list has more than {MAX_LINES} lines; the rest was not read")
            return
        if len(line) > MAX_LINE:
            intake.reject(number, line, "the line is too long")
        elif line.strip(delimiter + " ") and not line.startswith("#"):
            yield number, line, cells


def _delimiter(text: str) -> str:
    """What cuts the first rows into equally many cells, more than one; `,` where nothing does."""
    lines = [line for line in text[:20_000].splitlines()[:20] if line.strip() and not line.startswith("#")]
    best, most = ",", 1
    for delimiter in _DELIMITERS:
        counts = {len(row) for row in csv.reader(lines, delimiter=delimiter)} if lines else {1}
        if len(counts) == 1 and (count := counts.pop()) > most:
            best, most = delimiter, count
    if most == 1 and lines:
        return max(_DELIMITERS, key=lines[0].count) if any(d in lines[0] for d in _DELIMITERS) else ","
    return best


SOURCE = Source(
    name="csv_table",
    title="CSV of any layout",
    description="Columns by heading or by --column FIELD=HEADING; delimiter and encoding are found out.",
    parse=parse,
    needs=("--ground", "--jurisdiction", "--body"),
)
