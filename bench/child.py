"""One crawl in this process; what it cost, as JSON on stdout. `bench.crawl` starts it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from crawler.config import Config

MODES = ("plain", "addon", "addon-warc", "own")
CONCURRENCY, PER_HOST = 64, 8


def configuration(folder: Path, *, warc: bool) -> Config:
    """An instance for loopback hosts that may be asked as fast as they answer."""
    return Config.model_validate(
        {
            "operator": {"contact": "crawler@forbear.example"},
            "crawler": {"product_token": "ForbearBench", "info_url": "https://forbear.example/bot"},
            "crawl": {"depth": 1000, "max_pages_per_domain": 0, "concurrency": CONCURRENCY},
            "network": {"allow_private": True},
            "politeness": {"delay": 0, "per_host": PER_HOST},
            "storage": {"data": folder / "data", "warc": warc},
        }
    )


def plain(seeds: tuple[str, ...], config: Config | None) -> dict[str, int]:
    """Plain Scrapy on its defaults; with a configuration, the same spider with Forbear as add-on."""
    from scrapy.crawler import CrawlerProcess

    from bench.plain import PlainSpider

    settings: dict[str, Any] = {
        "CONCURRENT_REQUESTS": CONCURRENCY,
        "CONCURRENT_REQUESTS_PER_DOMAIN": PER_HOST,
        "LOG_LEVEL": "INFO",
        "TELNETCONSOLE_ENABLED": False,
    }
    if config is None:
        settings["ROBOTSTXT_OBEY"] = True
    else:
        settings |= {"ADDONS": {"crawler.components.addon.ForbearAddon": 300}}
        settings["FORBEAR_CONFIG"] = str(_written(config))
    process = CrawlerProcess(settings)
    crawler = process.create_crawler(PlainSpider)
    PlainSpider.seeds = seeds
    process.crawl(crawler)
    process.start()
    stats = crawler.stats.get_stats() if crawler.stats else {}
    return {"passed": stats.get("response_received_count", 0)}


def own(seeds: tuple[str, ...], config: Config) -> dict[str, int]:
    """`forbear crawl` with the broad spider: frontier, record and WARC."""
    from rich.console import Console

    from crawler.components.run import Job, run_job

    asyncio.run(run_job(Job(config=config, seeds=seeds), Console(stderr=True)))
    return {}


def _written(config: Config) -> Path:
    """The same configuration as a file, which is how an add-on gets it."""
    sections = config.model_dump(mode="json", by_alias=True, exclude_unset=True)
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    path = config.storage.data.parent / "forbear.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _peak() -> float:
    """Peak resident memory in MiB; `ru_maxrss` would tell of the parent, too."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    """Crawl once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--core", type=int)
    args = parser.parse_args()
    if args.core is not None:
        os.sched_setaffinity(0, {args.core})
    seeds = tuple(sys.stdin.read().split())
    stdout = os.dup(1)
    os.dup2(2, 1)  # what a crawl prints is not ours
    started = time.perf_counter()
    config = None if args.mode == "plain" else configuration(args.folder, warc=args.mode != "addon")
    said = own(seeds, config) if args.mode == "own" and config else plain(seeds, config)
    wall = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(u.ru_utime + u.ru_stime for u in used)
    os.write(stdout, json.dumps({"cpu": cpu, "wall": wall, "peak": _peak(), **said}).encode())


if __name__ == "__main__":
    main()
