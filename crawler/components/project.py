"""The configuration of a Scrapy project: `forbear.toml`, and who asks from the project's `USER_AGENT`."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from scrapy.settings import BaseSettings
from scrapy.utils.conf import closest_scrapy_cfg

from crawler.config import DEFAULT_FILE, Config, ConfigError, load_config

log = logging.getLogger(__name__)
_PRODUCT = re.compile(r"([A-Za-z_-]{1,100})(?:/([\w.+-]{1,40}))?(?=[\s;)]|$)", re.ASCII)
_COMPATIBLE = re.compile(r"\(compatible; ?", re.IGNORECASE)
_PAGE = re.compile(r"https?://[^\s;,()<>\"]{1,1000}")
_MAIL = re.compile(r"[^\s;,()<>@:+\"]{1,64}@[A-Za-z0-9.-]{1,253}")
_BROWSER = "mozilla"
"""What every browser claims to be: it names nobody."""
_REMEDY = (
    "or, in the settings of the project, USER_AGENT = "
    '"ExampleBot/1.0 (+https://example.org/bot; crawler@example.org)"'
)


def configuration(settings: BaseSettings) -> Config:
    """What a crawl of this project runs under. Raises ConfigError, also where it does not say who asks.

    The file is `FORBEAR_CONFIG` (setting or environment), else `forbear.toml` beside `scrapy.cfg`, else
    in the working directory. What it leaves open of the identity is read from the project's `USER_AGENT`.
    """
    file = _file(settings)
    config = load_config(file)
    if file is None and not DEFAULT_FILE.exists():
        log.warning(
            "Forbear: no forbear.toml; the profile is %s, the record is in %s",
            config.policy.profile,
            config.storage.data.absolute(),
        )
    config = _introduced(config, settings)
    try:
        config.require_identity()
    except ConfigError as error:
        raise ConfigError(f"{error}\n{_REMEDY}") from None
    return config


def _file(settings: BaseSettings) -> Path | None:
    """None leaves it to `load_config`: the environment, then the working directory."""
    named, project = settings.get("FORBEAR_CONFIG"), closest_scrapy_cfg()
    beside = Path(project).parent / DEFAULT_FILE.name if project else None
    if named:
        return Path(named)
    return beside if beside is not None and beside.exists() else None


def _introduced(config: Config, settings: BaseSettings) -> Config:
    if not settings.getpriority("USER_AGENT"):  # Scrapy's own default
        return config
    said = str(settings.get("USER_AGENT") or "")
    compatible = _COMPATIBLE.search(said)
    product = _PRODUCT.match(said, compatible.end() if compatible else 0)
    page, mail = _PAGE.search(said), _MAIL.search(said)
    if product is None or product[1].lower() == _BROWSER:
        return config
    known = config.crawler
    return config.merged(
        crawler={
            "product_token": known.product_token or product[1],
            "version": known.version if known.product_token else product[2],
            "info_url": known.info_url or (page and page[0]),
        },
        operator={"contact": config.operator.contact or (mail and mail[0])},
    )
