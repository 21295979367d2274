"""Hosts files (`0.0.0.0 name`, several names a line) and plain lists with a name a line."""

from __future__ import annotations

from blocklists.defaults import Defaults
from blocklists.hostnames import canonical_host, is_ip
from blocklists.intake import Intake
from blocklists.model import Parsed, Scope
from blocklists.source import Source

_OWN = """
    localhost localhost.localdomain local broadcasthost ip6-localhost ip6-loopback ip6-localnet
    ip6-mcastprefix ip6-allnodes ip6-allrouters ip6-allhosts 0.0.0.0
"""
_OWN_NAMES = frozenset(_OWN.split())
"""What every hosts file says about the machine it lies on; these lines name no site."""

# A hosts file has no way to write "and all below it": hosts(5).
_FACTS = Defaults(source="hosts", scope=Scope.EXACT_HOST)


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read a hosts file or a plain list. A name reaches itself only, unless the operator says more."""
    intake = Intake(defaults.over(_FACTS))
    for number, line in intake.lines(data):
        words = line.partition("#")[0].split()
        if len(words) > 1 and is_ip(canonical_host(words[0]) or ""):
            words = [word for word in words[1:] if word.lower() not in _OWN_NAMES]
        elif len(words) > 1:
            intake.reject(number, line, "neither a hosts line nor a single name")
            continue
        for word in words:
            intake.url(number, word) if "/" in word else intake.name(number, word, raw=line)
    return intake.parsed()


SOURCE = Source(
    name="hosts",
    title="Hosts file or plain list",
    description="Names only, so the decision behind them has to be stated. Each reaches itself only.",
    parse=parse,
    needs=("--ground", "--jurisdiction", "--body"),
)
