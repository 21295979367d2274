"""One ADDONS line in projects that know nothing of Forbear, and spiders that try to get round it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.settings import Settings
from sqlalchemy import select

from crawler.components.project import configuration
from crawler.config import ConfigError, load_config
from crawler.demoweb.server import DemoWeb
from crawler.lists import import_list
from crawler.store.database import open_for_reading
from crawler.store.schema import decision
from reservations.model import Profile
from tests.integration.scrapy_runs import crawl, scrapy, write_config

EVIDENCE = ("/robots.txt", "/.well-known/", "/ai.txt", "/trust.txt")


@pytest.fixture
def web() -> Iterator[DemoWeb]:
    with DemoWeb(port=0) as served:
        yield served


@pytest.fixture
def config(web: DemoWeb, tmp_path: Path) -> Path:
    path = write_config(tmp_path)
    (tmp_path / "list.jsonl").write_text(web.blocklist(), "utf-8")
    import_list(load_config(path, environ={}), tmp_path / "list.jsonl", "jsonl")
    return path


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without a project and without a configuration."""
    folder = tmp_path / "nowhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def decided(config: Path) -> dict[str, tuple[str, str]]:
    url = f"sqlite:///{config.parent / 'data' / 'forbear.db'}"
    with open_for_reading(url).connect() as connection:
        rows = connection.execute(select(decision).order_by(decision.c.id)).all()
    return {row.url: (row.verdict, row.reason) for row in rows}


def pages_of(web: DemoWeb, site: str) -> list[str]:
    return [r.target for r in web.log(site) if not r.target.startswith(EVIDENCE)]


class PlainSpider(Spider):
    name = "plain"

    async def start(self) -> AsyncIterator[Request]:
        for url in self.urls:  # type: ignore[attr-defined]
            yield Request(url)

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Any]:
        yield {"url": response.url, "title": response.css("title::text").get()}
        for link in response.css("a::attr(href)").getall():
            if link.startswith(("http://127.", "/")):
                yield response.follow(link, callback=self.parse)


def plain(urls: list[str], **attributes: Any) -> type[Spider]:
    return type("Plain", (PlainSpider,), {"urls": urls, **attributes})


def test_a_plain_spider_gets_gate_log_and_identity(web: DemoWeb, config: Path) -> None:
    spider = plain([web.url("start", "/")], custom_settings={"USER_AGENT": "Mozilla/5.0", "DEPTH_LIMIT": 1})
    crawler, items = crawl(spider, config, CONCURRENT_REQUESTS_PER_DOMAIN=64)
    assert crawler.stats is not None
    assert crawler.stats.get_value("finish_reason") == "finished"
    # which links a project's own spider follows, rel=nofollow ones too, stays its own matter
    assert [r for r in web.violations() if not r.target.startswith("/drafts/")] == []
    assert {item["url"] for item in items} <= {u for u, (v, _) in decided(config).items() if v == "keep"}
    assert items
    assert {r.user_agent for r in web.log()} == {"ForbearDemo/1.0 (+https://forbear.example/bot)"}


def test_items_and_content_of_left_out_pages_never_reach_a_spider(web: DemoWeb, config: Path) -> None:
    urls = [
        web.url("wochenschrift", "/"),
        web.url("bildagentur", "/"),
        web.url("lesesaal", "/"),
        web.url("burg", "/"),
    ]
    _, items = crawl(plain(urls), config)
    kept = {u for u, (v, _) in decided(config).items() if v == "keep"}
    assert all(item["url"] in kept for item in items)


HOSTILE_SETTINGS: list[dict[str, Any]] = [
    {"ADDONS": {}},
    {"DOWNLOADER_MIDDLEWARES": {"crawler.components.gate_middleware.GateMiddleware": None}},
    {"DOWNLOAD_HANDLERS": {"http": "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"}},
    {"DOWNLOADER": "tests.integration.test_addon.OtherDownloader"},
    {"ROBOTSTXT_OBEY": False, "CONCURRENT_REQUESTS": 64, "CONCURRENT_REQUESTS_PER_DOMAIN": 64},
    {"SPIDER_MIDDLEWARES": {"crawler.components.demand.DemandMiddleware": None}},
]


