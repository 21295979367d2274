"""`forbear why` quotes the file that decided, also where a site serves the same bytes under two names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crawler.cli import build_app
from crawler.store.database import open_database
from reservations.model import Outcome, Stage
from tests.integration.web_tools import config_for
from tests.record_tools import at, decided, location_files, record_all, robots

ORIGIN = "https://twice.example"
BODY = b"User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize("first", [True, False])
def test_the_file_that_decided_is_quoted(tmp_path: Path, first: bool) -> None:
    config = config_for(tmp_path)
    files = [
        replace(file, outcome=Outcome.FOUND, status=200, body=BODY, fetched_at=at(0))
        if file.kind == "ai.txt"
        else file
        for file in location_files(ORIGIN)
    ]
    read = [robots(BODY, ORIGIN), *files] if first else [*files, robots(BODY, ORIGIN)]
    engine = open_database(config.database_url)
    record_all(engine, decided(f"{ORIGIN}/a", *read, stage=Stage.BEFORE_FETCH))
    engine.dispose()
    done = CliRunner().invoke(build_app(), ["why", f"{ORIGIN}/a", "--data", str(tmp_path)])
    assert done.exit_code == 0, done.output
    shown, _, rest = done.output.partition("robots.disallow")[2].partition("ai_txt")
    assert f"{ORIGIN}/robots.txt as received" in shown
    assert f"{ORIGIN}/ai.txt as received" in rest
