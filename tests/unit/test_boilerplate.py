"""Footers and legal lines of pages (recital 18 of Directive (EU) 2019/790); never the article."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from reservations.model import RESPONSE, Agent, Evidence, Outcome, Profile
from reservations.read import extract, read
from reservations.readers.boilerplate import KIND, MAX_SENTENCES, reserving_sentences, triggers

UTF8 = (("Content-Type", "text/html; charset=utf-8"),)
CLAUSE = "We expressly reserve the right to text and data mining (§ 44b UrhG)."
AGENT = Agent(token="ExampleBot")

STATUTES_ALONE = {"art 4(3)", "art 4 of the eu*", "44b abs*", "42h urhg", "l122-5-3", "67.3 rdl", "70-quater"}
STATUTES_ALONE |= {"67.3 del real decreto*", "70 ter l 633*", "15o auteurswet", "15o van de auteurswet"}
STATUTES_ALONE |= {
    "train* ~ ai",
    "26³ pr. aut.",
    "26³ ustawy o prawie*",
    "26(3) pr. aut.",
    "39c az",
    "39c autorsk*",
}
STATUTES_ALONE |= {"11 b ophavsretsloven*", "ophavsretslovens § 11 b", "15 a § upphovsrätts*", "15 a § url"}
"""Not looked for by themselves in a page of every language: a clause names mining beside them."""


def page(rest: str, article: str = "", lang: str = "en") -> bytes:
    return (
        f'<!doctype html><html lang="{lang}"><head><title>T</title></head><body><article>{article}'
        f"</article>{rest}</body></html>"
    ).encode()


def found(rest: str, **more: str) -> tuple[str, ...]:
    return reserving_sentences(page(rest, **more), UTF8)


@pytest.mark.parametrize(
    "rest",
    [
        f"<footer><ul><li>About</li></ul><p>© 2026. All rights reserved. {CLAUSE}</p></footer>",
        f"<small>{CLAUSE}</small>",
        f'<div class="site-footer__legal"><p>{CLAUSE}</p></div>',
        f'<div id="Copyright">{CLAUSE}</div>',
        f'<p class="imprint-line">{CLAUSE}</p>',
        f'<p>{CLAUSE} <a href="/terms">Terms of use</a></p>',
        f'<p>{CLAUSE} <a href="/impressum">Impressum</a></p>',
        f'<p>{CLAUSE} <a href="/cgu">CGU</a> <a href="/x">Aviso legal</a></p>',
        f"<main><p>Text</p><footer>{CLAUSE}</footer></main>",
    ],
)
def test_boilerplate_is_read(rest: str) -> None:
    assert found(rest) == (CLAUSE,)


@pytest.mark.parametrize(
    "rest",
    [
        f"<p>{CLAUSE}</p>",
        f'<div class="story"><p>{CLAUSE}</p></div>',
        f'<div class="paralegal-news">{CLAUSE}</div>',
        f'<article class="legal-news"><p>{CLAUSE}</p></article>',
        f"<article><p>{CLAUSE}</p><footer>{CLAUSE}</footer></article>",
        f'<div itemprop="articleBody"><small>{CLAUSE}</small></div>',
        f'<div role="article"><small>{CLAUSE}</small></div>',
        f'<div class="legal">{"An article on mining law. " * 500}{CLAUSE}</div>',
        f'<p>{CLAUSE} <a href="/a">How publishers change their terms after a long dispute about fees</a></p>',
        f"<!-- <footer>{CLAUSE}</footer> -->",
        f"<script>var x = '<footer>{CLAUSE}</footer>';</script>",
        "<footer>Learn how text and data mining works, which some publishers prohibit.</footer>",
        "<footer>Text and data mining is permitted.</footer>",
        "<footer>© 2026. All rights reserved.</footer>",
    ],
)
def test_articles_and_explanations_are_not(rest: str) -> None:
    assert found(rest, article=f"<p>{CLAUSE}</p><p>Copyright law, legal terms.</p>") == ()


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("de", "Alle Rechte vorbehalten, insbesondere Text- und Data-Mining."),
        ("de-AT", "Die Nutzung f&uuml;r KI-Training ist untersagt."),
        ("fr", "L'éditeur s'oppose à la fouille de textes et de données."),
        ("es", "Se reserva expresamente la miner&iacute;a de textos y datos."),
        ("it", "L'estrazione di testo e di dati è vietata."),
        ("nl", "Geen tekst- en datamining"),
        ("pl", "Eksploracja tekstów i danych jest zabroniona."),
        ("pt", "A prospeção de textos e dados não é permitida."),
        ("da", "Vi frabeder os tekst- og datamining."),
        ("sv", "Text- och datautvinning är inte tillåten."),
        ("cs", "Vytěžování textů a dat je zakázáno."),
        ("", "Vytěžování textů a dat je zakázáno."),
    ],
)
def test_every_language_of_the_table(lang: str, text: str) -> None:
    assert len(found(f"<footer>{text}</footer>", lang=lang)) == 1


def test_what_is_kept_is_the_sentence_and_nothing_else() -> None:
    body = page(f"<footer>Jane Doe, 1 Street. {CLAUSE} Newsletter.</footer>", article="Secret")
    whole = Evidence(
        kind=RESPONSE,
        url="https://ex.org/a",
        outcome=Outcome.FOUND,
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=200,
        fields=UTF8,
        body=body,
    )
    parts = extract(whole, AGENT)
    assert [p.body for p in parts if p.kind == KIND] == [CLAUSE.encode() + b"\n"]
    assert read("https://ex.org/a", parts, AGENT) == read("https://ex.org/a", (whole,), AGENT)
    said = read("https://ex.org/a", parts, AGENT).statements
    assert {(s.advisory, frozenset(s.under)) for s in said} == {
        (True, frozenset({Profile.LETTER, Profile.STANDARD})),
        (False, frozenset({Profile.STRICT})),
    }


def test_not_more_sentences_than_a_bound() -> None:
    many = "".join(f"<footer>Text and data mining of part {n} is prohibited.</footer>" for n in range(50))
    assert len(found(many)) == MAX_SENTENCES


def test_every_topic_has_a_trigger() -> None:
    data = json.loads(files("reservations").joinpath("data", "phrases.json").read_text("utf-8"))
    missing = []
    for language, row in data["languages"].items():
        wanted = triggers(language)
        for topic in (*row["topics"], *row["weak_topics"], *data["shared"]["topics"]):
            written = topic.rstrip("*").lower().encode()
            if topic not in STATUTES_ALONE and not any(trigger in written for trigger in wanted):
                missing.append(f"{language}: {topic}")
    assert not missing
