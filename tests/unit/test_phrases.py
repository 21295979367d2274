"""Phrases: the table, the normal form, and places, which vectors cannot say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from reservations.facts import Facts
from reservations.model import Agent, Evidence, Outcome
from reservations.protocols import natural_language
from reservations.readers.phrases import MAX_HITS, find_reservations, normal, sentences, table

TABLE = json.loads(files("reservations").joinpath("data", "phrases.json").read_text("utf-8"))
ROWS = [*TABLE["languages"].values(), TABLE["shared"]]


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("§44b UrhG", "§ 44 b UrhG"),
        ("§ 44b  URHG.", "§\u00a044b UrhG"),
        ("Text- und Data-Mining", "text und data mining"),
        ("Text\u2011 und Da\u00adta\u2013Mining", "text und data mining"),
        ("art. 26³ pr. aut.", "art. 263 pr aut"),
        ("l’article L.\u00a0122-5-3", "l'article l 122 5 3"),
        ("ochroną łódź ÆØ", "ochrona lodz aeo"),
        ("２０１９/７９０", "2019 790"),
    ],
)
def test_spellings_that_are_one(written: str, same: str) -> None:
    assert normal(written) == normal(same)


def test_every_term_is_found_in_its_own_words() -> None:
    for row in ROWS:
        for term in (t for terms in row.values() for t in terms):
            assert normal(term.replace("*", "").replace("~", " ")).strip()
            parts = [part.strip() for part in term.split("~")]
            assert len(parts) <= 2
            assert all("*" not in part[:-1] for part in parts)


def test_a_permission_or_definition_in_any_language_has_words_for_it() -> None:
    kinds = {"topics", "weak_topics", "verbs", "weak_verbs", "permits", "definitions"}
    assert all(set(row) == kinds for row in TABLE["languages"].values())
    assert [words.language for words in table().languages] == list(TABLE["languages"])
    assert {"en", "de", "fr", "es", "it", "nl", "pl", "pt", "da", "sv"} <= set(TABLE["languages"])


def test_sentences_do_not_end_at_abbreviations_and_numbers() -> None:
    text = "Nach § 44b Abs. 3 UrhG, Art. 4 und S. 10. Ein zweiter Satz! Ein dritter\n\nohne Punkt"
    found = [s.text for s in sentences(text, frozenset({"abs", "art", "s"}))]
    assert found[-1] == "ohne Punkt"
    assert found[0].startswith("Nach § 44b Abs. 3 UrhG, Art. 4")


def test_hits_are_bounded() -> None:
    assert len(find_reservations("No text and data mining.\n\n" * 1000)) == MAX_HITS


def test_a_clause_is_quoted_with_the_line_it_begins_on() -> None:
    body = b"User-agent: *\nAllow: /\n\n# Hello.\n# Text and data mining\n# is strictly prohibited.\n"
    robots = Evidence(
        kind="robots.txt",
        url="https://example.com/robots.txt",
        outcome=Outcome.FOUND,
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        body=body,
    )
    facts = Facts(url="https://example.com/a", evidence=(robots,), agent=Agent(token="ExampleBot"))
    reported, binding = natural_language.parse(facts).statements
    assert reported.locator.line == 5
    assert reported.locator.quote == "Text and data mining is strictly prohibited."
    assert (reported.advisory, binding.advisory) == (True, False)
    assert not reported.under & binding.under
