"""The shape of the tree, as tests that fail."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.conformance import run_vector
from crawler.vectors import shipped_files, shipped_vectors
from crawler.words import codes
from reservations.protocols import discover

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("reservations", "blocklists", "crawler", "spiders")
HEAVY = ("scrapy", "twisted", "sqlalchemy", "httpx", "aiohttp")


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_load_from_this_checkout(package: str) -> None:
    module = __import__(package)
    assert Path(module.__file__ or "").resolve().is_relative_to(CHECKOUT)


@pytest.mark.parametrize("package", ["reservations.read", "reservations.decide", "blocklists.index"])
def test_pure_packages_load_nothing_that_fetches_or_stores(package: str) -> None:
    code = f"import sys, {package}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    assert done.stdout.split() == []


def test_every_shipped_vector_passes_or_is_disputed_with_a_reason() -> None:
    results = [run_vector(vector) for vector in shipped_vectors()]
    failed = [f"{r.name}: {'; '.join(r.failures)}" for r in results if not r.passed and not r.disputed]
    assert not failed, "\n".join(failed)


def test_vector_names_are_unique_and_name_their_clause() -> None:
    names = [vector["name"] for vector in shipped_vectors()]
    assert len(names) == len(set(names))
    assert all(vector["spec"].strip() for vector in shipped_vectors())


@pytest.mark.parametrize("protocol", discover(), ids=lambda p: p.name)
def test_a_protocol_declares_what_it_does(protocol: object) -> None:
    assert protocol.spec_url.startswith("https://")  # type: ignore[attr-defined]
    assert protocol.codes  # type: ignore[attr-defined]
    known = codes()
    without_words = [c for c in protocol.codes if c not in known]  # type: ignore[attr-defined]
    assert not without_words


def test_every_note_is_produced_by_a_vector() -> None:
    from crawler.conformance import notes_of

    seen = {code for vector in shipped_vectors() for code in notes_of(vector)}
    unseen = [n.code for p in discover() for n in p.notes if n.code not in seen]
    assert not unseen


def test_every_protocol_has_malformed_vectors() -> None:
    counts = {file.name: file.read_text("utf-8").count('"name"') for file in shipped_files()}
    assert all(number >= 2 for number in counts.values()), counts


def _sources() -> list[Path]:
    return [path for package in PACKAGES for path in (CHECKOUT / package).rglob("*.py")]


def test_no_module_is_too_long_to_read() -> None:
    written = [p for p in _sources() if "versions" not in p.parts]  # migrations write down one schema each
    long = {str(p.relative_to(CHECKOUT)): n for p in written if (n := _lines(p)) > 350}
    assert not long


def _lines(path: Path) -> int:
    return path.read_text("utf-8").count("\n")


def test_the_project_speaks_of_itself_only() -> None:
    texts = [*_sources(), *CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")]
    outside = re.compile(r"\.\./shared|/work/|DESIGN\.md|compliant with copyright|pirate")
    found = {str(p.relative_to(CHECKOUT)): m[0] for p in texts if (m := outside.search(p.read_text("utf-8")))}
    assert not found
