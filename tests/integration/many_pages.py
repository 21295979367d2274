"""A web of many small pages, for tests of durability and speed."""

from __future__ import annotations

from crawler.demoweb.catalog import Page, Site


def make_sites(hosts: int, pages: int) -> tuple[Site, ...]:
    """`hosts` sites with `pages` pages each; every fifth page says noai, the last site disallows all."""
    return tuple(_site(number, hosts, pages) for number in range(hosts))


def _site(number: int, hosts: int, pages: int) -> Site:
    closed = number == hosts - 1
    robots = "User-agent: *\nDisallow: /\n" if closed else "User-agent: *\nAllow: /\n"
    start = Page(path="/", html="".join(f'<a href="/p/{n}">{n}</a> ' for n in range(pages)))
    leaves = tuple(_page(n, pages, closed=closed) for n in range(pages))
    return Site(
        name=f"many{number}",
        address=f"127.0.2.{number + 1}",
        title=f"Many pages {number}",
        shows="many pages",
        lang="en",
        expect="never" if closed else "keep",
        page=(Page(path="/robots.txt", text=robots, media_type="text/plain"), start, *leaves),
    )


def _page(number: int, pages: int, *, closed: bool) -> Page:
    reserved = number % 5 == 0 and not closed
    headers = (("X-Robots-Tag", "noai"),) if reserved else ()
    expect = "exclude noai.header" if reserved else ""
    text = f'<p>Page {number}. <a href="/p/{(number + 1) % pages}">next</a></p>'
    return Page(path=f"/p/{number}", html=text, headers=headers, expect=expect)


def redirecting_site(target: str) -> Site:
    """A site whose start page redirects to `target`."""
    start = Page(path="/", status=302, headers=(("Location", target),), text="", expect="unjudged")
    return Site(name="many0", address="127.0.2.1", title="Away", shows="a redirect", lang="en", page=(start,))


def site_with_robots(robots: str) -> Site:
    """A site of one page with this robots.txt."""
    files = (Page(path="/robots.txt", text=robots, media_type="text/plain"), Page(path="/", html="A page."))
    return Site(name="many0", address="127.0.2.1", title="One", shows="a robots.txt", lang="en", page=files)
