"""Reports: what only the provider can say stays open, and no value becomes markup."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from sqlalchemy import Engine

from crawler.config import Config
from crawler.reports import reports
from crawler.reports.measure_table import MEASURES
from crawler.reports.model import TO_BE_STATED, Ask, Code, Document, Field, ReportError, Section, Table
from crawler.reports.questions import questions
from crawler.reports.rendering import rendered
from crawler.store.database import Connection, open_database
from tests.record_tools import HTML, START, closed_page, kept_page, place, record_all

HOSTILE = (
    "<script>alert(1)</script> [a](javascript:x) ![b](//c) `code` |cell| **bold** _it_ <b>&amp; \x1b[31m"
    " \u202e",
    "# heading\n- item\n1. one\n> quote\n=====\n| a | b |\n<!-- no -->",
    "``` fence\n```",
    "=1+1",
)
TAGS = {
    *("h1", "h2", "p", "em", "strong", "code", "ul", "li", "br"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def document(*values: str) -> Document:
    table = Table(
        name="t",
        title=values[0],
        columns=("plain", "code", "number", "share"),
        rows=tuple((v, Code(v), 1204, 0.25) for v in values),
    )
    fields = tuple(Field(no="1", label=v, value=v) for v in values)
    lists = (Field(no="2", label="list", value=values), Field(no="3", label="open", value=None))
    return Document(
        name="x",
        title=values[0],
        as_of=1,
        moment=START,
        csv="t",
        sections=(Section(title=values[0], blocks=(*values, *fields, *lists, table)),),
    )


def test_no_value_becomes_markup() -> None:
    text = rendered(document(*HOSTILE), "md")
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    found = {tag for token in MarkdownIt().enable("table").parse(text) for tag in [token.tag] if tag}
    assert found <= TAGS, found
    assert "<script" not in html
    assert "<a " not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert html.count("<h1>") == html.count("<h2>") == 1


def test_codes_are_shown_as_they_are() -> None:
    for value in ("a`b", "``", "a|b", "`", " x ", "<b>"):
        text = rendered(document(value), "md")
        html = MarkdownIt("commonmark").enable("table").render(text)
        assert "<td><code>" in html


def test_cells_of_csv_are_no_formulas() -> None:
    rows = list(csv.reader(io.StringIO(rendered(document(*HOSTILE), "csv"))))
    assert rows[0] == ["plain", "code", "number", "share"]
    assert rows[-1] == ["'=1+1", "'=1+1", "1204", "0.25"]


def test_what_is_open_says_so_in_every_form() -> None:
    told = json.loads(rendered(document("a"), "json"))
    (open_field,) = [b for b in told["sections"][0]["blocks"] if b.get("no") == "3"]
    assert (open_field["value"], open_field["note"]) == (None, TO_BE_STATED)
    assert f"*{TO_BE_STATED}*" in rendered(document("a"), "md")


def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(ReportError, match="no form 'pdf'"):
        rendered(document("a"), "pdf")
    with pytest.raises(ReportError, match="no form 'csv'"):
        rendered(replace(document("a"), csv=""), "csv")


# ---- over a record


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'forbear.db'}")
    record_all(
        engine,
        (kept_page(1), {"answer": HTML, "document": place(1)}),
        (kept_page(2, minutes=1), {"answer": HTML, "document": place(2)}),
        (
            kept_page(1, "https://anna.github.io", minutes=2),
            {"answer": replace(HTML, body_sha256="cd" * 32, bytes=10), "document": place(3)},
        ),
        closed_page(),
    )
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def ask(tmp_path: Path, form: str = "json", **options: Any) -> Ask:
    return Ask(
        config=Config.model_validate({"storage": {"data": tmp_path}}),
        now=START + timedelta(hours=1),
        form=form,
        software="Forbear/0",
        as_of=4,
        options=options,
    )


def told(connection: Connection, name: str, asked: Ask) -> dict[str, Any]:
    return json.loads(reports()[name].write(connection, asked))


def fields(report: dict[str, Any]) -> dict[str, Any]:
    return {b["no"]: b["value"] for s in report["sections"] for b in s["blocks"] if b.get("no")}


def tables(report: dict[str, Any]) -> dict[str, Any]:
    return {b["table"]: b["rows"] for s in report["sections"] for b in s["blocks"] if "table" in b}


def test_the_reports_are_these() -> None:
    assert list(reports()) == [
        "crawl", "croissant", "kpi", "measures", "policy", "question", "training-summary",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["kpi", "measures", "policy", "training-summary", "question", "crawl"])
def test_every_report_has_every_form_it_names(connection: Connection, tmp_path: Path, name: str) -> None:
    for form in reports()[name].formats:
        first = reports()[name].write(connection, ask(tmp_path, form))
        assert first.strip()
        if form != "html":  # charts have numbers that are unique in a process
            assert reports()[name].write(connection, ask(tmp_path, form)) == first


@pytest.mark.parametrize("name", ["kpi", "measures", "policy", "training-summary", "question", "crawl"])
def test_no_report_promises_that_anything_is_lawful(
    connection: Connection, tmp_path: Path, name: str
) -> None:
    text = reports()[name].write(connection, ask(tmp_path, reports()[name].formats[0])).lower()
    assert "compliant" not in text
    assert "copyright law" not in text
    assert "pirat" not in text


def test_yes_and_no_are_never_inferred(connection: Connection, tmp_path: Path) -> None:
    found = fields(told(connection, "training-summary", ask(tmp_path)))
    assert {no for no, value in found.items() if value is None} == {
        "version", "previous", "2.3.0", "2.3.5", "2.3.8", "3.1.1", "3.1.3", "3.3",
    }  # fmt: skip
    assert found["2.3.4"] == "from 11/2026 to 11/2026"
    assert found["2.3.6"] == ["text"]


def test_what_the_provider_states_is_taken_word_for_word(connection: Connection, tmp_path: Path) -> None:
    answers = {"2.3.0": "Yes", "3.1.1": "No"}
    found = fields(told(connection, "training-summary", ask(tmp_path, stated=answers)))
    assert (found["2.3.0"], found["3.1.1"]) == ("Yes", "No")
    with pytest.raises(ReportError, match=r"nothing to be stated under '2.3.4'"):
        told(connection, "training-summary", ask(tmp_path, stated={"2.3.4": "always"}))


def test_domains_count_each_body_once(connection: Connection, tmp_path: Path) -> None:
    report = told(connection, "training-summary", ask(tmp_path))
    rows = [row for row in tables(report)["domains"] if row["modality"] == "all"]
    assert [(r["registrable_domain"], r["kept_bytes"], r["kept_documents"]) for r in rows] == [
        ("example.org", 1234, 1)
    ]
    assert tables(report)["content"][0]["duplicates_not_counted"] == 1
    assert rows[0]["share_of_bytes"] == pytest.approx(1234 / 1244, abs=1e-6)


def test_what_was_kept_later_or_withdrawn_before_does_not_count(
    connection: Connection, engine: Engine, tmp_path: Path
) -> None:
    from crawler.store.withdrawal import withdraw

    with engine.begin() as writing:
        withdraw(writing, [1, 2], START + timedelta(minutes=30), "asked to")
    early = replace(ask(tmp_path), now=START + timedelta(minutes=20), as_of=2)
    rows = tables(told(connection, "training-summary", early))["domains"]
    assert {row["registrable_domain"] for row in rows} == {"example.org"}
    rows = tables(told(connection, "training-summary", ask(tmp_path)))["domains"]
    assert [(row["registrable_domain"], row["site"]) for row in rows if row["modality"] == "all"] == [
        ("github.io", None),
        ("github.io", "anna.github.io"),
    ]


def test_the_measures_are_all_there_in_order() -> None:
    assert [measure.id for measure in MEASURES] == [f"CP-{n}" for n in range(1, 20)]


def test_a_measure_names_its_evidence(connection: Connection, tmp_path: Path) -> None:
    rows = {row["id"]: row for row in tables(told(connection, "measures", ask(tmp_path)))["measures"]}
    assert rows["CP-7"]["state"] == "evidence in the record"
    assert "1 page left out" in rows["CP-7"]["evidence"]
    assert rows["CP-15"]["state"] == "no evidence in this record"
    assert rows["CP-10"]["state"] == TO_BE_STATED


def test_the_policy_is_that_of_the_crawl_that_was_run(connection: Connection, tmp_path: Path) -> None:
    text = reports()["policy"].write(connection, ask(tmp_path, "md", stated={"responsible": "Ada"}))
    assert "`ExampleBot`" in text
    assert "profile is standard" in text
    assert "Ada" in text
    with pytest.raises(ReportError, match="no crawl 7"):
        reports()["policy"].write(connection, ask(tmp_path, "md", crawl=7))


def test_an_empty_record_says_what_makes_one(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    with engine.connect() as connection:
        for name in ("policy", "training-summary", "crawl"):
            with pytest.raises(ReportError, match="forbear crawl"):
                reports()[name].write(connection, ask(tmp_path))
        for name in ("kpi", "measures", "question"):
            assert reports()[name].write(connection, ask(tmp_path))
    engine.dispose()


def test_figures_of_hosts(connection: Connection, tmp_path: Path) -> None:
    rows = {row["figure"]: row["value"] for row in tables(told(connection, "kpi", ask(tmp_path)))["figures"]}
    assert (rows["hosts seen"], rows["hosts with a reservation"]) == (2, 1)
    assert rows["share of hosts with a reservation"] == 0.5
    assert rows["documents kept without evidence"] == 0


# ---- questions


def test_questions_are_numbered_without_a_gap() -> None:
    assert [question.number for question in questions()] == list(range(1, len(questions()) + 1))


def test_a_question_says_what_it_needs(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="question 1 needs --url"):
        told(connection, "question", ask(tmp_path, which="decision"))
    with pytest.raises(ReportError, match="takes no --source"):
        told(connection, "question", ask(tmp_path, which="5", source="robots"))
    with pytest.raises(ReportError, match="known: 1"):
        told(connection, "question", ask(tmp_path, which="42"))


def test_the_decision_at_a_time(connection: Connection, tmp_path: Path) -> None:
    url = "https://example.org/private/a"
    found = told(connection, "question", ask(tmp_path, which="1", url=url))
    assert tables(found)["reasons"][0]["quote"] == "Disallow: /private/"
    early = ask(tmp_path, which="1", url=url, at=START - timedelta(days=1))
    assert "no decision" in told(connection, "question", early)["sections"][0]["blocks"][0]["text"]


def test_domains_that_were_never_asked(engine: Engine, connection: Connection, tmp_path: Path) -> None:
    rows = tables(told(connection, "question", ask(tmp_path, which="not-crawled")))["domains"]
    assert rows == []


def test_the_robots_txt_of_that_minute(connection: Connection, tmp_path: Path) -> None:
    found = tables(told(connection, "question", ask(tmp_path, which="7", host="example.org")))
    (lines,) = (rows for name, rows in found.items() if name.startswith("robots_txt"))
    assert lines[1] == {"line": 2, "text": "Disallow: /private/"}
    early = ask(tmp_path, which="7", host="example.org", at=START - timedelta(days=1))
    assert tables(told(connection, "question", early))["files"] == []


def test_exclusions_of_a_source(connection: Connection, tmp_path: Path) -> None:
    rows = tables(told(connection, "question", ask(tmp_path, which="2", source="robots")))["exclusions"]
    assert [row["url"] for row in rows] == ["https://example.org/private/a"]


def test_terms_of_a_day(connection: Connection, tmp_path: Path) -> None:
    day = START.replace(hour=0, minute=0)
    assert len(tables(told(connection, "question", ask(tmp_path, which="9", at=day)))["crawls"]) == 1
    before = ask(tmp_path, which="9", at=day - timedelta(days=3))
    assert tables(told(connection, "question", before))["crawls"] == []