@pytest.mark.parametrize("settings", HOSTILE_SETTINGS, ids=lambda s: "+".join(s))
def test_no_setting_of_a_spider_switches_the_gate_off(
    web: DemoWeb, config: Path, settings: dict[str, Any]
) -> None:
    urls = [web.url(site, "/") for site in ("morgenblatt", "kuestenbote", "archiwum", "umweg")]
    spider = plain(urls, custom_settings=settings)
    try:
        crawl(spider, config)
    except Exception as error:  # refusing to start is as good
        assert "OtherDownloader" in str(error) or "ADDONS" in str(error)  # noqa: PT017
    for site in ("morgenblatt", "kuestenbote", "archiwum", "umweg"):
        assert pages_of(web, site) == []


class Sneaky(Spider):
    """Meta flags, own headers, another method, a forged host, someone else's delay slot."""

    name = "sneaky"
    urls: tuple[str, ...] = ()

    async def start(self) -> AsyncIterator[Request]:
        flags = {"dont_obey_robotstxt": True, "handle_httpstatus_all": True, "dont_redirect": True}
        for url in self.urls:
            yield Request(url, meta=flags, headers={"User-Agent": "Mozilla/5.0"}, dont_filter=True)
            yield Request(url, meta={"download_slot": "elsewhere"}, dont_filter=True)
            yield Request(url, headers={"Host": "127.0.1.1"}, dont_filter=True)
            yield Request(url, meta={"proxy": "http://127.0.1.1:1"}, dont_filter=True)
            yield Request(url, method="POST", body=b"x", dont_filter=True)
            yield Request(url, headers={"Cookie": "a=b", "Authorization": "Basic eDp5"}, dont_filter=True)

    def parse(self, response: Response, **kwargs: Any) -> None:
        raise AssertionError(f"a page that was left out reached the spider: {response.url}")


def test_meta_flags_and_headers_open_nothing(web: DemoWeb, config: Path) -> None:
    spider = type("S", (Sneaky,), {"urls": (web.url("morgenblatt", "/"), web.url("kuestenbote", "/"))})
    crawl(spider, config)
    assert pages_of(web, "morgenblatt") == []
    assert pages_of(web, "kuestenbote") == []


def test_a_forged_host_header_is_refused_even_for_a_free_page(web: DemoWeb, config: Path) -> None:
    class Forger(PlainSpider):
        async def start(self) -> AsyncIterator[Request]:
            yield Request(web.url("backstube", "/"), headers={"Host": "127.0.1.2"})

        def parse(self, response: Response, **kwargs: Any) -> Iterator[Any]:
            yield {"url": response.url}

    _, items = crawl(Forger, config)
    assert items == []
    assert pages_of(web, "backstube") == []
    assert {"error.refused_by_handler"} == {reason for _, reason in decided(config).values()}


class Direct(Spider):
    """Goes past the spider's output: engine.download_async, the downloader's queue, the handlers."""

    name = "direct"
    url = ""
    crawler: Crawler
    seen: list[str]

    async def start(self) -> AsyncIterator[Request]:
        engine = self.crawler.engine
        assert engine is not None
        self.seen = []
        for call in (
            engine.download_async,
            engine.downloader._enqueue_request,
            engine.downloader.handlers.download_request_async,
        ):
            try:
                await call(Request(self.url, dont_filter=True))
                self.seen.append(call.__qualname__)
            except IgnoreRequest:
                pass
        return
        yield


def test_nothing_below_the_engine_opens_a_socket_without_a_permit(web: DemoWeb, config: Path) -> None:
    spider = type("D", (Direct,), {"url": web.url("morgenblatt", "/")})
    crawler, _ = crawl(spider, config)
    assert crawler.spider is not None
    assert crawler.spider.seen == []  # type: ignore[attr-defined]
    assert pages_of(web, "morgenblatt") == []


