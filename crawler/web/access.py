"""Who asks: anyone, the proven owner of a domain, or staff. By token alone; there are no cookies."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request

from crawler.store.public import owned
from crawler.web.errors import ProblemError, limit
from crawler.web.site import Site, site_of

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Staff register", charset="UTF-8"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a caller may see."""

    staff: str = ""
    """Name of the member of staff."""
    domain: str = ""
    """The domain a caller proved to own."""
    below: bool = False
    """Whether the proof covers the hosts below it: DNS does, a file speaks for its host alone."""


ANYONE = Access()


def access(request: Request) -> Access:
    """Who asks. Raises ProblemError for a token that is none of ours."""
    token = _token(request)
    if not token:
        return ANYONE
    site = site_of(request)
    name = staff_name(site, token)
    if name:
        return Access(staff=name)
    with site.reading() as connection:
        claim = owned(connection, token)
    if claim is not None and claim.holds(site.now()):
        return Access(domain=claim.domain, below=claim.method == "dns")
    limit(request, "staff")
    raise ProblemError(401, "This token is not known, or no longer holds.", headers=_challenge(request))


def require_staff(request: Request) -> str:
    """The name of the member of staff who asks. Raises ProblemError for everybody else."""
    site = site_of(request)
    if request.url.scheme != "https" and not site.may_be_plain(request) and not _behind_proxy(site, request):
        raise ProblemError(403, "Staff pages are served over https, or to this machine alone.")
    if not site.config.publish.staff_tokens:
        raise ProblemError(403, "No staff token is set up: `forbear serve --new-staff-token NAME` makes one.")
    who = access(request)
    if not who.staff:
        raise ProblemError(
            401, "Enter any name, and your staff token as the password.", headers=_challenge(request)
        )
    return who.staff


def require_domain(who: Access, host: str) -> None:
    """Refuse rows of a domain to those who do not own it. Raises ProblemError."""
    if who.staff:
        return
    if not who.domain:
        raise ProblemError(401, "These rows need a token: prove that the domain is yours at /own.")
    if host != who.domain and not (who.below and host.endswith("." + who.domain)):
        raise ProblemError(403, f"This token is for {who.domain}; ask for that.")


def staff_name(site: Site, token: str) -> str:
    """The name that goes with a staff token; empty for another token."""
    digest = sha256(token.encode()).hexdigest()
    name = ""
    for entry in site.config.publish.staff_tokens:
        holder, _, known = entry.partition(":")
        if hmac.compare_digest(known, digest):
            name = holder
    return name


def _token(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("utf-8", "replace").partition(":")[2]
        except (ValueError, binascii.Error):
            return ""
    return ""


def _challenge(request: Request) -> dict[str, str]:
    return _CHALLENGE if request.scope["path"].startswith("/staff") else {"WWW-Authenticate": "Bearer"}


def _behind_proxy(site: Site, request: Request) -> bool:
    address = request.client.host if request.client else ""
    return (
        address in site.config.publish.trusted_proxies and request.headers.get("x-forwarded-proto") == "https"
    )
