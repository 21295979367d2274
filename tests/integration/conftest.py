"""A real PostgreSQL, and the two databases that everything about the record is tested on."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from crawler.config import Config
from tests.integration.web_tools import config_for, running, small_record

_numbers = count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL of our own on a socket in a folder of its own: its URL without a database's name."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="forbear-pg-", dir="/tmp"))
    user = _server_user(folder)
    data = folder / "data"
    try:
        setup = ["-U", "forbear", "-A", "trust", "-E", "UTF8", "--no-sync"]
        _run([*user, programs / "initdb", "-D", data, *setup])
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        control: list[str | Path] = [*user, programs / "pg_ctl", "-D", data, "-w"]
        _run([*control, "-l", folder / "log", "-o", options, "start"])
        try:
            yield f"postgresql://forbear@/{{}}?host={folder}"
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """An empty database on it."""
    name = f"forbear_{next(_numbers)}"
    admin = create_engine(postgresql.format("postgres").replace("postgresql:", "postgresql+psycopg:"))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield postgresql.format(name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The configuration of a site over a small record; a module that writes to it has its own."""
    found = config_for(tmp_path_factory.mktemp("web"))
    small_record(found)
    return found


@pytest.fixture(scope="module")
def web(config: Config) -> Iterator[TestClient]:
    """A client of that site."""
    with running(config) as client:
        yield client


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each supported kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'forbear.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


def _programs() -> Path:
    found = _installed()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "update", "-q"], env=quiet)
        _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "postgresql"], env=quiet)
        found = _installed()
    if found is None:
        pytest.fail("PostgreSQL is needed here: install it (apt-get install postgresql), initdb on PATH")
    return found


def _installed() -> Path | None:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _server_user(folder: Path) -> list[str]:
    """Words that run a command as somebody PostgreSQL agrees to run as, who also owns the folder."""
    if os.geteuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return ["runuser", "-u", name, "--"]
    pytest.fail("PostgreSQL refuses to run as root, and there is no other user")


def _run(command: Sequence[str | Path], env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=env, cwd="/tmp", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