def test_a_redirect_meets_the_gate_at_every_hop(web: DemoWeb, config: Path) -> None:
    crawl(plain([web.url("wegekreuz", "/")]), config)
    assert web.violations() == ()


def test_a_crawl_whose_configuration_is_missing_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read"):
        crawl(plain([]), tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("user_agent", "token", "version", "page", "contact"),
    [
        ("ExampleBot/2.1 (+https://example.org/bot; bot@example.org)",
         "ExampleBot", "2.1", "https://example.org/bot", "bot@example.org"),
        ("Mozilla/5.0 (compatible; Example-Bot/2; +https://example.org/bot; mailto:bot@example.org)",
         "Example-Bot", "2", "https://example.org/bot", "bot@example.org"),
        ("ExampleBot (bot@example.org, http://example.org)",
         "ExampleBot", "1.0", "http://example.org", "bot@example.org"),
    ],
)  # fmt: skip
def test_a_project_that_says_who_asks_needs_one_line(
    user_agent: str, token: str, version: str, page: str, contact: str, nowhere: Path
) -> None:
    config = configuration(Settings({"USER_AGENT": user_agent}, priority="project"))
    assert (config.crawler.product_token, config.crawler.version) == (token, version)
    assert (config.crawler.info_url, config.from_address) == (page, contact)
    assert config.policy.profile is Profile.STANDARD


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, "product_token"),
        ({"USER_AGENT": "ExampleBot/1.0"}, "info_url"),
        ({"USER_AGENT": "ExampleBot/1.0 (+https://example.org)"}, "contact"),
        ({"USER_AGENT": "Mozilla/5.0 (X11; Linux) Chrome/1 (+https://e.org; a@e.org)"}, "product_token"),
        ({"USER_AGENT": "Example.Bot/1 (+https://example.org; a@example.org)"}, "product_token"),
    ],
)
def test_a_project_that_does_not_say_who_asks_does_not_start(
    settings: dict[str, str], missing: str, nowhere: Path
) -> None:
    with pytest.raises(ConfigError, match=missing) as caught:
        configuration(Settings(settings, priority="project"))
    assert 'USER_AGENT = "ExampleBot/1.0 (+https://example.org/bot; crawler@example.org)"' in str(
        caught.value
    )


def test_the_file_goes_before_the_user_agent(config: Path, nowhere: Path) -> None:
    said = {"USER_AGENT": "Other/9 (+https://other.example; o@other.example)", "FORBEAR_CONFIG": str(config)}
    found = configuration(Settings(said, priority="project"))
    assert found.user_agent == "ForbearDemo/1.0 (+https://forbear.example/bot)"
    assert found.from_address == "crawler@forbear.example"


@pytest.mark.slow
def test_a_project_with_one_line_and_no_file(
    web: DemoWeb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path / "project", PROJECT)
    with (folder / "shop/settings.py").open("a", encoding="utf-8") as settings:
        settings.write('\nUSER_AGENT = "ForbearDemo/3 (+https://shop.example/bot; bot@shop.example)"\n')
    monkeypatch.setenv("FORBEAR_NETWORK_ALLOW_PRIVATE", "true")
    before = len(web.log())
    done = scrapy(folder, "crawl", "plain", "-a", f"seeds={web.url('start', '/')}")
    assert "no forbear.toml; the profile is standard" in done.stderr, done.stderr[-3000:]
    agents = {request.user_agent for request in web.log()[before:]}
    assert agents == {"ForbearDemo/3 (+https://shop.example/bot)"}
    assert (folder / "data/forbear.db").exists()


@pytest.mark.parametrize("handler", ["scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"])
def test_another_download_handler_of_the_project_is_refused(config: Path, handler: str) -> None:
    with pytest.raises(ConfigError, match="cannot gate another download handler"):
        crawl(plain([]), config, DOWNLOAD_HANDLERS={"https": handler})


