"""The one place that knows precedence: reasons to a verdict.

Exclude if anything reserves a use we intend, refuses access or lists the host; else defer if any
evidence that was asked for is unknown; else keep. Between protocols any reservation wins, and a
permission lifts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from reservations.acceptance import lifted
from reservations.model import (
    Effect,
    OtherBot,
    Preference,
    Profile,
    Reading,
    Reason,
    Statement,
    TokenClass,
    Unknown,
    Verdict,
)
from reservations.policy import Inference, Policy, reserved_uses

_RANK = ("security", "blocklist", "robots", "access")
"""First parts of reason codes that come before the reservation protocols, most decisive first."""


def reasons_of(
    reading: Reading, policy: Policy, awaiting: frozenset[Statement] = frozenset()
) -> tuple[Reason, ...]:
    """The reasons that a reading gives under a policy, in no particular order.

    `awaiting` are reservations of which it is not known yet whether they bind.
    """
    inferring = _inference_holds(reading, policy)
    free = lifted(reading, policy) | awaiting
    statements = (
        s
        for s in reading.statements
        if _binds(s, policy, inferring=inferring) and (not free or s not in free)
    )
    unknowns = (
        u
        for u in reading.unknowns
        if policy.profile in u.under and u.protocol not in policy.disabled_protocols
    )
    return (*map(_from_statement, statements), *map(_from_unknown, unknowns))


def decide(reasons: Iterable[Reason]) -> tuple[Verdict, tuple[Reason, ...]]:
    """The verdict, and its reasons, most decisive first.

    The order in which reasons come in never changes the answer; adding an excluding reason never
    turns EXCLUDE into anything else.
    """
    ordered = tuple(sorted(set(reasons), key=_decisiveness))
    if any(r.effect is Effect.EXCLUDE for r in ordered):
        return Verdict.EXCLUDE, ordered
    return (Verdict.DEFER if ordered else Verdict.KEEP), ordered


def preference_for(reading: Reading, use: str, profile: Profile) -> Preference:
    """What the statements themselves say about one use, before any implication between uses."""
    said = {
        s.preference for s in reading.statements if s.use == use and profile in s.under and not s.advisory
    }
    for preference in (Preference.RESERVED, Preference.PERMITTED):
        if preference in said:
            return preference
    return Preference.UNSTATED


def _binds(statement: Statement, policy: Policy, *, inferring: bool) -> bool:
    return (
        statement.preference is Preference.RESERVED
        and policy.profile in statement.under
        and not statement.advisory
        and statement.protocol not in policy.disabled_protocols
        and (statement.inferred_from is None or inferring)
        and not policy.uses.isdisjoint(reserved_uses(statement.use))
    )


def _inference_holds(reading: Reading, policy: Policy) -> bool:
    if policy.inference is Inference.OFF:
        return False
    if policy.inference is Inference.ANY:
        return True
    bots = [
        s.inferred_from
        for s in reading.statements
        if s.inferred_from is not None and s.preference is Preference.RESERVED
    ]
    control = any(b.token_class is TokenClass.USAGE_CONTROL for b in bots)
    return control or len({b.operator for b in bots}) > 1


def _from_statement(s: Statement) -> Reason:
    return Reason(
        code=s.code,
        effect=Effect.EXCLUDE,
        protocol=s.protocol,
        use=s.use,
        evidence=s.locator.evidence,
        line=s.locator.line,
        offset=s.locator.offset,
        quote=s.locator.quote,
        why=_said_to(s.inferred_from) if s.inferred_from else "",
        inferred=s.inferred_from is not None,
    )


def _said_to(bot: OtherBot) -> str:
    return f"said to {bot.token} ({bot.operator}), taken as meant for every training crawler"


def _from_unknown(u: Unknown) -> Reason:
    return Reason(
        code=u.code,
        effect=Effect.DEFER,
        protocol=u.protocol,
        evidence=u.locator.evidence,
        line=u.locator.line,
        quote=u.locator.quote,
        why=u.why,
    )


def _decisiveness(reason: Reason) -> tuple[object, ...]:
    family = reason.code.partition(".")[0]
    rank = _RANK.index(family) if family in _RANK else len(_RANK)
    return (
        reason.effect is Effect.DEFER,
        reason.inferred,
        rank,
        reason.code,
        reason.protocol,
        reason.use or "",
        reason.evidence or "",
        reason.line or 0,
        reason.offset or 0,
        reason.quote,
        reason.why,
    )
