"""Lists that an authority publishes as a web page, such as those of Austria's and France's regulators.

A CSS selector says where: of tables or rows, whose columns are found by heading or named by the
operator, or of elements that each hold one name. Without one, every table of the page is read. Names
in the running text of the page are never taken.
"""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

from blocklists.columns import ColumnError, Columns, columns_of, decoded, take_row
from blocklists.defaults import Defaults, bounded
from blocklists.intake import MAX_LINES, Intake
from blocklists.model import Parsed
from blocklists.source import Source

MAX_BYTES = 16 * 2**20


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read what the selector finds. A row is counted as a line, in the order of the page."""
    intake = Intake(defaults)
    if len(data) > MAX_BYTES or data[:5].lower() == b"%pdf-":
        intake.reject(0, "", f"not a web page, or larger than {MAX_BYTES} bytes")
        return intake.parsed()
    try:
        found = LexborHTMLParser(decoded(data)).css(defaults.selector or "table")
    except Exception as error:  # selectolax raises several types for a selector that is none
        intake.reject(0, bounded(defaults.selector), f"the selector cannot be used: {bounded(str(error))}")
        return intake.parsed()
    if not found:
        intake.reject(0, bounded(defaults.selector), "the selector finds nothing on the page")
    number, columns = 0, None
    for element in found:
        if element.tag == "table":
            columns = None  # each table has headings of its own
        for row in element.css("tr") if element.tag == "table" else [element]:
            number += 1
            if number > MAX_LINES:
                intake.reject(number, "", f"more than {MAX_LINES} rows; the rest was not read")
                return intake.parsed()
            columns = _take(intake, defaults, number, row, columns)
    return intake.parsed()


def _take(
    intake: Intake, defaults: Defaults, number: int, row: LexborNode, columns: Columns | None
) -> Columns | None:
    """Take a row or an element; the columns in force for the next one."""
    cells = [_text(cell) for cell in row.css("th, td")] if row.tag == "tr" else [_text(row)]
    raw = bounded(" | ".join(cells))
    if not any(cells):
        return columns
    if row.tag != "tr":
        take_row(intake, defaults, number, {"value": cells[0]}, raw)
        return columns
    if columns is None:
        try:
            columns = columns_of(cells, defaults)
        except ColumnError as error:
            intake.reject(number, raw, str(error))
            return None
        if columns.headed or not row.css("td"):
            return columns
    take_row(intake, defaults, number, columns.row(cells), raw)
    return columns


def _text(node: LexborNode) -> str:
    # A line break inside a cell parts two names; markup inside a name parts nothing.
    for gap in node.css("br, p, li, div"):
        gap.insert_before(" ")
    return " ".join(node.text(deep=True).split())


SOURCE = Source(
    name="html_table",
    title="Table on a web page",
    description="Tables, rows or elements by --selector CSS; columns by heading or --column FIELD=HEADING.",
    parse=parse,
    needs=("--ground", "--jurisdiction", "--body"),
)
