"""Scrapy crawls inside one pytest process, without a Twisted reactor, and in a process of their own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from scrapy import Spider, signals
from scrapy.crawler import AsyncCrawlerRunner, Crawler

from crawler.components.addon import ForbearAddon

CHECKOUT = Path(__file__).resolve().parents[2]

CONFIG = """
[operator]
contact = "crawler@forbear.example"
[crawler]
product_token = "ForbearDemo"
info_url = "https://forbear.example/bot"
[network]
allow_private = true
timeout = 4
[politeness]
delay = 0
[crawl]
max_body = 8388608
[storage]
data = "{data}"
"""


def write_config(folder: Path) -> Path:
    """A forbear.toml in `folder` for crawls of loopback addresses."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "forbear.toml"
    path.write_text(CONFIG.format(data=folder / "data"), "utf-8")
    return path


def crawl(spider: type[Spider], config: Path, **settings: Any) -> tuple[Crawler, list[Any]]:
    """Run a spider under the add-on; the crawler and the items that came through."""

    async def go() -> tuple[Crawler, list[Any]]:
        runner = AsyncCrawlerRunner(
            {
                "TWISTED_REACTOR_ENABLED": False,
                "ADDONS": {ForbearAddon: 300},
                "FORBEAR_CONFIG": str(config),
                "TELNETCONSOLE_ENABLED": False,
                "LOG_ENABLED": False,
                **settings,
            }
        )
        crawler = runner.create_crawler(spider)
        items: list[Any] = []
        crawler.signals.connect(lambda item, **_: items.append(item), signal=signals.item_scraped, weak=False)
        await runner.crawl(crawler)
        return crawler, items

    return asyncio.run(go())


def scrapy(project: Path, *arguments: str, config: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the `scrapy` command in a project, in a process of its own (default reactor)."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("SCRAPY_SETTINGS_MODULE", None)
    if config is not None:
        environment["FORBEAR_CONFIG"] = str(config)
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
