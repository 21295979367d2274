"""The text of a judgment or order: names in it are proposed to a person, and none of them counts.

`forbear blocklists approve` takes one of them.
"""

from __future__ import annotations

from dataclasses import replace

from blocklists.columns import decoded
from blocklists.defaults import Defaults
from blocklists.intake import Intake, not_a_list
from blocklists.model import Parsed
from blocklists.proposing import proposals
from blocklists.source import Source


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Propose the names in a text. For a PDF there is `court_pdf`."""
    intake = Intake(replace(defaults, legal_ground="copyright", jurisdiction="EU", body="-"))
    if problem := not_a_list(data):
        remedy = "use `--format court_pdf`"
        intake.reject(0, problem, problem, remedy if "PDF" in problem else "save its text")
        return intake.parsed()
    return replace(intake.parsed(), proposals=proposals(intake, decoded(data)))


SOURCE = Source(
    name="court_text",
    title="Text of a decision",
    description="Names are proposed to a person with the words around them; none counts until approved.",
    parse=parse,
)
