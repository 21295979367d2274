"""What a subcommand does not need is not loaded: a command that answers at once is one that people use."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from crawler.cli import main
sys.argv = ["forbear", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
"""


def loaded_by(*words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *words], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (("--version",), ("sqlalchemy", "pydantic", "reservations", "scrapy", "fastapi", "crawler.config")),
        (("why", "--help"), ("scrapy", "fastapi", "pyarrow", "twisted", "trafilatura")),
        (("lookup", "--help"), ("scrapy", "fastapi", "pyarrow", "twisted", "trafilatura")),
        (("export", "--help"), ("scrapy", "fastapi", "pyarrow", "twisted", "trafilatura")),
        (("check", "--help"), ("scrapy", "fastapi", "pyarrow", "twisted", "trafilatura")),
    ],
)
def test_only_what_a_subcommand_needs_is_loaded(words: tuple[str, ...], heavy: tuple[str, ...]) -> None:
    loaded = loaded_by(*words)
    assert "crawler.cli" in loaded
    assert loaded.isdisjoint(heavy), loaded.intersection(heavy)
