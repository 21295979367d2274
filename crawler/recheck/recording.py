"""Writing down a look: a decision for every hop, the day of the look, and what is no longer said."""

from __future__ import annotations

from functools import partial

from crawler.recheck.model import Hop, Means, Read
from crawler.store.ending import Gone, end_reservations
from crawler.store.queries.recheck import OF_A_PAGE
from reservations.model import RESPONSE, Effect, Reason


async def record(means: Means, hops: tuple[Hop, ...]) -> None:
    """Record a look; returns once the rows are queued. The target of a redirect comes before its source.

    Nothing rests on them being durable: what a sudden death takes away is looked at again.
    """
    recorder, writer = means.instance.record, means.instance.writer
    for hop in reversed(hops):
        recorder.looked_at(hop.decision, files_only=means.files_only)
        recorder.decide(hop.decision, hop.answer)
    gone = tuple(_gone(hops[0]))
    if gone and not means.files_only:
        when = hops[0].decision.decided_at
        await writer.call(partial(end_reservations, url=hops[0].exchange.url, gone=gone, when=when))
    await writer.room()


def _gone(hop: Hop) -> list[Gone]:
    """What the page itself said at the last look, and says no more, as far as it was read now."""
    said = {_key(reason) for reason in hop.decision.reasons}
    return [
        Gone(kind=kind, protocol=reason.protocol, code=reason.code, use=reason.use, quote=reason.quote)
        for reason in hop.known.reasons
        if reason.effect is Effect.EXCLUDE and (kind := hop.known.kinds.get(reason.evidence or ""))
        if _key(reason) not in said and hop.read >= _enough(kind)
    ]


def _enough(kind: str) -> int:
    """How much of a page has to be read to say that evidence of a kind is no longer there."""
    if kind == RESPONSE:
        return Read.HEAD
    return Read.WHOLE if kind in OF_A_PAGE else Read.WHOLE + 1  # files of a site are held against themselves


def _key(reason: Reason) -> tuple[object, ...]:
    return reason.protocol, reason.code, reason.use, reason.quote
