"""Write the reference pages from the code: `python -m docs.generate`.

A test fails when the pages differ from what this gives, so that they never tell another story than
the code. Under which profile a reason decides is not declared anywhere: it is found by reading every
conformance vector that ships with the package.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crawler.conformance import evidence_of
from crawler.vectors import shipped_vectors
from crawler.words import codes, in_words
from docs.commands import commands_page
from reservations.model import Agent, Preference, Profile, Reading, Statement
from reservations.policy import IMPLIES, VERSION, Policy
from reservations.protocol import Protocol
from reservations.protocol_table import shipped_table
from reservations.protocols import discover
from reservations.read import read

HERE = Path(__file__).resolve().parent

WHERE = {
    "robots.txt": "lines of robots.txt",
    "tdmrep.json": "tdmrep.json",
    "ai.txt": "ai.txt",
    "trust.txt": "trust.txt",
    "rsl": "the licence document that one of these names",
    "response": "header lines of the answer",
    "html-signals": "HTML: meta, link and script elements",
    "image-xmp": "XMP metadata in an image",
    "pdf-xmp": "XMP metadata in a PDF",
    "epub-opf": "the package document of an EPUB",
    "rsl-embedded": "a licence inside a feed or a file",
    "c2pa-assertions": "C2PA manifests (content credentials)",
    "text": "sentences of a page's footer and legal lines",
    "terms": "the terms that a site links",
    "tdm-policy": "the TDM policy that a statement names",
}
"""Kinds of evidence in words; one without words breaks the page and its test."""

FAMILIES = {
    "robots": "robots.txt",
    "tdmrep": "TDM Reservation Protocol",
    "aipref": "AI Preferences",
    "content_signal": "Content Signals",
    "noai": "robots directives against training",
    "ai_txt": "ai.txt",
    "trust_txt": "trust.txt",
    "rsl": "Really Simple Licensing",
    "iptc_plus": "PLUS and IPTC metadata",
    "c2pa": "Content credentials",
    "natural_language": "Plain sentences",
    "blocklist": "Lists of courts and authorities",
    "access": "Access limits",
    "security": "Safety",
    "error": "Everything else: nobody reserved anything",
    "none": "Kept",
}

OPEN_ENDED = (
    ("blocklist.<list>", "not visited: named on the list, whose decision, body and date are recorded"),
    ("error.http_<status>", "answered with that status; 5xx is tried again"),
)

GENERATED = "<!-- Written by `python -m docs.generate` from the code. Do not edit by hand. -->\n"


def protocols_page() -> str:
    """All protocols: where they are looked for, what they can decide, and what may be wrong with them."""
    parts = [GENERATED, _PROTOCOLS_HEAD.format(version=VERSION, number=len(discover()), uses=_uses())]
    parts += [_overview(), _PROFILES]
    found = _profiles_by_code()
    parts += [_protocol(p, found) for p in discover()]
    return "\n".join(parts)


def reasons_page() -> str:
    """All reason codes in plain words, by family."""
    parts = [GENERATED, _REASONS_HEAD]
    families: dict[str, list[str]] = {}
    for code in codes():
        families.setdefault(code.partition(".")[0], []).append(code)
    for family in sorted(families, key=lambda f: (list(FAMILIES).index(f) if f in FAMILIES else 99, f)):
        rows = [(code, in_words(code)) for code in sorted(families[family])]
        parts.append(f"## {FAMILIES.get(family, family)}\n\n{_table(('code', 'in words'), _coded(rows))}")
    parts.append(f"## Codes with an open end\n\n{_table(('code', 'in words'), _coded(OPEN_ENDED))}")
    return "\n".join(parts)


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": lambda: f"{GENERATED}\n{commands_page()}",
    "protocols.md": protocols_page,
    "reasons.md": reasons_page,
}

_PROTOCOLS_HEAD = """# Protocols

Forbear reads {number} ways of reserving rights. This page is written from the code that reads them.
For what to put on your own site, with examples, see [rightsholders.md](rightsholders.md). The reason
codes are explained in [reasons.md](reasons.md).

Reading policy of this build: `{version}`. It is recorded with every decision.

A reservation names a use, and some uses include others:

{uses}

"Standing" is that of the protocol under Measure 1.3 of the Copyright chapter of the EU Code of Practice:
mandatory (named there), agreed (on a list agreed at EU level; none had been published when this was written),
recognised (adopted by a standardisation body, or state of the art and in wide use), or advisory (honoured
without such standing). `forbear protocols` prints the table that is in force.

Silence is never a permission. Between protocols any reservation wins. What a site permits in one
protocol lifts nothing that it reserves in another; a page that nothing reserves is shown as
"no reservation found".
"""

_PROFILES = """## Profiles

`[policy] profile` says how strictly evidence is read.

| profile | meaning |
| --- | --- |
| `letter` | Exactly what each specification says, and nothing beyond it. |
| `standard` | The default. Also honours what plainly reserves where the letter would lose it. |
| `strict` | Also honours sentences in plain language, and vendors' readings of other directives. |

