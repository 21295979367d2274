"""kill -9 the sequencer wherever it stands: the next run ends with the same files, and all is sound.

FORBEAR_KILL_STEP=1 does it at every single line that is executed (minutes).
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from crawler.log import folder, key, sequencer
from tests.log_tools import Instance

STEP = int(os.environ.get("FORBEAR_KILL_STEP", "29"))
TRACED = {str(Path(module.__file__ or "").resolve()) for module in (folder, key, sequencer)}
FIRST = ["checkpoint", "key", "tile/0/000.p/4", "tile/entries/000.p/4", "vkey"]
SECOND = [
    "checkpoint", "key", "tile/0/000", "tile/0/000.p/254", "tile/0/001.p/2", "tile/1/000.p/1",
    "tile/entries/000", "tile/entries/000.p/254", "tile/entries/001.p/2", "vkey",
]  # fmt: skip


def killed_at(line: int, work: Callable[[], Any]) -> bool:
    """Do the work in a child that SIGKILL ends at the n-th line; whether it came so far."""
    child = os.fork()
    if child == 0:
        left = line

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            if frame.f_code.co_filename not in TRACED:
                return None
            if event == "line":
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        try:
            sys.settrace(trace)
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after", "files"), [(0, 3, FIRST), (253, 3, SECOND)])
def test_killed_anywhere(tmp_path: Path, before: int, after: int, files: list[str]) -> None:
    made = Instance(tmp_path / "made")
    if before:
        made.crawl(before)
        made.checkpoint()
    made.crawl(after)
    made.run("PRAGMA wal_checkpoint(TRUNCATE)")
    line = kills = 0
    while True:
        shutil.rmtree(tmp_path / "work", ignore_errors=True)
        shutil.copytree(made.data, tmp_path / "work")
        instance = Instance(tmp_path / "work")
        if not killed_at(line, instance.checkpoint):
            break
        left = instance.files() if instance.log.exists() else {}
        done = instance.checkpoint(minutes=30)
        ended = instance.files()
        assert list(ended) == files, line
        changed = {name for name, data in left.items() if ended.get(name) != data}
        assert changed <= {"checkpoint", "new", "key.new"}, line
        assert ended["checkpoint"].decode() == done.note
        assert instance.verified().findings == (), line
        line, kills = line + STEP, kills + 1
    print(f"killed at {kills} of {line} lines")
    assert line > 250
