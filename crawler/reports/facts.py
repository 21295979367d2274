"""What several reports say: the rules of a crawl, out of the configuration that was really run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawler.config import Config
from crawler.lists import ListError, load_lists
from crawler.reports.model import Code, ReportError, Table
from crawler.store.database import Connection
from crawler.store.queries.measures import RunRow, runs
from reservations.protocol_table import shipped_table
from reservations.protocols import discover

USES = {
    "tdm": "text and data mining",
    "ai_train": "training of AI models",
    "genai_train": "training of generative AI models",
    "ai_input": "input to AI systems",
    "search": "search",
}
PROFILES = {
    "letter": "every specification is followed to the letter",
    "standard": "every specification is followed, and what is malformed but plainly reserves counts as a "
    "reservation",
    "strict": "as standard; plain sentences and readings of single vendors count as reservations too",
}
INFERENCE = {
    "any": "A robots.txt that closes the page to another crawler for AI training counts as a reservation, "
    "out of caution.",
    "two": "A robots.txt that closes the page to two other crawlers for AI training counts as a "
    "reservation, out of caution.",
    "off": "What robots.txt says to other crawlers does not count.",
}
NOT_SAID = frozenset({"error", "security"})
"""Families of reasons that nobody gave: failures, addresses that are none, bounds of the crawl."""
_EEA = "all of the EU and the EEA"


def run_of(connection: Connection, number: int | None) -> RunRow:
    """A crawl by its number, or the newest. Raises ReportError where there is none."""
    found = {run.id: run for run in runs(connection)}
    if not found:
        raise ReportError("this record has no crawl yet; `forbear crawl` makes one")
    if number is not None and number not in found:
        raise ReportError(f"this record has no crawl {number}; it has {min(found)} to {max(found)}")
    return found[max(found) if number is None else number]


def section(run: RunRow, name: str) -> Mapping[str, Any]:
    """A section of the configuration that was run; empty in a record from before there was one."""
    found = run.config.get(name)
    return found if isinstance(found, dict) else {}


def uses(run: RunRow) -> str:
    """The uses that are intended, in words."""
    return ", ".join(USES.get(use, use) for use in run.terms["uses"])


def robots_rules(run: RunRow) -> Iterator[str]:
    """How robots.txt is followed."""
    letter = run.terms["profile"] == "letter"
    names = ", ".join((run.terms["token"], *run.terms["aliases"]))
    yield (
        "robots.txt is asked for before anything else of an origin, once for all, and read by RFC 9309, "
        f"under the product token {names.split(', ')[0]}; a rule for {names} binds."
    )
    yield "It is asked for again after 24 hours, also while a crawl runs; every version is kept."
    yield (
        "If it cannot be had (5xx, no answer), nothing is taken, and the origin is tried again later. "
        + ("401 and 403 count as if there were none." if letter else "401 and 403 close the origin.")
    )
    yield INFERENCE["off" if letter else run.terms["infer_from_other_bots"]]


def access_rules() -> Iterator[str]:
    """What is done about access limits."""
    yield (
        "Paywalls, logins, challenges (CAPTCHA and the like) and refusals (401, 402, 403, 451) are "
        "respected: the page is left out and its body kept nowhere."
    )
    yield (
        "No cookies and no credentials are sent, no challenge is answered, no browser is pretended to be, "
        "and no cache or archive is asked instead."
    )


def manner(run: RunRow) -> Iterator[str]:
    """How hard a site is asked."""
    politeness = section(run, "politeness")
    yield (
        f"At most {politeness.get('per_host', '?')} requests to a host at a time, at least "
        f"{politeness.get('delay', '?')} seconds apart; Crawl-delay and Retry-After are obeyed."
    )


def list_rules(config: Config, run: RunRow) -> Iterator[str]:
    """What is done about sites that courts and authorities have named."""
    states = ", ".join(section(run, "policy").get("jurisdictions", ())) or _EEA
    yield (
        "Sites that courts or public authorities have named for copyright infringement are not visited, "
        f"nor is any redirect to them followed. Jurisdictions that count: {states}."
    )
    try:
        listings = load_lists(config).listings
    except ListError as error:
        raise ReportError(str(error)) from error
    for one in listings:
        yield f"List {one.name}: {len(one.entries)} entries, received {one.retrieved_at:%d %B %Y}."
    if not listings:
        yield "No list is in force."


def later_rules() -> Iterator[str]:
    """What is done about reservations that come later."""
    yield (
        "What is exported as a data set is what the last decision about each page keeps: a page that a "
        "later decision leaves out, or that is withdrawn, is in no later export, and removal lists name it "
        "in the keys of earlier ones."
    )


def protocols() -> Table:
    """The protocols that are read, as they stand."""
    titles = {protocol.name: protocol.title for protocol in discover()}
    table = shipped_table()
    return Table(
        name="protocols",
        title=f"Protocols that are honoured (table of {table.version})",
        columns=("protocol", "title", "standing", "published_by", "version", "honoured_since", "source"),
        rows=tuple(
            (
                Code(row.name),
                titles.get(row.name, row.name),
                str(row.standing),
                row.body,
                row.version,
                row.honoured_since,
                row.source,
            )
            for row in table.rows
            if row.enabled
        ),
    )
