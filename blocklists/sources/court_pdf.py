"""A decision published as a PDF: its text is taken out, and names in it are proposed like those of a text.

Courts and authorities publish little else. A scanned decision has no text, and says so.
"""

from __future__ import annotations

import io
import logging
from dataclasses import replace

from pypdf import PdfReader

from blocklists.defaults import Defaults, bounded
from blocklists.intake import MAX_BYTES, Intake
from blocklists.model import Parsed
from blocklists.proposing import proposals
from blocklists.source import Source

MAX_PAGES = 2000
MAX_CHARACTERS = 5_000_000

# pypdf reports each small fault of a file there; what matters comes as an exception.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Propose the names in the text of a PDF. Lines are those of its text, pages one after another."""
    intake = Intake(replace(defaults, legal_ground="copyright", jurisdiction="EU", body="-"))
    if len(data) > MAX_BYTES:
        intake.reject(0, "PDF", f"the file is larger than {MAX_BYTES} bytes", "split it")
        return intake.parsed()
    if not data.lstrip()[:5].startswith(b"%PDF-"):
        intake.reject(0, bounded(repr(data[:40])), "this is no PDF", "use `--format court_text` for a text")
        return intake.parsed()
    try:
        pages, left_out = _pages(data)
    except Exception as error:  # a reader of hostile files has no closed list of what it raises
        why = f"the PDF cannot be read: {bounded(str(error) or type(error).__name__)}"
        intake.reject(0, "PDF", why, "print it to a new PDF, or save its text and use `--format court_text`")
        return intake.parsed()
    if left_out:
        intake.reject(0, "PDF", f"{left_out} pages are beyond the bound and were not read", "split the file")
    if not "".join(pages).strip():
        intake.reject(0, "PDF", "there is no text in it; it may be a scan", "run text recognition over it")
        return intake.parsed()
    return replace(intake.parsed(), proposals=proposals(intake, "\n".join(pages)))


def _pages(data: bytes) -> tuple[list[str], int]:
    """The text of each page, and how many pages were left."""
    reader = PdfReader(io.BytesIO(data))
    total, size = len(reader.pages), 0
    pages: list[str] = []
    for page in reader.pages[:MAX_PAGES]:
        text = page.extract_text().rstrip()
        size += len(text)
        if size > MAX_CHARACTERS:
            break
        pages.append(text)
    return pages, total - len(pages)


SOURCE = Source(
    name="court_pdf",
    title="PDF of a decision",
    description="The text is taken out, and names in it are proposed to a person as with `court_text`.",
    parse=parse,
)
