"""The list of reader changes: numbered without gaps, complete, and used where it fits.

`python tests/unit/test_reader_changes.py` writes down what the readers say now of every shipped vector.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from crawler.conformance import evidence_of
from crawler.software import SOFTWARE, readers_of
from crawler.vectors import shipped_vectors
from reservations.model import Agent, Effect, Reason, Statement, Unknown
from reservations.protocols import discover
from reservations.read import read
from reservations.reader_changes import EVERY, explaining, reader_changes, reader_version

BASELINE = Path(__file__).parent / "reader_baseline.json"


def said() -> Iterator[tuple[str, str]]:
    """Of every shipped vector a name by what it holds, and what the readers make of it."""
    for vector in shipped_vectors():
        url, evidence = vector["url"], [evidence_of(each) for each in vector["evidence"]]
        reading = read(url, evidence, Agent(token=vector["agent"]))
        lines = sorted(_line(item) for item in (*reading.statements, *reading.unknowns))
        given = json.dumps([vector["agent"], url, vector["evidence"]], sort_keys=True)
        yield f"{vector['protocol']} {_short(given)}", _short("\n".join(lines))


def _line(item: Statement | Unknown) -> str:
    what = f"{item.use} {item.preference} {item.advisory}" if isinstance(item, Statement) else "unknown"
    return f"{item.code} {what} {sorted(item.under)} {item.locator.line} {item.locator.quote}"


def _short(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def test_no_reader_says_something_else_without_a_number() -> None:
    """What old decisions rest on: a vector that is read otherwise has to be told to whoever asks why."""
    written = json.loads(BASELINE.read_text("utf-8"))
    now = dict(said())
    differing = sorted(name for name, was in written["said"].items() if now.get(name, was) != was)
    assert not differing or written["readers"] < reader_version(), (
        f"{len(differing)} vectors are read otherwise ({', '.join(differing[:5])}): add the change to "
        "reservations/data/reader_changes.json, then run `python tests/unit/test_reader_changes.py`"
    )


def test_what_is_written_down_is_of_this_version() -> None:
    assert json.loads(BASELINE.read_text("utf-8"))["readers"] == reader_version(), (
        "run `python tests/unit/test_reader_changes.py`, after the last change that the new number tells of"
    )


def reason(code: str, **more: str) -> Reason:
    return Reason(code=code, effect=Effect.EXCLUDE, protocol=code.partition(".")[0], **more)


def test_changes_are_numbered_without_gaps_in_the_order_of_their_days() -> None:
    changes = reader_changes()
    assert [c.version for c in changes] == list(range(1, len(changes) + 1))
    days = [date.fromisoformat(c.since) for c in changes]
    assert days == sorted(days)
    assert {c.protocol for c in changes} <= {EVERY, *(p.name for p in discover())}
    assert all(c.changed.endswith(".") for c in changes)


def test_a_crawl_records_the_version_of_its_readers() -> None:
    assert readers_of(SOFTWARE) == reader_version() == reader_changes()[-1].version


@pytest.mark.parametrize(
    "software", ["Forbear/0.1.0", "", "readers/4", "Forbear/1 readers/x", "a readers/4 b"]
)
def test_a_name_without_the_version_counts_as_older_than_all(software: str) -> None:
    assert readers_of(software) == 0


def test_only_changes_since_and_of_the_protocols_concerned_explain() -> None:
    gone, same = reason("robots.disallow"), reason("noai.meta")
    robots = [c for c in reader_changes() if c.protocol == "robots"][-1]
    assert explaining(robots.version - 1, [gone, same], [same]) == (robots,)
    assert explaining(robots.version, [gone, same], [same]) == ()
    assert explaining(reader_version(), [gone], []) == ()
    assert explaining(robots.version - 1, [same], [same]) == ()


def test_a_change_explains_further_codes_by_their_dotted_beginning() -> None:
    rsl = next(c for c in reader_changes() if c.protocol == "rsl")
    assert rsl.explains(reason("error.evidence_missing"))
    assert not rsl.explains(reason("error.evidence_missing_too"))
    assert rsl in explaining(rsl.version - 1, [], [reason("error.evidence_missing")])


if __name__ == "__main__":
    text = json.dumps({"readers": reader_version(), "said": dict(sorted(said()))}, indent=0)
    BASELINE.write_text(text + "\n", "utf-8")
    sys.stdout.write(f"{BASELINE}: version {reader_version()}\n")
