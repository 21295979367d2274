"""The demo: the bundled web on loopback addresses, crawled into a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crawler.config import Config
from crawler.demoweb.server import DemoWeb
from crawler.lists import ListError, import_list

PORT = 8811


def demo_config(data: Path) -> Config:
    """Configuration of the demo: loopback addresses, an invented token, short waits."""
    return Config.model_validate(
        {
            "operator": {"name": "Forbear demo", "contact": "crawler@forbear.example"},
            "crawler": {"product_token": "ForbearDemo", "info_url": "https://forbear.example/bot"},
            "crawl": {"depth": 4, "max_body": 8 * 2**20},
            "network": {"allow_private": True, "timeout": 4.0},
            "politeness": {"delay": 0.05, "give_up_after": 4.0},
            "storage": {"data": data},
        }
    )


@contextmanager
def demo_instance(folder: Path, port: int = PORT) -> Iterator[tuple[Config, DemoWeb]]:
    """Serve the demo web and prepare a fresh instance in `folder`; its configuration, and the web.

    The folder is the demo's own and starts empty each time, so that the table is always the same.
    """
    if (folder / ".forbear-demo").exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".forbear-demo").touch()
    with DemoWeb(port=port, log_path=folder / "demoweb-access.jsonl") as web:
        (folder / "demo-list.jsonl").write_text(web.blocklist(), "utf-8")
        config = demo_config(folder)
        imported = import_list(config, folder / "demo-list.jsonl", "jsonl")
        if imported.parsed.rejected:
            raise ListError(f"the demo's own list: {imported.parsed.rejected[0].reason}")
        yield config, web
