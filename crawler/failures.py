"""Why a download failed, as a reason: what may pass is tried again, what will not is left out."""

from __future__ import annotations

from crawler.network import unsafe_address_in
from crawler.scope import failed, left_out
from reservations.model import Effect, Reason

_BY_NAME = (
    ("Timeout", "timeout"),
    ("Resolve", "dns"),
    ("Refused", "connection"),
    ("DataLoss", "truncated"),
    ("Cancelled", "too_large"),
    ("Ignore", "refused_by_handler"),
)
"""Parts of exception names of Scrapy, Twisted and aiohttp, and the code each stands for."""
_FINAL = frozenset({"too_large", "refused_by_handler"})


def failure(error: BaseException) -> Reason:
    """The reason for a download that ended in an exception."""
    unsafe = unsafe_address_in(error)
    if unsafe is not None:
        return Reason(code=unsafe.reason, effect=Effect.EXCLUDE, protocol="security", why=str(unsafe))
    name = type(error).__name__
    why = f"{name}: {str(error)[:200]}"
    code = next((code for part, code in _BY_NAME if part in name), "connection")
    return left_out(code, why) if code in _FINAL else failed(code, why)
