"""cuiiliste.de: names volunteers found blocked at German providers, as JSON.

Either an array of objects with `domain`, `first_blocked_on` and `site`, or an object that holds it as
`list` (https://github.com/Friedjof/GitHub-CuiiListe). What DNS probes found is no decision: the CUII
is an agreement among companies, so these entries are off by default and of low confidence.
"""

from __future__ import annotations

import json
from typing import Any

from blocklists.defaults import Defaults, bounded
from blocklists.intake import Intake, not_a_list
from blocklists.model import BodyKind, Confidence, Parsed, RecognitionKind, Scope
from blocklists.source import Source

MAX_ROWS = 100_000

_FACTS = Defaults(
    source="cuiiliste",
    legal_ground="copyright",
    jurisdiction="DE",
    body="CUII",
    body_kind=BodyKind.SELF_REGULATORY,
    recognition_kind=RecognitionKind.SELF_REGULATORY,
    scope=Scope.DOMAIN_AND_SUBDOMAINS,
    confidence=Confidence.LOW,
)


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read the list. A row is counted as a line, since JSON has none worth naming."""
    intake = Intake(defaults.over(_FACTS))
    rows = _rows(data, intake)
    names = {row["domain"].strip().lower() for row in rows if _is_row(row)}
    for number, row in enumerate(rows, 1):
        if not _is_row(row):
            intake.reject(number, json.dumps(row), "a row without a domain")
            continue
        name, seen = row["domain"].strip(), row.get("first_blocked_on")
        note = f"first seen blocked on {bounded(seen)[:30]}" if isinstance(seen, str) and seen else ""
        intake.name(number, name, note=note)
        twin = name[4:] if name.lower().startswith("www.") else ""
        if twin and twin.lower() not in names:
            # Providers block both; the probes list whichever name they happened to ask for.
            intake.name(number, twin, scope=Scope.EXACT_HOST, note=f"listed as {bounded(name)}; {note}")
    return intake.parsed()


def _rows(data: bytes, intake: Intake) -> list[Any]:
    if problem := not_a_list(data):
        intake.reject(0, problem, problem, "fetch the list itself")
        return []
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        intake.reject(0, data[:200].decode("utf-8", "replace"), "not JSON")
        return []
    rows = value.get("list") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        intake.reject(0, data[:200].decode("utf-8", "replace"), "it holds no list of rows")
        return []
    if len(rows) > MAX_ROWS:
        intake.reject(0, "", f"the list has more than {MAX_ROWS} rows; the rest was not read")
    return rows[:MAX_ROWS]


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("domain"), str) and bool(row["domain"].strip())


SOURCE = Source(
    name="cuiiliste",
    title="cuiiliste.de",
    description="Germany: names found blocked on the CUII's recommendation. Off by default.",
    parse=parse,
)
