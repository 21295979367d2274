"""The site files of the demo web: each is valid, and together they keep their promises."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import urldefrag, urljoin

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.demoweb.catalog import CatalogError, Expectation, Page, Role, Site, load, parse, under
from crawler.demoweb.pages import Renderer, paragraphs
from reservations.model import Verdict

PORT = 8800
VOCABULARY = {
    "robots": "disallow unreachable unparsable too_large forbidden_403 unauthorized_401 redirect_loop "
    "other_ai_bots",
    "tdmrep": "file header meta pdf epub malformed unreachable",
    "aipref": "robots header legacy malformed",
    "content_signal": "",
    "rsl": "prohibited payment unreadable",
    "noai": "header meta",
    "iptc_plus": "",
    "c2pa": "",
    "ai_txt": "",
    "trust_txt": "",
    "natural_language": "",
    "blocklist": None,
    "access": "401 402 403 451 login paywall metered challenge rate_limited",
    "security": None,
    "error": None,
    "none": "",
}
"""Families of reason codes and their members; None where any member will do."""

SHOWN = {
    "robots.disallow",
    "robots.unreachable",
    "robots.unparsable",
    "robots.forbidden_403",
    "robots.unauthorized_401",
    "robots.redirect_loop",
    "robots.other_ai_bots",
    "tdmrep.file",
    "tdmrep.header",
    "tdmrep.meta",
    "tdmrep.pdf",
    "tdmrep.epub",
    "tdmrep.unreachable",
    "aipref.robots",
    "aipref.header",
    "aipref.legacy",
    "aipref.malformed",
    "content_signal",
    "rsl.prohibited",
    "noai.header",
    "noai.meta",
    "iptc_plus",
    "ai_txt",
    "trust_txt",
    "blocklist",
    "access.401",
    "access.402",
    "access.403",
    "access.451",
    "access.login",
    "access.paywall",
    "access.metered",
    "access.challenge",
    "error",
    "error.http_404",
}

FILES = sorted(
    (entry for entry in files("crawler.demoweb").joinpath("sites").iterdir() if entry.name.endswith(".toml")),
    key=lambda entry: entry.name,
)


def judged() -> Iterator[tuple[Site, Page, Expectation]]:
    for site in load():
        for page in site.page:
            if expectation := site.expectation(page, PORT):
                yield site, page, expectation


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry.name)
def test_a_file_is_valid_and_named_like_its_site(entry: Traversable) -> None:
    site = parse(entry.name, entry.read_text(encoding="utf-8"))
    assert entry.name == f"{site.name}.toml"
    assert site.shows.endswith(".")
    assert "\n" not in site.shows
    assert site.address.startswith("127.0.1.")


def test_there_is_plenty_to_see() -> None:
    assert len(load()) >= 32
    assert 100 <= len(list(judged())) <= 150
    assert load()[0].name == "start"
    assert load()[0].address == "127.0.1.1"


def test_every_reason_is_in_the_vocabulary() -> None:
    for site, page, expectation in judged():
        for reason in expectation.reasons:
            family, _, member = reason.partition(".")
            members = VOCABULARY[family]
            assert not member or members is None or member in members.split(), (site.name, page.path)


def test_the_reasons_that_can_be_shown_are_shown() -> None:
    shown = {reason for _, _, expectation in judged() for reason in expectation.reasons}
    assert shown >= SHOWN


def test_nothing_that_must_be_fetched_is_forbidden() -> None:
    for site, page, expectation in judged():
        closed = any(page.path.startswith(prefix) for prefix in site.forbidden_prefixes())
        assert not (closed and expectation.verdict is Verdict.KEEP), (site.name, page.path)
        late = expectation.reasons[0].partition(".")[0] in {"access", "error", "noai", "iptc_plus"}
        assert not (closed and late), (site.name, page.path)


def test_a_crawl_from_all_seeds_meets_exactly_the_expected_urls() -> None:
    reached = walk()
    assert {e.url for _, _, e in judged()} == {
        url for url, (site, page) in reached.items() if site.role(page) is Role.JUDGED
    }
    assert not [url for url, (site, page) in reached.items() if site.role(page) is Role.NEVER]


def test_the_start_page_alone_leads_to_every_site() -> None:
    reached = walk([load()[0].origin(PORT) + "/"])
    assert {site.name for site, _ in reached.values()} == {site.name for site in load()}


def walk(seeds: list[str] | None = None) -> dict[str, tuple[Site, Page]]:
    """Where a crawler gets that follows the links of kept pages, and redirects."""
    pages = {site.origin(PORT) + page.path: (site, page) for site in load() for page in site.page}
    waiting = seeds or [site.origin(PORT) + path for site in load() for path in site.seeds]
    renderer = Renderer(sites=load(), port=PORT)
    reached: dict[str, tuple[Site, Page]] = {}
    while waiting:
        url = waiting.pop()
        if url in pages and url not in reached:
            reached[url] = pages[url]
            waiting += links(renderer, url, *pages[url])
    return reached


def links(renderer: Renderer, url: str, site: Site, page: Page) -> list[str]:
    expectation = site.expectation(page, PORT)
    if expectation and expectation.verdict is not Verdict.KEEP:
        return []
    answer = renderer.answer(site, page)
    found = [value for name, value in answer.fields if name == "Location"]
    if page.html is not None and not page.gzip:
        tree = LexborHTMLParser(answer.body.decode(page.charset))
        follow = [a for a in tree.css("a[href]") if "nofollow" not in (a.attributes.get("rel") or "")]
        found += [node.attributes["href"] or "" for node in follow]
        found += [node.attributes["src"] or "" for node in tree.css("img[src]")]
    return [target for link in found if (target := joined(url, link))]


def joined(base: str, link: str) -> str | None:
    try:
        return urldefrag(urljoin(base, link.strip())).url
    except ValueError:
        return None


def test_a_page_in_another_charset_is_readable() -> None:
    renderer = Renderer(sites=load(), port=PORT)
    for site, page, _ in judged():
        if page.html is not None and not page.gzip:
            assert site.title.split()[0] in renderer.answer(site, page).body.decode(page.charset)


def test_placeholders_are_all_filled_in() -> None:
    renderer = Renderer(sites=load(), port=PORT)
    for site in load():
        for page in site.page:
            answer = renderer.answer(site, page)
            assert b"{origin" not in answer.body
            assert not [value for _, value in answer.fields if "{" in value]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name = ", "Invalid value"),
        ('name = "a"\naddress = "127.0.1.200"', "title"),
        ("PAGE\ncolour = 1", "colour"),
        ('PAGE\nexpect = "perhaps"', "perhaps"),
        ('PAGE\nexpect = "exclude"', "reason code"),
        ('PAGE\nexpect = "keep robots.disallow"', "reason code"),
        ('PAGE\nhtml = "a"\ntext = "b"', "more than one body"),
        ('PAGE\n[[page]]\npath = "/"', "twice"),
        ('PAGE\n[[page]]\npath = "x"', "slash"),
        ('seeds = ["/a"]\nPAGE', "/a"),
        ('missing = "/b"\nPAGE', "/b"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_trouble(text: str, complaint: str) -> None:
    head = 'name = "a"\naddress = "127.0.1.200"\ntitle = "A"\nshows = "A."\nlang = "en"\n'
    whole = (head + text).replace("PAGE", '[[page]]\npath = "/"') if "name" not in text else text
    with pytest.raises(CatalogError, match=r"a\.toml") as caught:
        parse("a.toml", whole)
    assert complaint in str(caught.value)


def test_a_reason_prefix_ends_at_a_dot() -> None:
    assert under("tdmrep.file", "tdmrep")
    assert under("tdmrep", "tdmrep")
    assert not under("tdmrepx", "tdmrep")


def test_an_expectation_is_met_by_verdict_and_reason() -> None:
    expectation = Expectation(url="u", site="s", verdict=Verdict.EXCLUDE, reasons=("error", "security"))
    assert expectation.met_by("exclude", ["security.bomb"])
    assert not expectation.met_by("exclude", ["robots.disallow"])
    assert not expectation.met_by("defer", ["error.http_503"])
    kept = Expectation(url="u", site="s", verdict=Verdict.KEEP, reasons=("none",))
    assert kept.met_by("keep", [])
    assert kept.met_by("keep", ["none"])


def test_blank_lines_separate_paragraphs_but_blocks_stay() -> None:
    assert paragraphs("one\ntwo\n\n<ul></ul>\n\n<a>x</a>") == "<p>one\ntwo</p>\n<ul></ul>\n<p><a>x</a></p>"
