"""Ad blocker syntax, the host rules of it: `||film.example^` is a host and all below it.

An exception `@@||film.example^` exempts the host and all below it from the rules as wide or wider
(https://help.adblockplus.org/hc/en-us/articles/360062733293).
"""

from __future__ import annotations

from dataclasses import replace

from blocklists.defaults import Defaults
from blocklists.intake import Intake
from blocklists.model import Parsed, Scope, Status
from blocklists.source import Source

_WHOLE_SITE = frozenset({"", "all", "document", "doc", "important"})
"""Options under which a rule still blocks the site itself; all others narrow it to parts of pages."""


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read the host rules. Rules about parts of pages name no site, and are rejected."""
    intake = Intake(defaults)
    for number, line in intake.lines(data):
        if not line or line.startswith(("!", "[")) or (line.startswith("#") and "##" not in line):
            continue
        exempt = line.startswith("@@")
        rule, _, options = line.removeprefix("@@").partition("$")
        if not rule.startswith("||") or not _WHOLE_SITE.issuperset(options.split(",")):
            intake.reject(number, line, "not a rule about a whole host")
            continue
        name = rule[2:].removesuffix("|").removesuffix("^")
        intake.defaults = replace(defaults, status=Status.EXCEPTED) if exempt else defaults
        intake.name(number, name, scope=Scope.DOMAIN_AND_SUBDOMAINS, raw=line)
    return intake.parsed()


SOURCE = Source(
    name="adblock",
    title="Ad blocker host rules",
    description="Rules of the form ||host^, with their exceptions; names only.",
    parse=parse,
    needs=("--ground", "--jurisdiction", "--body"),
)
