"""A site over a small record, and the demo's record made by a crawl in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from crawler.config import Config
from crawler.store.database import open_database
from crawler.web.app import create_app
from reservations.model import RESPONSE, ROBOTS_TXT, Evidence, Outcome, Stage
from tests.record_tools import HTML, at, decided, kept_page, location_files, page, place, record_all, robots

TOKEN = "staff-token"
AUTH = ("anna", TOKEN)
RESERVED = b"User-agent: *\nAllow: /\nContent-Usage: train-ai=n\n"
HOSTILE = (
    "User-agent: *\n"
    "# <script>alert(1)</script>\n"
    "Disallow: /\u202ereversed/<img src=x onerror=alert(2)>\x1b[31m\n"
    "Disallow: /\"'><svg/onload=alert(3)>\n"
).encode()
CRAWL = """
import asyncio, sys
from pathlib import Path
from rich.console import Console
from crawler.components.run import Job, run_job
from crawler.demo import demo_instance
with demo_instance(Path(sys.argv[1]), port=0) as (config, web):
    asyncio.run(run_job(Job(config=config, seeds=web.seeds()), Console(stderr=True, quiet=True)))
"""


def config_for(data: Path, **publish: Any) -> Config:
    """A configuration with a staff token and generous limits."""
    wide = {
        "base_url": "https://register.example",
        "staff_tokens": [f"anna:{sha256(TOKEN.encode()).hexdigest()}"],
        "lookups_per_minute": 10_000,
        "lookups_per_day": 100_000,
        "checks_per_hour": 1000,
    }
    return Config.model_validate(
        {
            "operator": {"name": "Example Labs", "contact": "crawl@operator.example"},
            "crawler": {"product_token": "ExampleBot", "info_url": "https://operator.example/bot"},
            "storage": {"data": data},
            "publish": wide | publish,
        }
    )


def small_record(config: Config) -> None:
    """Three kept pages, a closed one, a reserved one, a waiting one, and a hostile site."""
    engine = open_database(config.database_url)
    reserving = "https://reserved.example"
    unknown = Evidence(
        kind=ROBOTS_TXT,
        url="https://waiting.example/robots.txt",
        outcome=Outcome.UNREACHABLE,
        fetched_at=at(0),
        status=503,
        why="503",
    )
    bad = "https://hostile.example"
    head = Evidence(
        kind=RESPONSE,
        url=f"{bad}/ok",
        outcome=Outcome.FOUND,
        status=200,
        fetched_at=at(3),
        fields=(("Content-Type", "text/html"), ("X-Evil", "<b>\x1b[2J\u202e</b>")),
        body=b"<title>x</title>",
    )
    record_all(
        engine,
        *((kept_page(n), {"answer": HTML, "document": place(n)}) for n in range(3)),
        decided(
            "https://example.org/private/a",
            robots(b"User-agent: *\nDisallow: /private/\n"),
            stage=Stage.BEFORE_FETCH,
        ),
        decided(f"{reserving}/a", robots(RESERVED, reserving), stage=Stage.BEFORE_FETCH, minutes=1),
        decided(f"{reserving}/b", robots(RESERVED, reserving), stage=Stage.BEFORE_FETCH, minutes=2),
        decided("https://waiting.example/", unknown, stage=Stage.BEFORE_FETCH),
        decided(f"{bad}/\u202ereversed/<img", robots(HOSTILE, bad), stage=Stage.BEFORE_FETCH),
        decided(f"{bad}/\"'><svg/onload=alert(3)>", robots(HOSTILE, bad), stage=Stage.BEFORE_FETCH),
        decided(f"{bad}/ok", robots(None, bad), *location_files(bad), head),
        decided("https://meta.example/x", robots(None, "https://meta.example"), *location_files("https://meta.example"),
                page("https://meta.example/x", b'<meta name="tdm-reservation" content="1">')),
    )  # fmt: skip
    engine.dispose()


@contextmanager
def running(config: Config, *, live: bool = False, **client: Any) -> Iterator[TestClient]:
    """A client of the site, which does not follow redirects."""
    with TestClient(
        create_app(config, live=live),
        base_url="http://127.0.0.1",
        follow_redirects=False,
        client=("127.0.0.1", 50_000),
        **client,
    ) as found:
        yield found


def demo_record(folder: Path) -> None:
    """Crawl the demo web into a folder. Twisted runs once a process, so in another one."""
    subprocess.run([sys.executable, "-c", CRAWL, str(folder)], check=True, timeout=300, capture_output=True)
