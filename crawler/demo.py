"""The demo: the bundled web on loopback addresses, crawled into a folder of its own."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crawler.config import Config, ConfigError
from crawler.demoweb.server import DemoWeb, DemoWebError
from crawler.lists import ListError, import_list

PORT = 8811
MARKER = ".forbear-demo"


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
    Raises ConfigError for a folder that holds anything but an earlier demo, and where the addresses of
    127/8 cannot be served.
    """
    _empty(folder)
    try:
        with _served(folder, port) as web:
            yield _prepared(folder, web), web
    except DemoWebError as error:
        raise ConfigError(str(error)) from error


def _empty(folder: Path) -> None:
    """Never another's folder: only what the marker says is a demo's may be thrown away."""
    if (folder / MARKER).exists():
        shutil.rmtree(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} holds something else than a demo; name an empty folder with --data")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()


def _served(folder: Path, port: int) -> DemoWeb:
    """On the usual port, so that links stay the same; on a free one where that is taken."""
    log = folder / "demoweb-access.jsonl"
    with socket.socket() as probe:
        taken = port and probe.connect_ex(("127.0.1.1", port)) == 0
    return DemoWeb(port=0 if taken else port, log_path=log)


def _prepared(folder: Path, web: DemoWeb) -> Config:
    (folder / "demo-list.jsonl").write_text(web.blocklist(), "utf-8")
    config = demo_config(folder)
    imported = import_list(config, folder / "demo-list.jsonl", "jsonl")
    if imported.parsed.rejected:
        raise ListError(f"the demo's own list: {imported.parsed.rejected[0].reason}")
    return config