What the letter loses is, for example, a malformed value, one of two contradicting lines, or a
robots.txt that is refused to us. A vendor's reading is, for example, `noarchive` as a limit on training.

What robots.txt says to other AI crawlers is a switch of its own, `infer_from_other_bots`: `any` (the
default), `two` (two operators, or one token that exists only to control AI use), or `off`. Under
`letter` it is off. Pages left out for this alone have the code `robots.other_ai_bots`, which says that
it was done out of caution.

"decides under" below lists the profiles under which the conformance vectors of this build show the
code deciding.
"""

_REASONS_HEAD = """# Reason codes

Every decision has a reason code. The part before the dot names the protocol, or what else decided.
The words here are those that the command line prints.

A code alone never says how a URL ended; the verdict does: kept, left out, or deferred (unknown for
now, tried again, never kept).
"""


def _uses() -> str:
    rows = [
        (f"`{use}`", ", ".join(f"`{u}`" for u in sorted(implied) if u is not use) or "nothing else")
        for use, implied in IMPLIES.items()
    ]
    intended = ", ".join(f"`{u}`" for u in sorted(Policy().uses))
    table = _table(("reserving", "also reserves"), rows)
    return f"{table}\nA training crawl intends {intended}. A robots.txt denial reserves every use."


def _overview() -> str:
    rows = [
        (f"[{p.title}](#{_anchor(p.title)})", f"`{p.name}`", "; ".join(_where(p)), p.spec_version)
        for p in discover()
    ]
    return f"## Overview\n\n{_table(('protocol', 'name', 'looked for in', 'version read'), rows)}"


def _where(protocol: Protocol) -> Iterator[str]:
    places = {location.kind: location.path for location in protocol.locations}
    for kind in protocol.kinds:
        yield f"`{places[kind]}`" if kind in places else WHERE[kind]


def _protocol(protocol: Protocol, found: Mapping[str, frozenset[str]]) -> str:
    lines = [
        f"## {protocol.title}\n",
        f"- Name in the record: `{protocol.name}`",
        f"- Specification: <{protocol.spec_url}>",
        f"- Version read: {protocol.spec_version}",
        *_standing(protocol),
        f"- Looked for in: {'; '.join(_where(protocol))}",
    ]
    lines += [f"- Asked for at every origin: `{location.path}`" for location in protocol.locations]
    if protocol.wants is not None:
        lines.append("- Asks for further files where what is known so far points to them")
    if protocol.meta_names:
        lines.append(f"- Names of meta elements: {', '.join(f'`{n}`' for n in sorted(protocol.meta_names))}")
    rows = [(f"`{c}`", in_words(c), _profiles(found.get(f"{protocol.name} {c}"))) for c in protocol.codes]
    lines += ["", _table(("reason code", "in words", "decides under"), rows)]
    if protocol.notes:
        lines.append("What may be noted; `forbear check --explain` says how to write it instead:\n")
        notes = [(f"`{n.code}`", str(n.level), n.summary.rstrip(".")) for n in protocol.notes]
        lines.append(_table(("note", "level", "what is wrong or unclear"), notes))
    return "\n".join(lines)


def _standing(protocol: Protocol) -> Iterator[str]:
    row = shipped_table().row(protocol.name)
    if row is not None:
        yield f"- Standing: {row.standing}. Published by {row.body}, {row.date}. Adopted by: {row.adopted_by}"
        yield f"- Honoured since: {row.honoured_since}"


def _profiles(found: frozenset[str] | None) -> str:
    if not found:
        return "no vector of this build"
    return ", ".join(p for p in Profile if p in found)


def _profiles_by_code() -> dict[str, frozenset[str]]:
    """Profiles under which each protocol's codes were stated, over all vectors."""
    found: dict[str, set[str]] = {}
    for vector in shipped_vectors():
        for protocol, code, under in _stated(_reading(vector)):
            found.setdefault(f"{protocol} {code}", set()).update(under)
    return {key: frozenset(under) for key, under in found.items()}


def _reading(vector: Mapping[str, Any]) -> Reading:
    return read(vector["url"], map(evidence_of, vector["evidence"]), Agent(token=vector["agent"]))


def _stated(reading: Reading) -> Iterator[tuple[str, str, frozenset[Profile]]]:
    for statement in reading.statements:
        if statement.preference is Preference.RESERVED and not statement.advisory:
            yield statement.protocol, statement.code, _under(statement)
    for unknown in reading.unknowns:
        yield unknown.protocol, unknown.code, unknown.under


def _under(statement: Statement) -> frozenset[Profile]:
    """Profiles that a statement holds under; nothing is inferred from other bots under the letter."""
    return statement.under - {Profile.LETTER} if statement.inferred_from is not None else statement.under


def _coded(rows: Any) -> list[tuple[str, str]]:
    return [(f"`{code}`", words) for code, words in rows]


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _anchor(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def main() -> int:
    """Write the pages that differ, and say which."""
    for name, page in PAGES.items():
        path, text = HERE / name, page()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