PROJECT = {
    "scrapy.cfg": "[settings]\ndefault = shop.settings\n",
    "shop/__init__.py": "",
    "shop/settings.py": """
BOT_NAME = "shop"
SPIDER_MODULES = ["shop.spiders"]
ROBOTSTXT_OBEY = False
CONCURRENT_REQUESTS = 64
CONCURRENT_REQUESTS_PER_DOMAIN = 64
ITEM_PIPELINES = {"shop.pipelines.Upper": 300}
DOWNLOADER_MIDDLEWARES = {"shop.middlewares.Agent": 543}
ADDONS = {"crawler.components.addon.ForbearAddon": 300}
FEEDS = {"items.jsonl": {"format": "jsonlines"}}
TELNETCONSOLE_ENABLED = False
""",
    "shop/pipelines.py": """
class Upper:
    def process_item(self, item):
        item["title"] = (item["title"] or "").upper()
        return item
""",
    "shop/middlewares.py": """
class Agent:
    def process_request(self, request):
        request.headers["User-Agent"] = "Mozilla/5.0 (nobody)"
""",
    "shop/spiders/__init__.py": "",
    "shop/spiders/plain.py": """
from scrapy import Spider, Request

class Plain(Spider):
    name = "plain"
    def __init__(self, seeds="", **kw):
        super().__init__(**kw)
        self.start_urls = seeds.split(",")
    def parse(self, response):
        yield {"url": response.url, "title": response.css("title::text").get()}
""",
}


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.mark.slow
def test_a_foreign_project_on_the_default_reactor(web: DemoWeb, tmp_path: Path) -> None:
    config = write_config(tmp_path / "conf")
    folder = project(tmp_path / "project", PROJECT)
    seeds = ",".join(
        [
            web.url("start", "/"),
            web.url("kuestenbote", "/"),
            web.url("werkstatt", "/"),
            web.url("annuaire", "/"),
        ]
    )
    done = scrapy(folder, "crawl", "plain", "-a", f"seeds={seeds}", config=config)
    assert "finish_reason': 'finished'" in done.stderr, done.stderr[-3000:]
    assert web.violations() == ()
    assert {r.user_agent for r in web.log()} == {"ForbearDemo/1.0 (+https://forbear.example/bot)"}
    assert decided(config)[web.url("start", "/")] == ("keep", "none")
    assert decided(config)[web.url("kuestenbote", "/")][0] == "exclude"
    assert (folder / "items.jsonl").read_text("utf-8").count("\n") >= 1


@pytest.mark.slow
def test_a_project_whose_own_package_is_called_crawler_is_told_so(tmp_path: Path) -> None:
    config = write_config(tmp_path / "conf")
    files = {
        name.replace("shop", "crawler", 1): text.replace("shop.", "crawler.")
        for name, text in PROJECT.items()
    }
    files["scrapy.cfg"] = "[settings]\ndefault = crawler.settings\n"
    done = scrapy(project(tmp_path / "project", files), "crawl", "plain", config=config)
    assert done.returncode != 0
    assert "crawler" in done.stderr


@pytest.mark.slow
def test_scrapy_commands_work_in_this_checkout(tmp_path: Path) -> None:
    from tests.integration.scrapy_runs import CHECKOUT

    done = scrapy(CHECKOUT, "list", config=write_config(tmp_path))
    assert done.stdout.split() == ["broad", "sitemap", "urls"], done.stderr[-2000:]


class OtherDownloader:
    """Never built: Forbear pins the downloader, or refuses to start."""

    def __init__(self, crawler: Crawler) -> None:
        raise AssertionError("another downloader was built")


def test_two_crawls_in_one_process(web: DemoWeb, tmp_path: Path) -> None:
    for number in range(2):
        _, items = crawl(plain([web.url("backstube", "/")]), write_config(tmp_path / str(number)))
        assert items
    assert asyncio.get_event_loop_policy() is not None
