"""Days and times on the command line: a day means one thing to every command."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.cli.shared import FailedError, moment, moment_at


@pytest.mark.parametrize(
    ("text", "begins", "holds"),
    [
        ("2026-11-24", "2026-11-24T00:00:00+00:00", "2026-11-24T23:59:59.999999+00:00"),
        ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00+00:00", "2026-11-24T10:00:00+00:00"),
        ("2026-11-24T10:00:00+02:00", "2026-11-24T08:00:00+00:00", "2026-11-24T08:00:00+00:00"),
        ("2026-11-24T10:00", "2026-11-24T10:00:00+00:00", "2026-11-24T10:00:00+00:00"),
    ],
)
def test_a_day_begins_and_is_over(text: str, begins: str, holds: str) -> None:
    assert moment("--since", text).astimezone(UTC) == datetime.fromisoformat(begins)
    assert moment_at("--at", text).astimezone(UTC) == datetime.fromisoformat(holds)


@pytest.mark.parametrize("text", ["yesterday", "", "24.11.2026", "2026-13-01"])
def test_what_is_no_time_says_how_to_write_one(text: str) -> None:
    with pytest.raises(FailedError, match=r"--at .*write 2026-11-24"):
        moment_at("--at", text)
