"""Links are joined as `urllib.parse.urljoin` joins them, also where the short way is taken."""

from __future__ import annotations

from urllib.parse import urldefrag, urljoin

from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import HtmlResponse

from spiders.links import MAX_URL, page_links

_PARTS = ["/", "//", ".", "..", "a", "b.c", "?", "x=1", "&", ";", "%2e", "é", "\\", "@", "~", "-", ":80"]
_STARTS = ["", "/", "http://", "https://", "HTTP://", "http://e.com", "https://e.com:81/"]
_BASES = [
    "http://127.0.0.2:80/a/b?q",
    "https://e.com",
    "http://E.com/x",
    "https://[::1]/a",
    "http://e.com/a/",
]


def _page(base: str, href: str) -> HtmlResponse:
    body = f'<a href="{href}">x</a>'.encode()
    return HtmlResponse(base, body=body, request=Request(base), encoding="utf-8")


@given(
    st.sampled_from(_BASES),
    st.builds("{}{}".format, st.sampled_from(_STARTS), st.lists(st.sampled_from(_PARTS)).map("".join)),
)
def test_a_link_is_what_urljoin_makes_of_it(base: str, href: str) -> None:
    page = _page(base, href)
    try:
        expected = urldefrag(urljoin(page.url, href))[0]
    except ValueError:
        expected = ""
    is_web = expected.lower().startswith(("http://", "https://"))
    assert list(page_links(page)) == ([expected] if is_web else [])


def test_a_link_that_is_too_long_is_left_alone() -> None:
    assert not list(page_links(_page("http://e.com/", "/" + "a" * MAX_URL)))
    assert list(page_links(_page("http://e.com/", "/" + "a" * (MAX_URL - 1))))
