"""Settings of `forbear crawl`: what our own crawl does otherwise than a project with the add-on."""

from __future__ import annotations

from typing import Any

from crawler import settings as base
from crawler.config import Config


def own_settings(config: Config) -> dict[str, Any]:
    """Scrapy settings for a crawl over the frontier, which alone retries, redirects and paces."""
    return {
        **{name: getattr(base, name) for name in dir(base) if name.isupper()},
        "TWISTED_REACTOR_ENABLED": False,
        "SCHEDULER": "crawler.components.scheduler.FrontierScheduler",
        "CONCURRENT_REQUESTS": config.crawl.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": config.politeness.per_host,
        "DOWNLOAD_DELAY": 0,
        "RETRY_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "HTTPERROR_ALLOW_ALL": True,
        "COMPRESSION_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "DEPTH_STATS_VERBOSE": False,
        "MEMUSAGE_ENABLED": False,
        "LOGSTATS_INTERVAL": 0,
        # a task per response and place, and our spiders yield nothing but requests
        "CONCURRENT_ITEMS": 1,
        "SPIDER_MIDDLEWARES": {
            "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
            "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
            "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
            "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
            "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
        },
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": None,
            "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": None,
            "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": None,
            "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
        },
    }
