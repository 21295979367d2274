"""The table behind `report measures`: what each measure asks, and what a record can show for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crawler.reports import facts
from crawler.reports.model import counted
from crawler.store.queries.measures import RunRow, Totals
from crawler.vectors import shipped_vectors
from reservations.protocol_table import shipped_table

HELD, NONE, STATED, OUTSIDE, NOT_A_DUTY = (
    "evidence in the record",
    "no evidence in this record",
    "to be stated by the provider",
    "not a matter of crawling",
    "no duty; for information",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the record holds, as far as measures need it."""

    runs: tuple[RunRow, ...]
    count: Totals
    lists: int
    entries: int

    def left_out(self, family: str) -> int:
        """Decisions that left a page out for a family of reasons."""
        return sum(
            number
            for (verdict, code), number in self.count.reasons.items()
            if verdict == "exclude" and code.partition(".")[0] == family
        )

    def files(self, kind: str) -> int:
        """How often a file was asked for."""
        return sum(number for (of, _), number in self.count.outcomes.items() if of == kind)


Answer = tuple[str, str, str]
"""What the record holds, in which state that is, and where to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One requirement."""

    id: str
    clause: str
    asks: str
    answer: Callable[[Held], Answer]


def _policy(held: Held) -> Answer:
    says = (
        f"{counted(held.count.policies, 'version')} of the terms, each named by the decisions made under it"
    )
    return f"{says}; who is responsible is to be stated", HELD, "forbear report policy"


def _published(held: Held) -> Answer:
    number = held.count.notices
    return (
        counted(number, "notice") + " of changes",
        HELD if number else NONE,
        "forbear report policy -o policy.md",
    )


def _runs(held: Held) -> Answer:
    names = sorted({run.identity for run in held.runs})
    under = ", ".join(names) or "no name"
    says = f"{counted(len(held.runs), 'crawl')} under {under}; those of contractors are to be stated"
    return says, HELD if held.runs else NONE, "forbear export identities"


def _access(held: Held) -> Answer:
    number = held.left_out("access")
    pages = counted(number, "page")
    says = f"{pages} left out for a login, a paywall, a challenge or a refusal; no body of them is kept"
    return says, HELD, "forbear export exclusions --source access"


def _lists(held: Held) -> Answer:
    says = (
        f"{counted(held.lists, 'list')} with {held.entries:,} entries in force; "
        f"{counted(held.left_out('blocklist'), 'page')} left out for an entry, with decision, body and date"
    )
    return says, HELD if held.lists else NONE, "forbear export exclusions --source blocklist"


def _sources(held: Held) -> Answer:
    says = "addressed to the EU; no address of its list of links was known at this release"
    return says, NOT_A_DUTY, "forbear blocklists list"


def _robots(held: Held) -> Answer:
    tests = sum(1 for vector in shipped_vectors() if vector["protocol"] == "robots")
    says = (
        f"{counted(held.files('robots.txt'), 'answer')} to requests for robots.txt, stored as received; "
        f"{counted(held.left_out('robots'), 'page')} left out for it; {tests} conformance vectors "
        "ship with the reader"
    )
    return says, HELD if held.files("robots.txt") else NONE, "forbear conformance"


def _protocols(held: Held) -> Answer:
    table = shipped_table()
    enabled = [row for row in table.rows if row.enabled]
    says = (
        f"{counted(len(enabled), 'protocol')}, table of {table.version}; "
        f"{counted(held.count.reservations, 'reservation')} seen on {held.count.hosts_with_reservations} of "
        f"{counted(held.count.hosts, 'host')}"
    )
    return says, HELD, "forbear export reservations"


def _third_parties(held: Held) -> Answer:
    says = (
        f"{counted(held.count.rechecks, 'second look')} at kept pages, "
        f"{counted(held.count.withdrawn, 'document')} withdrawn; content that others scraped is no part of "
        "this record"
    )
    state = HELD if held.count.rechecks or held.count.withdrawn else NONE
    return says, state, "forbear export withdrawals"


def _information(held: Held) -> Answer:
    says = (
        f"{held.count.identities} names under which requests were sent, with the time each was in use; "
        f"{counted(held.count.notices, 'notice')} of changes; what was published where is to be stated"
    )
    return says, HELD if held.count.notices else NONE, "forbear export identities"


