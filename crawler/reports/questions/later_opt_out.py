"""Was a later opt-out applied to copies that were taken before?"""

from __future__ import annotations

from blocklists.hostnames import canonical_host, registrable_domain
from crawler.present import moment
from crawler.reports.model import Ask, Block, Code, Field, ReportError, Table
from crawler.reports.questions.model import Question
from crawler.store.database import Connection
from crawler.store.queries.lookup import LookupFilter, lookup
from crawler.store.queries.reservations import ReservationFilter, reservations
from crawler.store.queries.withdrawals import WithdrawalFilter, withdrawals


def answer(connection: Connection, ask: Ask) -> tuple[Block, ...]:
    """What is kept of the domain today, what was withdrawn, and since when what is reserved."""
    host = canonical_host(ask.get("domain"))
    if not host:
        raise ReportError(f"{ask.get('domain')}: no domain; write example.org")
    domain = registrable_domain(host) or host
    found = lookup(connection, LookupFilter(subject=domain))
    gone = tuple(withdrawals(connection, WithdrawalFilter(domain=domain)))
    return (
        Field(no="", label="Domain", value=Code(domain)),
        Field(no="", label="Documents kept today", value=found.documents),
        Field(no="", label="Documents withdrawn", value=len(gone)),
        Table(
            name="reservations",
            title="Reservations that were seen",
            columns=("first_seen", "ended_at", "code", "url", "line", "quote"),
            rows=tuple(
                (
                    moment(one.first_seen),
                    moment(one.ended_at) if one.ended_at else None,
                    Code(one.code),
                    Code(one.url),
                    one.line,
                    Code(one.quote),
                )
                for one in reservations(connection, ReservationFilter(domain=domain))
            ),
        ),
        Table(
            name="withdrawn",
            title="Documents that were withdrawn",
            columns=("url", "kept_at", "withdrawn_at", "reason", "body_sha256"),
            rows=tuple(
                (
                    Code(one.url),
                    moment(one.kept_at),
                    moment(one.withdrawn_at) if one.withdrawn_at else None,
                    one.withdrawn_reason,
                    Code(one.body_sha256),
                )
                for one in gone
            ),
        ),
    )


QUESTION = Question(
    number=8,
    name="later-opt-out",
    text="Was the later opt-out of this domain applied to earlier copies?",
    needs=("domain",),
    answer=answer,
)
