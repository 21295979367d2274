"""Names in the PDF of a decision are proposed; what cannot be read says so."""

import io

import pikepdf
import pytest

from blocklists.defaults import Defaults
from blocklists.sources import court_pdf

STATED = Defaults(source="decision", legal_ground="copyright", jurisdiction="NO", body="Oslo tingrett")


def a_pdf(*pages: tuple[str, ...]) -> bytes:
    """A PDF with the lines of each page."""
    pdf = pikepdf.new()
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    for lines in pages:
        page = pdf.add_blank_page()
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        page.Contents = pdf.make_stream(f"BT /F1 12 Tf 14 TL 50 700 Td {shown} ET".encode())
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def test_names_of_every_page_are_proposed_and_none_counts() -> None:
    parsed = court_pdf.parse(
        a_pdf(("Kjennelse", "Tilgang til film-one.com skal sperres."), ("og film-two[.]to",)), STATED
    )
    assert (parsed.entries, parsed.rejected) == ((), ())
    assert {p.value: p.line for p in parsed.proposals} == {"film-one.com": 2, "film-two.to": 3}
    assert "skal sperres" in parsed.proposals[0].context


def test_a_scan_says_that_it_has_no_text() -> None:
    (rejected,) = court_pdf.parse(a_pdf((), ()), STATED).rejected
    assert "may be a scan" in rejected.reason
    assert "text recognition" in rejected.remedy


def test_pages_beyond_the_bound_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(court_pdf, "MAX_PAGES", 1)
    parsed = court_pdf.parse(a_pdf(("film-one.com",), ("film-two.to",)), STATED)
    assert [p.value for p in parsed.proposals] == ["film-one.com"]
    assert "1 pages are beyond the bound" in parsed.rejected[0].reason


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"film-one.com",
        b"%PDF-1.7",
        b"%PDF-1.7 film-one.com",
        b"<html>%PDF-1.7",
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\ntrailer<</Root 1 0 R>>\nstartxref\n9",
        a_pdf(("film-one.com",))[:200],
        a_pdf(("film-one.com",)).replace(b"/Page", b"/Pxxx"),
    ],
    ids=["empty", "text", "head only", "no objects", "html", "pages of themselves", "cut", "no pages"],
)
def test_what_is_no_readable_pdf_is_refused_with_a_remedy(data: bytes) -> None:
    parsed = court_pdf.parse(data, STATED)
    assert (parsed.entries, parsed.proposals) == ((), ())
    (rejected,) = parsed.rejected
    assert rejected.remedy