def _contact(held: Held) -> Answer:
    contact = facts.section(held.runs[-1], "operator").get("contact") if held.runs else ""
    says = f"contact sent with every request: {contact}" if contact else "no contact is configured"
    return says, HELD if contact else NONE, "forbear report policy"


def _complaints(held: Held) -> Answer:
    found = held.count.complaints
    says = f"{counted(found.received, 'complaint')} received, {found.open} of them open"
    return says, HELD if found.received else NONE, "forbear report kpi"


def _kpi(held: Held) -> Answer:
    return "no key figures are required; some are worked out", NOT_A_DUTY, "forbear report kpi"


def _rules(held: Held) -> Answer:
    versions = sorted({str(run.terms["version"]) for run in held.runs})
    says = f"reading policy {', '.join(versions) or 'none'} is recorded with every decision"
    return says, HELD if versions else NONE, "forbear export decisions"


def _says(text: str, state: str, look: str = "") -> Callable[[Held], Answer]:
    return lambda held: (text, state, look)


MEASURES: tuple[Measure, ...] = (
    Measure(
        id="CP-1",
        clause="1.1(1)",
        asks="one written, current policy with named responsibilities",
        answer=_policy,
    ),
    Measure(id="CP-2", clause="1.1(2)", asks="encouraged: publish a summary of it", answer=_published),
    Measure(
        id="CP-3",
        clause="1.2(1)",
        asks="covers crawls by the provider and crawls on its behalf",
        answer=_runs,
    ),
    Measure(
        id="CP-4",
        clause="1.2(1)(a)",
        asks="no circumvention of technological measures, paywalls and subscriptions above all",
        answer=_access,
    ),
    Measure(
        id="CP-5",
        clause="1.2(1)(b)",
        asks="leave out sites recognised by courts or authorities as persistent infringers",
        answer=_lists,
    ),
    Measure(
        id="CP-6",
        clause="1.2(1)(b)",
        asks="an EU list of links to national lists will be published",
        answer=_sources,
    ),
    Measure(id="CP-7", clause="1.3(1)(a)", asks="read and follow robots.txt by RFC 9309", answer=_robots),
    Measure(
        id="CP-8",
        clause="1.3(1)(b)",
        asks="identify and follow other appropriate machine-readable protocols",
        answer=_protocols,
    ),
    Measure(
        id="CP-9",
        clause="1.3(2)",
        asks="rights may be reserved in any appropriate manner; content scraped by others",
        answer=_third_parties,
    ),
    Measure(
        id="CP-10",
        clause="1.3(3)",
        asks="encouraged: support standards and take part in talks",
        answer=_says("nothing a record could show", STATED),
    ),
    Measure(
        id="CP-11",
        clause="1.3(4)",
        asks="publish the crawlers, their robots.txt features and other measures; tell of changes",
        answer=_information,
    ),
    Measure(
        id="CP-12",
        clause="1.3(5)",
        asks="encouraged, for search engines: a reservation must not harm indexing",
        answer=_says("the crawler indexes nothing for search", STATED),
    ),
    Measure(
        id="CP-13",
        clause="1.4",
        asks="safeguards against infringing output; terms that forbid it",
        answer=_says("the source of every document can be traced", OUTSIDE, "forbear why URL"),
    ),
    Measure(id="CP-14", clause="1.5(1)", asks="a point of contact that is easy to find", answer=_contact),
    Measure(
        id="CP-15",
        clause="1.5(2)",
        asks="a complaint mechanism, handled diligently and in reasonable time",
        answer=_complaints,
    ),
    Measure(
        id="CP-16",
        clause="recital (d)",
        asks="size and capacity of the provider count where proportionality is asked for",
        answer=_says("the size of the provider", STATED, "forbear report training-summary --sme"),
    ),
    Measure(
        id="CP-17",
        clause="recital (f)",
        asks="detail of the public summary is set by the template of the AI Office",
        answer=_says(
            "sections 2.3 and 3 are filled in from the record", HELD, "forbear report training-summary"
        ),
    ),
    Measure(id="CP-18", clause="Opinion 42-46", asks="no key figures are required", answer=_kpi),
    Measure(
        id="CP-19",
        clause="Opinion 51",
        asks="the Code is reviewed; rules carry a version",
        answer=_rules,
    ),
)
