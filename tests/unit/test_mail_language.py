"""In which language a letter is written, and what is answered in it."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.mail.letter import read_letter
from crawler.mail.tongue import language_of_letter, written_in
from crawler.mail.wording import TOLD, Matter, body, subject
from crawler.store.complaints import Step
from crawler.web.language import available, language, nearest
from tests.unit.identity_tools import NOW

GERMAN = "Sie haben Bilder von unserer Seite genommen, obwohl wir das nicht erlaubt haben."
ENGLISH = "You took pictures from our site, although we did not allow it."
MATTER = Matter(
    step=Step.RECEIVED,
    reference="C-2026-0001",
    bot="ExampleBot",
    operator="Example Labs",
    received_at=NOW,
    confirm_due=NOW,
    answer_due=NOW,
    close_due=NOW,
    hosts=("a.example", "b.example", "c.example", "d.example"),
    words="",
    page="https://register.example/de/complaint/C-2026-0001/x",
    withdrawn=2,
    list_sha256="0" * 64,
)


@pytest.mark.parametrize(
    ("text", "header", "code"),
    [
        (GERMAN, "", "de"),
        (GERMAN.upper(), "en-GB", "de"),
        (ENGLISH, "de-DE", "en"),
        ("https://example.org/seite/der/die/das", "de-AT, en;q=0.5", "de"),
        ("https://example.org/seite/der/die/das", "", "en"),
        ("Vous avez pris nos images sans notre accord.", "fr-FR, de", "de"),
        ("Vous avez pris nos images sans notre accord.", "fr", "en"),
        (f"> {GERMAN}\n> {GERMAN}\n{ENGLISH}", "", "en"),
        ("", "", "en"),
    ],
)
def test_what_is_written_goes_before_what_a_program_says(text: str, header: str, code: str) -> None:
    assert language_of_letter(text, header) == code


def test_a_short_or_mixed_text_says_nothing() -> None:
    assert written_in("example.org") is None
    assert written_in(f"{GERMAN} {ENGLISH}") is None


@pytest.mark.parametrize("name", ["Content-Language", "Accept-Language"])
def test_the_header_decides_where_the_text_does_not(name: str) -> None:
    head = "From: a@b.example\nSubject: Our work\n"
    assert read_letter(f"{head}{name}: de-CH\n\nexample.org".encode()).language == "de"
    assert read_letter(f"{head}\n{GERMAN}".encode()).language == "de"


@pytest.mark.parametrize("piece", ["a", "<", "%(", "a@", "%(a", "https://", "<a", ">"])
def test_no_letter_keeps_the_recogniser_busy(piece: str) -> None:
    written_in("die der das")  # the tables are read once
    begun = time.perf_counter()
    written_in(piece * 50_000)
    assert time.perf_counter() - begun < 0.5


@given(st.text(max_size=500), st.text(max_size=300))
def test_any_letter_has_a_language_of_ours(text: str, header: str) -> None:
    assert language_of_letter(text, header) in available()
    assert nearest(header) in (None, *available())


@pytest.mark.parametrize("step", sorted(TOLD))
def test_every_mail_is_wholly_in_one_language(step: Step) -> None:
    told = replace(MATTER, step=step)
    english, german = (body(told, language(code)) for code in ("en", "de"))
    same = {line for line in english.splitlines() if len(line.split()) > 2} & set(german.splitlines())
    assert same == set()
    assert subject(told, language("de")) != subject(told, language("en"))
    assert subject(told, language("de")).startswith("[C-2026-0001] ")
    assert all(len(line) <= 72 for line in german.splitlines() if "https:" not in line)
    assert "\u00a0" not in german
    assert not re.search(r"%\(|&\w+;", german)
