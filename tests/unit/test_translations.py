"""Every sentence that a translated page or a mail can say is in every language there is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.nodes import Call, Const, Getattr, Name

import crawler.web
from crawler.mail.wording import RIGHTS
from crawler.web import because, desk, errors, site
from crawler.web.language import MONTHS, available, is_translated, language
from crawler.words import codes, in_words

WEB = Path(crawler.web.__file__).parent
ENGLISH = ("staff", "api.html", "unpublished.html")
"""Templates of pages that are English."""
SAYS = {"say": 1, "plain": 1, "_": 1, "count": 3, "plain_count": 3}
"""Which of the first arguments of a call are sentences; of `count` not the number."""
NAMES = {"API", "OpenAPI", "JSON", "SHA-256", "HTML", "robots.txt", ""}


def templates() -> Iterator[Path]:
    for path in sorted((WEB / "templates").glob("*.html")):
        if not path.name.startswith(ENGLISH):
            yield path


def modules() -> Iterator[Path]:
    staff = {"overview.py", "charts.py"}
    yield from (p for p in WEB.glob("*.py") if p.name not in staff)
    yield from (WEB / "pages").glob("*.py")
    yield from (WEB.parent / "mail").glob("*.py")


def in_template(path: Path) -> Iterator[str]:
    for call in Environment(autoescape=True).parse(path.read_text()).find_all(Call):
        name = call.node.name if isinstance(call.node, Name) else getattr(call.node, "attr", "")
        if isinstance(call.node, Name | Getattr) and name in SAYS:
            for argument in call.args[: SAYS[name]]:
                found = [argument] if isinstance(argument, Const) else argument.find_all(Const)
                yield from (c.value for c in found if isinstance(c.value, str))


def in_module(path: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(path.read_text())):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        for argument in call.args[: SAYS.get(name, 0)]:
            if isinstance(argument, ast.Constant | ast.IfExp):
                constants = (c for c in ast.walk(argument) if isinstance(c, ast.Constant))
                yield from (c.value for c in constants if isinstance(c.value, str))


def from_tables() -> Iterator[str]:
    yield from desk.KINDS.values()
    yield from desk.ROLES.values()
    yield from (words for step, words in desk.STEPS.items() if step != "note")
    yield from (part.name for part in site.PUBLIC)
    for table in (because.USES, because._SINCE, because._NOW, because._DECIDES):
        yield from table.values()
    yield from because._SENTENCES.values()
    yield from because._PLACES.values()
    yield from map(in_words, codes())
    yield from errors._TITLES.values()
    yield from MONTHS
    yield RIGHTS
    yield from ("One document of %(what)s", "%(n)s documents of %(what)s")


@pytest.mark.parametrize("code", [code for code in available() if code != "en"])
def test_nothing_a_page_says_is_left_in_english(code: str) -> None:
    known = set(language(code).originals()) | NAMES
    missing = {
        f"{path.name}: {text}"
        for paths, read in ((templates(), in_template), (modules(), in_module))
        for path in paths
        for text in read(path)
        if any(map(str.isalpha, text)) and text not in known
    }
    missing |= {f"tables: {text}" for text in from_tables() if text not in known}
    assert sorted(missing) == []


@pytest.mark.parametrize(
    ("path", "translated"),
    [
        *((path, True) for path in ("/", "/check", "/complain", "/complaint/a/b", "/own", "/log", "/d/a.b")),
        *((path, False) for path in ("/staff", "/api", "/api/v1/status", "/bot/", "/feeds/policy.atom")),
    ],
)  # fmt: skip
def test_pages_that_speak_other_languages(path: str, translated: bool) -> None:
    assert is_translated(path) is translated
