"""What the operator intends and how strictly evidence is read: one table, with a version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reservations.model import Profile, Use

VERSION = "2026-11-24"
"""Version of the tables here and in `decide`; recorded with every decision."""

TRAINING_USES = frozenset({Use.TDM, Use.AI_TRAIN, Use.GENAI_TRAIN})
"""What a training crawl intends."""


class Inference(StrEnum):
    """Whether groups for other AI bots in robots.txt count as a reservation of training."""

    ANY = "any"
    TWO = "two"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything about us that decides, beside the evidence."""

    profile: Profile = Profile.STANDARD
    uses: frozenset[Use] = TRAINING_USES
    infer_from_other_bots: Inference = Inference.ANY
    version: str = VERSION
    accepted_policies: frozenset[str] = frozenset()
    """TDM policies whose conditions the operator meets; they alone lift a TDMRep reservation.

    Each a `uid`, or `uid sha256:digest` of the one document that is accepted (`reservations.acceptance`).
    """
    disabled_protocols: frozenset[str] = frozenset()
    """Protocols that are read and shown and do not decide (`reservations.protocol_table`)."""
    protocol_table: str = ""
    """Version of the operator's own protocol table; empty where the shipped one holds."""

    @property
    def inference(self) -> Inference:
        """The switch in force: always off under the letter, which binds only the named crawler."""
        return Inference.OFF if self.profile is Profile.LETTER else self.infer_from_other_bots

    @property
    def chosen(self) -> dict[str, str | list[str]]:
        """What the operator chose beyond the common terms, ready for JSON; empty for nearly everybody."""
        said: dict[str, str | list[str]] = {
            "accepted_policies": sorted(self.accepted_policies),
            "disabled_protocols": sorted(self.disabled_protocols),
            "protocol_table": self.protocol_table,
        }
        return {key: value for key, value in said.items() if value}


IMPLIES: dict[Use, frozenset[Use]] = {
    Use.TDM: frozenset({Use.TDM, Use.AI_TRAIN, Use.GENAI_TRAIN, Use.AI_INPUT}),
    Use.AI_TRAIN: frozenset({Use.AI_TRAIN, Use.GENAI_TRAIN}),
    Use.GENAI_TRAIN: frozenset({Use.GENAI_TRAIN}),
    Use.AI_INPUT: frozenset({Use.AI_INPUT}),
    Use.SEARCH: frozenset({Use.SEARCH}),
}
"""Reserving the key reserves the values."""


def reserved_uses(use: Use | None) -> frozenset[Use]:
    """What a reservation of `use` reserves; None (a robots.txt denial) reserves everything."""
    return frozenset(Use) if use is None else IMPLIES[use]
