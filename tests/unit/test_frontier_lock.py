"""One crawl at a time on a folder, and keys that stay what they are between releases."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.frontier.lock import InstanceBusyError, InstanceLock
from crawler.frontier.schema import key_of


def test_keys_are_stable_signed_64_bit_and_differ_by_probe() -> None:
    assert key_of("https://example.org/") == 7982605172991246264
    keys = {key_of("https://example.org/", probe) for probe in range(50)}
    assert len(keys) == 50
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert isinstance(key_of("lone surrogate \udc80"), int)


def test_a_second_crawl_on_the_folder_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with (
        InstanceLock(tmp_path / "data"),
        pytest.raises(InstanceBusyError, match=rf"data \(process {os.getpid()}\).*--data"),
    ):
        InstanceLock(tmp_path / "data")
    InstanceLock(tmp_path / "data").close()


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from crawler.frontier.lock import InstanceLock;"
        "lock = InstanceLock(Path(sys.argv[1])); os._exit(9)"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, cwd=root)
    with InstanceLock(tmp_path):
        pass
