"""What a TDM policy adds to a reservation: whom to ask, and terms that an operator may have accepted.

TDMRep final report of 10 May 2024, section "Expressing a TDM Policy". A policy never lifts a
reservation by itself: what it offers is said here as a statement that reserves and permits nothing, and
`reservations.acceptance` holds it against the list of policies whose conditions the operator meets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reservations.facts import Facts
from reservations.model import (
    Evidence,
    EvidenceRequest,
    Level,
    Locator,
    Note,
    NoteKind,
    Outcome,
    Preference,
    Reading,
    Statement,
    Use,
    quoted,
)
from reservations.readers.http_fields import content_type_of, media_type_of
from reservations.readers.odrl import TdmPolicy, read_policy

KIND = "tdm-policy"
OFFER = "tdmrep.policy"
"""Code of the statement that names an offer; no reason ever has it."""

_PROSE = frozenset({"text/html", "application/xhtml+xml", "text/plain", "application/pdf"})

POLICY_ALONE = NoteKind(
    code="tdmrep.policy-without-reservation",
    level=Level.WARN,
    summary="There is a TDM policy but no reservation",
    text="A policy alone reserves nothing; it only says on what terms a reserved work may be used. Add "
    "`tdm-reservation` with the value 1 if mining is reserved.",
)
READ = NoteKind(
    code="tdmrep.policy-read",
    level=Level.INFO,
    summary="A TDM policy says whom to ask, and on what conditions",
    text="The policy was read, and `forbear check` shows its contact and conditions. It lifts nothing by "
    "itself: the reservation stands unless the operator accepted this policy by its uid.",
)
UNREADABLE = NoteKind(
    code="tdmrep.policy-unreadable",
    level=Level.WARN,
    summary="The TDM policy cannot be had or read",
    text="The address gives no answer, or no ODRL policy in JSON-LD and no page for people either. The "
    "conditions stay unknown and the reservation stands. Serve the policy as application/json.",
)
REPAIRED = NoteKind(
    code="tdmrep.policy-broken-json",
    level=Level.WARN,
    summary="The TDM policy is not valid JSON",
    text="A comma is missing or one too many, or there are comments; the samples of the report have such "
    "slips. Forbear reads contact and conditions all the same, but no permission. Check it with a JSON "
    "validator.",
)
INCOMPLETE = NoteKind(
    code="tdmrep.policy-incomplete",
    level=Level.WARN,
    summary="The TDM policy lacks what the report asks for",
    text="A policy has a `uid`, one `assigner` with a way to reach it, and a `permission` list whose action "
    "is `tdm:mine`; obligations and prohibitions have no place in it. What is there is shown.",
)
ACCEPTED = NoteKind(
    code="tdmrep.policy-accepted",
    level=Level.INFO,
    summary="The reservation is lifted by a TDM policy that the operator accepted",
    text="The operator of this crawler listed the uid of your policy as one whose conditions it meets. If "
    "that is not so, write to the contact on the crawler's page.",
)
CHANGED = NoteKind(
    code="tdmrep.policy-changed",
    level=Level.INFO,
    summary="The TDM policy changed after the operator accepted it",
    text="The operator of this crawler accepted an earlier document with this uid. The one that is served now"
    " is another, so it lifts nothing and the reservation stands, until a person has read and accepted it.",
)
POLICY_NOTES = (POLICY_ALONE, READ, UNREADABLE, REPAIRED, INCOMPLETE, ACCEPTED, CHANGED)


def wanted(facts: Facts, urls: Iterable[str]) -> tuple[EvidenceRequest, ...]:
    """The policies to ask for; none unless the operator reads them."""
    if not facts.agent.reads_policies:
        return ()
    return tuple(EvidenceRequest(kind=KIND, url=url) for url in dict.fromkeys(urls))


def read_policies(facts: Facts, urls: Iterable[str]) -> Reading:
    """What the policies at these addresses say, of those that were asked for."""
    found = {e.url: e for e in facts.all(KIND)}
    statements: list[Statement] = []
    notes: list[Note] = []
    for url in dict.fromkeys(urls):
        if url not in found:
            continue
        policy = policy_in(found[url])
        notes += _notes(found[url], policy)
        if policy is not None and policy.offers(facts.url):
            statements.append(_offer(policy, found[url]))
    return Reading(statements=tuple(statements), notes=tuple(notes))


def policy_in(evidence: Evidence) -> TdmPolicy | None:
    """The policy that an answer holds."""
    return read_policy(evidence.body) if evidence.outcome is Outcome.FOUND else None


def _notes(evidence: Evidence, policy: TdmPolicy | None) -> Iterator[Note]:
    digest = evidence.sha256
    if policy is None:
        if not _is_prose(evidence):
            yield Note(kind=UNREADABLE, locator=Locator(evidence=digest, quote=quoted(evidence.url)))
        return
    place = Locator(evidence=digest, line=policy.line, quote=quoted(policy.uid))
    yield Note(kind=READ, locator=place)
    if policy.repaired:
        yield Note(kind=REPAIRED, locator=place)
    if not policy.is_complete:
        yield Note(kind=INCOMPLETE, locator=place)


def _is_prose(evidence: Evidence) -> bool:
    """A policy for people is as good a policy, and nothing here reads it."""
    return evidence.outcome is Outcome.FOUND and media_type_of(content_type_of(evidence.fields)) in _PROSE


def _offer(policy: TdmPolicy, evidence: Evidence) -> Statement:
    return Statement(
        protocol="tdmrep",
        code=OFFER,
        use=Use.TDM,
        preference=Preference.UNSTATED,
        locator=Locator(evidence=evidence.sha256, line=policy.line, quote=quoted(policy.uid)),
        decided_by="policy",
        policy_url=evidence.url,
        scope=policy.uid,
    )
