"""The walk through CONTRIBUTING.md, in a copy of the tree: every file it shows is written and runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import CHECKOUT, blocks

pytestmark = pytest.mark.slow
PAGE = CHECKOUT / "CONTRIBUTING.md"
COPIED = ("reservations", "blocklists", "crawler", "spiders", "docs", "tests", "bench")
INSERTED_AFTER = {"crawler/words.py": "_WORDS = {\n", "reservations/data/protocols.json": '"protocols": [\n'}
CONFIG = '[crawler]\nproduct_token = "ExampleBot"\n[operator]\ncontact = "a@example.org"\n'


class Tree:
    """A copy of the checkout with the additions of the walk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("FORBEAR_", "PYTEST_"))}
        environment |= {"PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "160"}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def forbear(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "crawler", *arguments)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    root = tmp_path_factory.mktemp("walk")
    for name in COPIED:
        shutil.copytree(CHECKOUT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*CHECKOUT.glob("*.md"), CHECKOUT / "pyproject.toml", CHECKOUT / "scrapy.cfg"):
        shutil.copy(path, root)
    for block in blocks(PAGE):
        if "file" in block.info:
            target = root / block.info["file"]
            assert not target.exists(), f"{block.place}: {block.info['file']} is no addition"
            target.write_text(block.text, "utf-8")
        if "in" in block.info:
            target, before = root / block.info["in"], INSERTED_AFTER[block.info["in"]]
            text = target.read_text("utf-8")
            assert before in text
            target.write_text(text.replace(before, before + block.text, 1), "utf-8")
    (root / "forbear.toml").write_text(CONFIG, "utf-8")
    return Tree(root)


def test_the_protocol_passes_its_vectors(tree: Tree) -> None:
    done = tree.forbear("conformance", "reservations/vectors/example-training.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "example-training" in done.stdout


def test_the_command_line_knows_the_protocol(tree: Tree) -> None:
    saved = tree.root / "saved"
    saved.mkdir()
    (saved / "response.http").write_bytes(b"HTTP/1.1 200 OK\r\nExample-Training: no\r\n\r\n")
    done = tree.forbear("check", "https://example.com/a", "--offline", "--evidence", "saved")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "an Example-Training header says no to AI training" in done.stdout


def test_the_shape_of_the_tree_still_holds(tree: Tree) -> None:
    """What fails without the additions as well is another test's business."""
    few = ("-k", "not dozen")  # the walk shows one odd form of the twelve
    done = tree.run("-m", "pytest", "tests/architecture", "-q", "-p", "no:cacheprovider", "--tb=short", *few)
    assert " passed" in done.stdout, done.stdout + done.stderr
    assert "example" not in done.stdout, done.stdout


def test_the_pages_are_generated_with_the_protocol(tree: Tree) -> None:
    done = tree.run("-m", "docs.generate")
    assert done.returncode == 0, done.stderr
    page = (tree.root / "docs" / "protocols.md").read_text("utf-8")
    assert "| `example_training` | an Example-Training header says no to AI training | letter," in page


def test_the_list_format_is_found_and_reads(tree: Tree) -> None:
    (tree.root / "list.txt").write_text("films.test-listed.net|1 Cg 1/26\nfilms.test-other.net\n", "utf-8")
    told = ("--ground", "copyright", "--jurisdiction", "AT", "--body", "HG Wien")
    done = tree.forbear("blocklists", "import", "list.txt", "--format", "example_pipes", *told)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 entries, 1 in quarantine" in done.stdout
    assert "no decision behind the name; write name|decision" in done.stderr
    assert "1 Cg 1/26" in tree.forbear("blocklists", "explain", "films.test-listed.net").stdout


def test_the_export_is_found(tree: Tree) -> None:
    code = "from crawler.exports import discover; print(discover()['lines'].suffix)"
    assert tree.run("-c", code).stdout == ".txt\n"


def test_the_subcommand_is_found(tree: Tree) -> None:
    assert tree.forbear("example-token").stdout == "ExampleBot\n"


def test_the_spider_is_found(tree: Tree) -> None:
    assert "front" in tree.run("-m", "scrapy", "list").stdout.split()


def test_the_additions_are_clean(tree: Tree) -> None:
    files = [block.info["file"] for block in blocks(PAGE) if block.info.get("file", "").endswith(".py")]
    for command in (("check",), ("format", "--check")):
        done = tree.run("-m", "ruff", *command, "--no-cache", *files)
        assert done.returncode == 0, done.stdout + done.stderr
    done = tree.run("-m", "mypy", "--cache-dir", os.devnull, "--follow-imports", "silent", *files)
    assert done.returncode == 0, done.stdout[-3000:]
