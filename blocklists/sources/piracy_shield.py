"""Text lists of Italy's Piracy Shield: a name or an address a line, for accredited operators only.

Its blocks last for a broadcast and often name addresses that many sites share, so they are live
events, which are switched off by default.
"""

from __future__ import annotations

from blocklists.defaults import Defaults
from blocklists.intake import Intake
from blocklists.model import BodyKind, Parsed, RecognitionKind, Scope
from blocklists.source import Source

_FACTS = Defaults(
    source="piracy_shield",
    legal_ground="copyright",
    jurisdiction="IT",
    body="AGCOM",
    body_kind=BodyKind.AUTHORITY,
    recognition_kind=RecognitionKind.LIVE_EVENT,
    decision_ref="Piracy Shield",
    scope=Scope.EXACT_HOST,
)


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read one of the text lists. Names are full host names, and reach themselves only."""
    intake = Intake(defaults.over(_FACTS))
    for number, line in intake.lines(data):
        if line and not line.startswith("#"):
            intake.name(number, line)
    return intake.parsed()


SOURCE = Source(
    name="piracy_shield",
    title="Piracy Shield text list",
    description="Italy: hosts and addresses blocked during broadcasts. Live events, off by default.",
    parse=parse,
)
