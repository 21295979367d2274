"""What every request of ours says about us, and what none of them carries."""

from __future__ import annotations

from crawler.config import Config

ACCEPT_PAGES = "text/html,application/xhtml+xml,*/*;q=0.8"
ACCEPT_ANY = "*/*"
ACCEPT_ENCODING = "gzip, deflate"
"""What both clients can undo within bounds."""

STRIPPED = ("Cookie", "Cookie2", "Authorization", "Proxy-Authorization", "Referer")
"""Fields taken off every request: we use no credentials, and say of nobody who links where."""


def identity_headers(config: Config, *, accept: str = ACCEPT_PAGES) -> dict[str, str]:
    """The fields that say who asks and whom to write to (RFC 9110 sections 10.1.2 and 10.1.5)."""
    headers = {"User-Agent": config.user_agent, "Accept": accept, "Accept-Encoding": ACCEPT_ENCODING}
    if config.from_address:
        headers["From"] = config.from_address
    return headers
