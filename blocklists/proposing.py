"""Names in the running text of a judgment or order, each with what speaks against taking it.

Judgments name lawful sites too: the parties, their lawyers, whoever made the evidence. So each name
comes with the words around it, and a person who has read the decision takes it or leaves it.
"""

from __future__ import annotations

import re

from blocklists.defaults import bounded
from blocklists.hostnames import canonical_host, registrable_domain
from blocklists.intake import Intake
from blocklists.model import Proposal

MAX_NAMES = 10_000
CONTEXT = 90

_BREAK = "\u2060"
"""Where a name went over the end of a line."""
_BROKEN = re.compile(r"(?<=\w-)\n[ \t]*(?=[\w-]+\.)|(?<=\w)\n[ \t]*(?=\.\w)")
_DEFANGED = re.compile(r"\s?[\[({]\s?(?:\.|dot|punkt|punto|point)\s?[\])}]\s?", re.IGNORECASE)
_NAME = re.compile(
    r"(?<![\w@./-])(?:https?://)?((?:[^\W_](?:[\w\u2060-]{0,61}[^\W_])?\u2060?\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}))"
    r"(?![\w@-])(/[^\s\"'<>)\]]*)?"
)
_FILE_WORDS = "pdf doc docx html htm php jpg jpeg png gif xml txt zip exe xls xlsx csv odt js css asp aspx"
_FILES = frozenset(_FILE_WORDS.split())
"""Endings of file names, which look like names of hosts."""
_LAWFUL = re.compile(
    r"plaintiff|claimant|applicant|applying part|kläger|antragsteller|beklagte|defendant|requérant|demandeur|"
    r"ricorrente|demandante|eiser|käranden|hakija|saksøker|law firm|rechtsanw|avocat|abogad|witness|expert|"
    r"provider|internetanbieter|fournisseur d'accès|operatør|according to|laut |see also|lawful|legal offer",
    re.IGNORECASE,
)


def proposals(intake: Intake, text: str) -> tuple[Proposal, ...]:
    """The names in a text, each once, with the line it stands in first."""
    found: dict[str, Proposal] = {}
    for match in _NAME.finditer(_BROKEN.sub(_BREAK, _DEFANGED.sub(".", text.replace("\r\n", "\n")))):
        proposal = _proposal(intake, match)
        if proposal is not None and len(found) < MAX_NAMES:
            found.setdefault(proposal.value, proposal)
    return tuple(found.values())


def _proposal(intake: Intake, match: re.Match[str]) -> Proposal | None:
    name, path = match[1], match[2] or ""
    host = canonical_host(name.replace(_BREAK, ""))
    if host is None or host.rpartition(".")[2] in _FILES:
        return None
    before = match.string[max(0, match.start() - CONTEXT) : match.start()]
    around = f"{before}{match[0]}{match.string[match.end() : match.end() + CONTEXT]}".replace(_BREAK, "")
    doubts = ["put together from two lines; the hyphen may not belong to it"] if _BREAK in name else []
    if path.strip("/"):
        doubts.append(f"named with a path: {bounded(path)}")
    if reason := intake.name_objection(host)[0]:
        doubts.append(f"an importer would refuse it: {reason}")
    if registrable_domain(host) not in (host, host.removeprefix("www.")):
        doubts.append("lies below another name")
    if _LAWFUL.search(before):
        doubts.append("the words before it speak of a party, a provider or a source")
    return Proposal(
        value=host,
        line=sum(match.string.count(mark, 0, match.start()) for mark in ("\n", _BREAK)) + 1,
        context=bounded(" ".join(around.split())),
        doubts=tuple(doubts),
    )
