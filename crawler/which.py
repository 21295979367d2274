"""Which piece of evidence a reason or note speaks of, where several have the same bytes. Pure.

Every empty answer has one SHA-256, and sites serve one text under several names, so a digest alone does
not tell robots.txt from trust.txt.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Piece(Protocol):
    """A piece of evidence, in memory or in the record."""

    @property
    def kind(self) -> str:
        """What it is."""

    @property
    def outcome(self) -> str:
        """How asking for it ended."""

    @property
    def sha256(self) -> str:
        """Of its bytes."""


P = TypeVar("P", bound=Piece)


def piece_of(pieces: Iterable[P], sha256: str | None, code: str) -> P | None:
    """The piece with these bytes that a code is about: `tdmrep.unreachable` about a tdmrep.json that was."""
    same = [piece for piece in pieces if piece.sha256 == sha256]
    protocol, _, detail = code.partition(".")
    carriers = {protocol, detail}
    return max(
        same,
        key=lambda piece: (
            piece.kind.replace(".", "_").partition("_")[0] in {c.partition("_")[0] for c in carriers},
            piece.outcome == detail or (detail != "unreachable" and piece.outcome == "found"),
        ),
        default=None,
    )
