"""The Signature Agent Card, behind a flag: draft-meunier-webbotauth-registry-04 is not settled.

OAuth client metadata (RFC 7591 section 2) with an object `web_bot_auth`. `client_id` is the card's
own address.
"""

from __future__ import annotations

from typing import Any

from crawler.config import Config
from crawler.identity.directory import PATH

CARD_PATH = "bot/card.json"


def card(config: Config) -> dict[str, Any]:
    """The card of this crawler."""
    base = config.publish.base_url.rstrip("/") + "/"
    said: dict[str, Any] = {
        "client_id": base + CARD_PATH,
        "client_name": config.crawler.product_token,
        "client_uri": config.crawler.info_url,
        "contacts": [contact_uri(config.operator.contact)],
        "web_bot_auth": {
            "expected-user-agent": config.user_agent,
            "rfc9309-product-token": config.crawler.product_token,
            "rfc9309-compliance": True,
            "trigger": "crawler",
            "purpose": ", ".join(config.crawler.purposes),
            "targeted-content": ", ".join(config.crawl.types),
            "rate-control": "robots.txt Crawl-delay, Retry-After, 429",
            "rate-expectation": f"{config.politeness.per_host} requests at a time to one host, "
            f"{config.politeness.delay:g} s apart",
            "known-urls": ["/robots.txt", "/.well-known/tdmrep.json", "/ai.txt", "/trust.txt"],
            "ips_uri": base + "bot/ips.json",
        },
    }
    if config.identity.signature_agent:
        said["jwks_uri"] = config.identity.signature_agent + PATH
    return said


def contact_uri(contact: str) -> str:
    """A contact as a URI: a mail address gets its scheme."""
    return f"mailto:{contact}" if "@" in contact and ":" not in contact else contact
