"""Links of a page to feeds of its own origin."""

from __future__ import annotations

import pytest

from reservations.readers.feed_links import MAX_FOUND, feed_links

PAGE = "https://ex.org/blog/one"
HTML = (("Content-Type", "text/html"),)


def link(href: str, media_type: str = "application/rss+xml", rel: str = "alternate") -> str:
    return f'<link rel="{rel}" type="{media_type}" href="{href}">'


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        (link("/feed"), ("https://ex.org/feed",)),
        (link("/feed", "Application/RSS+XML; charset=utf-8", "ALTERNATE home"), ("https://ex.org/feed",)),
        (link("/atom", "application/atom+xml") + link("/rss"), ("https://ex.org/rss", "https://ex.org/atom")),
        (link("/feed#top") + link("/feed"), ("https://ex.org/feed",)),
        ('<base href="/de/">' + link("feed"), ("https://ex.org/de/feed",)),
        ('<base href="https://cdn.example/">' + link("feed"), ()),
        (link("https://feeds.example/ex"), ()),
        (link("https://www.ex.org/feed"), ()),
        (link("http://ex.org/feed"), ()),
        (link("/feed", "text/html"), ()),
        (link("/feed", rel="stylesheet"), ()),
        (link("http://[bad"), ()),
        (link("javascript:alert(1)"), ()),
        (link("  "), ()),
        ("<!-- " + link("/feed") + " -->", ()),
        ("<p>rss+xml</p>", ()),
    ],
)
def test_links(markup: str, found: tuple[str, ...]) -> None:
    assert feed_links(f"<html><head>{markup}</head><p>x</p>".encode(), HTML, PAGE) == found


def test_no_page_gives_more_than_a_few() -> None:
    markup = "".join(link(f"/feed/{number}") for number in range(1000))
    assert len(feed_links(markup.encode(), HTML, PAGE)) == MAX_FOUND


def test_a_page_too_large_for_a_parser_is_searched_at_its_start() -> None:
    body = (link("/feed") + "<p>word</p>" * 200_000).encode()
    assert feed_links(body, HTML, PAGE) == ("https://ex.org/feed",)


def test_what_is_no_html_links_nothing() -> None:
    assert feed_links(link("/feed").encode(), (("Content-Type", "image/png"),), PAGE) == ()
