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

    @property
    def inference(self) -> Inference:
        """The switch in force: always off under the letter, which binds only the named crawler."""
        return Inference.OFF if self.profile is Profile.LETTER else self.infer_from_other_bots


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
