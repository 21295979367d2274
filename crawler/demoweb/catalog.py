"""The sites of the demo web: one TOML file each, read and checked.

A page says in `expect` what becomes of it. The first word is a verdict (`keep`, `exclude`,
`defer`), followed for the last two by the reason codes it may carry, as dotted prefixes joined with
`|`. Or it is one of: `unjudged` (served, but no verdict is promised: a redirect, a sitemap),
`never` (must not even be asked for), `evidence` (a location file; the usual ones need no `expect`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from reservations.model import Verdict

LOCATION_FILES = frozenset(
    {"/robots.txt", "/.well-known/tdmrep.json", "/ai.txt", "/trust.txt", "/.well-known/trust.txt"}
)
"""Files a crawler reads to learn what is reserved, so asking for one breaks no reservation."""


class CatalogError(ValueError):
    """A site file that cannot be used; the message names the file."""


class Behaviour(StrEnum):
    """How a page is sent."""

    NORMAL = "normal"
    RESET = "reset"
    HANG = "hang"
    ENDLESS = "endless"
    TRUNCATED = "truncated"


class Role(StrEnum):
    """What a page is for."""

    JUDGED = "judged"
    UNJUDGED = "unjudged"
    NEVER = "never"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a crawl under the default policy is to decide about one URL."""

    url: str
    site: str
    verdict: Verdict
    reasons: tuple[str, ...]
    """Dotted prefixes; one of the decision's reasons starts with one of these."""
    at_most: int | None = None
    """Body bytes that may be pulled from the server before the decision falls."""

    def met_by(self, verdict: str, codes: Iterable[str]) -> bool:
        """Whether a decision with this verdict and these reason codes is the expected one."""
        told = any(under(code, reason) for code in codes for reason in self.reasons)
        return verdict == self.verdict and (told or self.verdict is Verdict.KEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A body that is computed instead of written down; see `crawler.demoweb.bodies`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: str
    title: str = ""
    text: str = ""
    colour: str = "#4a6b8a"
    size: int = 0
    reserved: bool = False
    """Whether the file's own metadata reserves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One path of a site and everything the server says there."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    path: str
    expect: str = ""
    """See the module's docstring; empty takes the site's."""
    title: str = ""
    head: str = ""
    """Extra elements for the HTML head."""
    html: str | None = None
    """Put into the site's frame; paragraphs may be separated by blank lines instead of tags."""
    text: str | None = None
    """Sent as it stands."""
    made: Made | None = None
    media_type: str = "text/html"
    charset: str = "utf-8"
    status: int = 200
    first: tuple[int, ...] = ()
    """Statuses the first requests get, before `status`."""
    retry_after: int | None = None
    """Sent with the statuses in `first`."""
    headers: tuple[tuple[str, str], ...] = ()
    """Sent as latin-1, so that any byte can be written down."""
    gzip: bool = False
    delay: float = 0.0
    behaviour: Behaviour = Behaviour.NORMAL
    at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One origin of the demo web."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    address: str
    title: str
    shows: str
    """One line: what this site is here to show."""
    lang: str
    tagline: str = ""
    footer: str = ""
    accent: str = "#35507a"
    serif: bool = False
    nav: tuple[tuple[str, str], ...] = ()
    expect: str = "keep"
    seeds: tuple[str, ...] = ("/",)
    forbidden: tuple[str, ...] = ()
    """Path prefixes nobody may ask for, location files excepted."""
    missing: str = ""
    """The page sent, with its own status, for any path the site does not have; else a plain 404."""
    listed: bool = False
    """On the demo blocklist: must not be contacted at all, not even for a location file."""
    page: tuple[Page, ...]

    def origin(self, port: int) -> str:
        """The site's origin when the demo web listens on `port`."""
        return f"http://{self.address}:{port}"

    def expect_of(self, page: Page) -> str:
        """The page's own `expect`, or the site's."""
        return page.expect or ("evidence" if page.path in LOCATION_FILES else self.expect)

    def role(self, page: Page) -> Role:
        """What the page is for."""
        word = self.expect_of(page).partition(" ")[0]
        return _ROLES.get(word, Role.JUDGED)

    def expectation(self, page: Page, port: int) -> Expectation | None:
        """What is to be decided about the page; None where nothing is promised."""
        if self.role(page) is not Role.JUDGED:
            return None
        word, _, reasons = self.expect_of(page).partition(" ")
        return Expectation(
            url=self.origin(port) + page.path,
            site=self.name,
            verdict=Verdict(word),
            reasons=tuple(reasons.split("|")) if reasons else ("none",),
            at_most=page.at_most,
        )

    def forbidden_prefixes(self) -> tuple[str, ...]:
        """`forbidden`, and every single page that is never to be asked for."""
        never = tuple(page.path for page in self.page if self.role(page) is Role.NEVER)
        return self.forbidden + never


def under(code: str, prefix: str) -> bool:
    """Whether a dotted reason code is `prefix` or lies below it."""
    return code == prefix or code.startswith(prefix + ".")


def parse(name: str, text: str) -> Site:
    """One site from the text of its file; CatalogError says what is wrong with it."""
    try:
        site = _SITE.validate_python(tomllib.loads(text), strict=False)
        _check(site)
    except (tomllib.TOMLDecodeError, ValidationError, ValueError) as error:
        raise CatalogError(f"{name}: {error}") from error
    return site


@cache
def load() -> tuple[Site, ...]:
    """Every site of the demo web, by address."""
    folder = files("crawler.demoweb").joinpath("sites")
    entries = [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]
    sites = [parse(entry.name, entry.read_text(encoding="utf-8")) for entry in entries]
    for field in ("name", "address"):
        values = [getattr(site, field) for site in sites]
        if double := {value for value in values if values.count(value) > 1}:
            raise CatalogError(f"two sites with the same {field}: {sorted(double)}")
    return tuple(sorted(sites, key=lambda site: tuple(map(int, site.address.split(".")))))


def _check(site: Site) -> None:
    paths = [page.path for page in site.page]
    if len(set(paths)) != len(paths):
        raise ValueError("a path occurs twice")
    needed = {*site.seeds, site.missing or site.seeds[0]}
    if absent := needed - set(paths):
        raise ValueError(f"named, but not a page: {sorted(absent)}")
    for page in site.page:
        if not page.path.startswith("/"):
            raise ValueError(f"{page.path!r} does not start with a slash")
        if sum(source is not None for source in (page.html, page.text, page.made)) > 1:
            raise ValueError(f"{page.path} has more than one body")
        expected = site.expectation(page, 80)
        if expected and (expected.verdict is Verdict.KEEP) != (expected.reasons == ("none",)):
            raise ValueError(f"{page.path}: only a kept page goes without a reason code")


_SITE = TypeAdapter(Site)
_ROLES = {role.value: role for role in Role if role is not Role.JUDGED}
