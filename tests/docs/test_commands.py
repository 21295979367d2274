"""Every command that the documentation shows is run, in the order shown, against the demo web.

A page has a folder of its own, in which `demo-data` is the demo crawl; the demo web stays up, so that
commands that ask it work too. `make crawl` stands for the `forbear crawl --demo` in its recipe. The
demo web has whatever port is free: 8811 in a command or an output means that one.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from crawler.components.run import Job, run_job
from crawler.demo import demo_instance
from tests.docs.markdown import BY_HAND, CHECKOUT, Block, Command, blocks, commands, matches, shown

pytestmark = pytest.mark.slow
DEMO = ("make crawl", "forbear crawl --demo")


@dataclass(frozen=True)
class Demo:
    """A finished demo crawl whose web is still up."""

    folder: Path
    port: int
    output: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    with contextlib.chdir(folder), demo_instance(Path("demo-data"), port=0) as (config, web):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            job = Job(config=config, seeds=web.seeds(), command="forbear crawl --demo")
            code = asyncio.run(run_job(job, Console(stderr=True, quiet=True)))
        assert code == 0
        yield Demo(folder / "demo-data", web.port, output.getvalue())


class Shell:
    """Runs the commands of one page."""

    def __init__(self, folder: Path, demo: Demo) -> None:
        self._folder = folder
        self._demo = demo
        self._code = 0
        (folder / "demo-data").symlink_to(demo.folder)

    def write(self, block: Block) -> None:
        path = self._folder / block.info["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")

    def run(self, command: Command) -> str:
        if command.text in DEMO:
            return self._demo.output
        line = command.text.replace(":8811", f":{self._demo.port}")
        done = subprocess.run(
            ["bash", "-c", f"(exit {self._code}); {line}"],
            cwd=self._folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        self._code = done.returncode
        return done.stdout


def environment() -> dict[str, str]:
    """Without the settings and proxies of whoever runs the tests, and with this checkout's command."""
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("FORBEAR_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return {**kept, "PATH": path, "PYTHONPATH": str(CHECKOUT), "COLUMNS": "160", "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize("page", BY_HAND, ids=lambda p: p.name)
def test_commands_give_what_the_page_shows(page: Path, demo: Demo, tmp_path: Path) -> None:
    shell = Shell(tmp_path, demo)
    wrong = []
    for block in blocks(page):
        if "file" in block.info:
            shell.write(block)
        if block.language != "console":
            continue
        for command in commands(block):
            output = shell.run(command)
            if not matches(command.output, output, demo.port):
                expected = "\n".join(shown(line, demo.port) for line in command.output)
                wrong.append(
                    f"{page.name}:{command.line}: $ {command.text}\n--- the page\n{expected}\n"
                    f"--- the command\n{shown(output, demo.port)}"
                )
    assert not wrong, "\n\n".join(wrong)


def test_make_crawl_is_the_demo_and_takes_seeds() -> None:
    plain = _dry("crawl")
    assert "forbear crawl --demo" in plain
    seeded = _dry(
        "crawl", "SEEDS=urls.txt", "TOKEN=MyBot", "CONTACT=a@example.org", "INFO_URL=https://e.org/b"
    )
    assert 'forbear crawl --seeds "urls.txt"' in seeded
    assert 'FORBEAR_CRAWLER_PRODUCT_TOKEN="MyBot"' in seeded


def _dry(*arguments: str) -> str:
    done = subprocess.run(
        ["make", "--dry-run", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return done.stdout
