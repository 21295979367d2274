"""Removing one thing because somebody asked for it or a court ordered it; what is held is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crawler.config import Config
from crawler.log.erasure import redact
from crawler.retention.holds import Hold
from crawler.retention.mailbox import drop_mails
from crawler.retention.model import Cause, Order, Redaction, Taken
from crawler.retention.upkeep import Upkeep, upkeep
from crawler.store.database import Connection
from crawler.store.queries.retention import holds
from crawler.store.retention import erasing, targets
from crawler.store.retention.complaints import empty_complaints


class NothingToRemoveError(Exception):
    """The record has nothing of the kind, or it was removed already; the message says which."""


class HeldError(Exception):
    """A hold keeps it; the message names the hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks for a removal, when and why."""

    actor: str
    reason: str
    when: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What was removed, and what the operator should know of it."""

    redaction: Redaction
    notes: tuple[str, ...] = ()


Removal = Callable[[Connection, tuple[Hold, ...]], tuple[Order, Taken, tuple[str, ...]]]


def redact_page(config: Config, url: str, request: Request) -> Removed:
    """Remove all that the record has of a page: documents, evidence, decisions, its address.

    Raises NothingToRemoveError, HeldError, or what `upkeep` raises.
    """

    def removal(connection: Connection, held: tuple[Hold, ...]) -> tuple[Order, Taken, tuple[str, ...]]:
        target = targets.page_target(connection, url, held)
        if target is None:
            raise NothingToRemoveError(
                f"nothing was decided about {url}; a file of a site is removed with --evidence SHA256"
            )
        _refuse(held, target.held, url)
        items = (
            *erasing.document_places(connection, target.decisions),
            *erasing.erase_decisions(connection, target.decisions),
            *erasing.empty_heads(connection, target.observations, addresses=True),
            *erasing.empty_evidence(connection, target.evidence),
        )
        erasing.forget_address(connection, target.url, target.key, target.origin)
        order = _order(request, "url", host=target.host, url_hash=target.key)
        taken = Taken(items=items, rows=len(target.decisions), erased=erasing.positions(items))
        named = f"{target.named_as_via} decisions about other addresses of the site name it as the way there"
        return order, taken, (named,) if target.named_as_via else ()

    return _removed(config, request, removal)


def redact_evidence(config: Config, sha256: str, request: Request) -> Removed:
    """Remove the bytes of a piece of evidence; decisions that rest on it stay and keep their proofs.

    Raises NothingToRemoveError, HeldError, or what `upkeep` raises.
    """

    def removal(connection: Connection, held: tuple[Hold, ...]) -> tuple[Order, Taken, tuple[str, ...]]:
        target = targets.evidence_target(connection, sha256, held)
        if target is None or not target.is_there:
            state = "no evidence" if target is None else "nothing left"
            raise NothingToRemoveError(f"the record has {state} with the SHA-256 {sha256}")
        _refuse(held, target.held, f"the evidence {sha256[:16]}")
        items = (
            *erasing.empty_evidence(connection, [sha256]),
            *erasing.evidence_places(connection, [sha256]),
        )
        order = _order(request, "evidence", host=target.host or None, subject=sha256)
        rests = f"{target.kept} kept documents rest on it: their decisions cannot be judged again"
        return order, Taken(items=items, rows=1), (rests,) if target.kept else ()

    return _removed(config, request, removal)


def redact_complaint(config: Config, reference: str, request: Request) -> Removed:
    """Remove name, address and every text of a complaint, and the mails about it.

    Raises NothingToRemoveError, HeldError, or what `upkeep` raises.
    """

    def removal(connection: Connection, held: tuple[Hold, ...]) -> tuple[Order, Taken, tuple[str, ...]]:
        target = targets.complaint_target(connection, reference, held)
        if target is None or not target.is_there:
            state = "no complaint" if target is None else "nothing personal left in the complaint"
            raise NothingToRemoveError(f"the record has {state} {reference}")
        _refuse(held, target.held, f"complaint {reference}")
        dropped = drop_mails(connection, config.storage.data, [target.id])
        taken = empty_complaints(connection, [target.id])
        note = f"{dropped} mails about it were deleted"
        return _order(request, "complaint", subject=reference), taken, (note,) if dropped else ()

    return _removed(config, request, removal)


def _removed(config: Config, request: Request, removal: Removal) -> Removed:
    with upkeep(config, request.when) as open_:
        return _run(open_, request, removal)


def _run(open_: Upkeep, request: Request, removal: Removal) -> Removed:
    with open_.engine.begin() as connection:
        order, taken, notes = removal(connection, holds(connection))
        made = redact(connection, order, taken)
    open_.finish(request.when)
    return Removed(redaction=made, notes=notes)


def _order(
    request: Request,
    kind: str,
    *,
    host: str | None = None,
    url_hash: int | None = None,
    subject: str | None = None,
) -> Order:
    return Order(
        cause=Cause.REQUEST,
        kind=kind,
        actor=request.actor,
        reason=request.reason,
        when=request.when,
        host=host,
        url_hash=url_hash,
        subject=subject,
    )


def _refuse(held: tuple[Hold, ...], numbers: frozenset[int], what: str) -> None:
    """Raise HeldError where a hold keeps it."""
    for hold in held:
        if hold.id in numbers:
            raise HeldError(
                f"{what} is kept by hold {hold.id} on {hold.kind} {hold.subject} ({hold.reason}); "
                f"`forbear store release {hold.id} --reason TEXT` ends it"
            )
