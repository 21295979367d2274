"""Other people's programs that judge ours: fetched from their registries once, into the virtual environment.

Each has a folder of its own, `.venv/foreign/...`, since their dependencies are at odds with ours or with one
another's. A test is skipped only where a registry does not answer, or the machine lacks Node, Java or Go.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

FOLDER = Path(sys.prefix) / "foreign"
TIMEOUT = 300
AWAY = (
    "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH",
    "Name or service not known", "Temporary failure in name resolution", "Network is unreachable",
    "Connection refused", "Failed to establish a new connection", "No route to host", "Read timed out",
    "dial tcp", "503 Service Unavailable", "502 Bad Gateway", "(from versions: none)",
)  # fmt: skip
"""What clients print where a registry does not answer."""


def npm(*packages: str) -> Path:
    """The folder that holds `node_modules` with packages (`name@version`); no script of theirs is run."""
    program = needed("npm", "apt-get install npm")
    words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]

    def install(folder: Path) -> None:
        _run([program, *words, "--prefix", folder, *packages], "npm")

    return _once(f"npm-{'-'.join(packages).replace('/', '-')}", install)


def pypi(requirement: str, *, with_dependencies: bool = True) -> Path:
    """A folder of modules from PyPI, to be put on the path of a process of its own."""

    def install(folder: Path) -> None:
        more = [] if with_dependencies else ["--no-deps"]
        _run([*_PIP, "install", *more, "--target", folder / "lib", requirement], "PyPI")

    return _once(f"pypi-{requirement}", install) / "lib"


def pypi_source(package: str, version: str, member: str) -> Path:
    """A file of a source distribution on PyPI. Only the file is kept."""

    def install(folder: Path) -> None:
        words = ["download", "--no-deps", "--no-binary", package, f"{package}=={version}", "--dest", folder]
        _run([*_PIP, *words], "PyPI")
        (archive,) = folder.glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            content = opened.extractfile(f"{package}-{version}/{member}")
            assert content is not None
            (folder / Path(member).name).write_bytes(content.read())
        archive.unlink()

    return _once(f"source-{package}-{version}", install) / Path(member).name


def environment(requirement: str) -> Path:
    """A virtual environment with one program in it."""

    def install(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", folder], "Python")
        _run([folder / "bin/python", *_PIP[1:], "install", requirement], "PyPI")

    return _once(f"venv-{requirement}", install)


def debian(package: str, *programs: str) -> str:
    """The first of these programs that the machine has; of a Debian machine that has none, the package's."""
    for attempt in (1, 2):
        if found := next(filter(None, map(shutil.which, programs)), None):
            return found
        if attempt == 1 and os.geteuid() == 0 and shutil.which("apt-get"):
            with _lock(f"apt-{package}"):
                _run(["apt-get", "update", "-q"], "Debian")
                _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", package], "Debian")
    pytest.skip(f"{programs[0]} is needed here (apt-get install {package})")


def needed(program: str, remedy: str) -> str:
    """The path of a program of the machine; skips the test where it has none."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is needed here ({remedy})")
    return found


_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def _once(name: str, install: Callable[[Path], None]) -> Path:
    """The folder that was installed by whoever came first; half of one never counts."""
    folder = FOLDER / name
    with _lock(name):
        done = folder / ".done"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            install(folder)
            done.touch()
    return folder


@contextmanager
def _lock(name: str) -> Iterator[None]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    handle = os.open(FOLDER / f".{name.replace('/', '-')}.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _run(words: Sequence[str | Path], registry: str) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(words, env=quiet, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{registry} does not answer within {TIMEOUT} s")
    if done.returncode == 0:
        return
    said = f"{done.stdout}\n{done.stderr}".strip()
    why = next((line for line in said.splitlines() if any(sign in line for sign in AWAY)), None)
    if why is not None:
        pytest.skip(f"{registry} does not answer: {why[:200]}")
    pytest.fail(f"{' '.join(map(str, words))}\n{said[-2000:]}")
