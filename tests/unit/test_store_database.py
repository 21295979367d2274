"""Opening the record: made, brought up to date, refused with a remedy, read without being touched."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from crawler.store.database import DatabaseError, open_database, open_for_reading
from crawler.store.migrations import VERSIONS, head


def test_a_record_is_made_with_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "a b%c" / "data" / "forbear.db"
    engine = open_database(f"sqlite:///{file}")
    with engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == head()
    engine.dispose()
    assert pragmas == ["wal", 2, 5000, 1]
    assert file.is_file()


def test_two_processes_may_open_a_new_record_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'forbear.db'}"
    errors: list[BaseException] = []

    def opened() -> None:
        try:
            open_database(url).dispose()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=opened) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'forbear.db'}"
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for opening in (open_database, open_for_reading):
        with pytest.raises(DatabaseError, match=r"newer release .*9999"):
            opening(url)


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("mysql://localhost/x", "use sqlite:///"),
        ("sqlite://", "use sqlite:///"),
        ("sqlite:///:memory:", "use sqlite:///"),
        ("nonsense", "not a database URL"),
        ("postgresql://forbear:secret@127.0.0.1:1/x", "Connection refused"),
        ("sqlite:////dev/null/forbear.db", "cannot make the folder"),
    ],
)
def test_what_cannot_be_used_is_named_with_a_remedy_and_without_its_password(url: str, remedy: str) -> None:
    with pytest.raises(DatabaseError, match=remedy) as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "forbear.db"
    file.write_bytes(b"not a database" * 100)
    with pytest.raises(DatabaseError, match="not a database"):
        open_database(f"sqlite:///{file}")


def test_reading_makes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "forbear.db"
    with pytest.raises(DatabaseError, match="no record"):
        open_for_reading(f"sqlite:///{file}")
    assert list(tmp_path.iterdir()) == []


def test_reading_cannot_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'forbear.db'}"
    open_database(url).dispose()
    engine = open_for_reading(url)
    with engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(text("DELETE FROM crawl"))
    engine.dispose()


def test_reading_goes_on_while_another_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'forbear.db'}"
    writing = open_database(url)
    reading = open_for_reading(url)
    with writing.begin() as writer, reading.connect() as reader:
        writer.execute(text("DELETE FROM crawl"))
        assert reader.scalar(text("SELECT count(*) FROM crawl")) == 0
    writing.dispose()
    reading.dispose()


def test_a_record_in_a_folder_one_may_not_write_to_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "archive"
    url = f"sqlite:///{folder / 'forbear.db'}"
    open_database(url).dispose()
    monkeypatch.setattr(os, "access", lambda *_: False)  # as root every folder is writable
    engine = open_for_reading(url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM crawl")) == 0
    engine.dispose()
    assert [p.name for p in folder.iterdir()] == ["forbear.db"]


def test_an_older_schema_is_not_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'forbear.db'}"
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(DatabaseError, match=r"no record of this release.*store upgrade"):
        open_for_reading(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    with pytest.raises(DatabaseError, match="no record yet; `forbear crawl` makes one"):
        open_for_reading(url)


def test_steps_of_the_history_are_numbered_without_a_gap() -> None:
    names = sorted(file.name[:4] for file in VERSIONS.glob("[0-9]*.py"))
    assert names == [f"{n:04}" for n in range(1, len(names) + 1)]


def test_opening_a_record_that_is_up_to_date_does_not_load_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'forbear.db'}"
    open_database(url).dispose()
    code = (
        "import sys; from crawler.store.database import open_database; "
        "open_database(sys.argv[1]).dispose(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, url], check=False).returncode == 0
