"""Access limits: what a page's answer and markup say about who may read it, as reasons.

Measure 1.2(1)(a) of the Copyright chapter of the GPAI Code of Practice: no technological denial or
restriction of access is circumvented, paywalls and subscription models above all. A barrier need not
be unbreakable (LG Hamburg 308 O 375/15), so a wall drawn by script over text that is in the page
counts. Pure: an answer and its signal elements in, reasons out; nothing of the body is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from urllib.parse import SplitResult, parse_qsl, unquote, urljoin, urlsplit

from reservations.model import Effect, Evidence, Reason, quoted
from reservations.readers.challenge_markup import certain_marker
from reservations.readers.elements import LOGIN, PAYWALL
from reservations.readers.html_head import CHALLENGE, FIRST_ELEMENT_LINE, Element, encode_elements
from reservations.readers.http_fields import FieldLine, HttpFields, fields_of
from reservations.readers.link_fields import read_links
from reservations.readers.paywall_markup import FLAG, PART_FLAG

STATUS_LINE = 1
"""Line of the status in the response head."""

_LIMITED = frozenset({401, 402, 403, 451})
"""Statuses that refuse access, each with a reason code of its own (RFC 9110 section 15.5, RFC 7725)."""

_PARTIAL = 206
"""Answers a request for a range, which we never make (RFC 9110 section 15.3.7)."""
_NOT_MODIFIED = 304
"""Confirms what is kept; who set no condition takes it for a failure."""

_CONTENT_TIERS = {"locked": "access.paywall", "metered": "access.metered"}
"""https://developers.facebook.com/docs/instant-articles/subscriptions/content-tiering

Metered counts too: a crawler without cookies never meets the meter, which would be evading it.
"""

_WALL_WORDS = frozenset(
    {
        *("login", "log-in", "log_in", "signin", "sign-in", "sign_in", "signon", "sso"),
        *("auth", "oauth", "oauth2", "authorize", "authenticate"),
        *("register", "registration", "signup", "sign-up", "sign_up"),
        *("subscribe", "subscription", "subscriptions", "paywall"),
        *("consent", "consent-wall", "consentwall", "cookiewall"),
        *("wp-login", "servicelogin", "anmelden", "anmeldung", "einloggen", "registrieren", "abonnieren"),
        *("connexion", "se-connecter", "inscription", "abonnement", "abonnements", "abonnez-vous"),
        *("iniciar-sesion", "suscripcion", "suscribete", "accedi", "abbonamento", "abbonamenti", "abbonati"),
        *("inloggen", "abonneren", "logowanie", "zaloguj", "prenumerata", "logga-in", "log-ind", "entrar"),
    }
)
"""Path segments of a page that stands before the content instead of being it."""

_WALL_HOSTS = frozenset({"login", "signin", "sso", "auth", "idp", "subscribe", "consent"})
_WALLS = {LOGIN: "access.login", PAYWALL: "access.paywall"}
"""What stands for a wall that the page itself is."""

_RETURN_KEYS = frozenset(
    {
        *("next", "return", "returnto", "return_to", "returnurl", "return_url", "return_uri"),
        *("redirect", "redirectto", "redirect_to", "redirect_uri", "redirect_url", "redirecturl"),
        *("continue", "goto", "target", "dest", "destination", "back", "backurl", "callback", "url", "ref"),
    }
)
"""Query keys by which such a page remembers where one wanted to go."""

_EXTENSION = re.compile(r"\.(?:html?|php|aspx?|jsp|do)$")

_LICENSE_CHALLENGE = re.compile(r"(?:^|,)\s*license(?=\s|,|$)", re.IGNORECASE)
_BLOCKED_BY = re.compile(r"rel\s*=\s*\"?[^\",;]*\bblocked-by\b", re.IGNORECASE)


def access_reasons(
    url: str, response: Evidence, elements: Sequence[Element], body_head: bytes = b""
) -> tuple[Reason, ...]:
    """Why `url` may not be read, or not now; empty where nothing limits access.

    `elements` are the page's signal elements; `body_head`, if given, is the start of a body that is
    not HTML. Never raises.
    """
    fields = fields_of(response.fields)
    challenge = tuple(_challenge(response, fields, elements, body_head))
    if challenge:
        return challenge[:1]
    refusal = tuple(_status(response, fields))
    if refusal:
        return refusal
    return (*_login(url, response, fields), *_markup(elements))


def _challenge(
    response: Evidence, fields: HttpFields, elements: Sequence[Element], body_head: bytes
) -> Iterator[Reason]:
    for line in fields.get_all("cf-mitigated"):
        # `challenge` is the only value, seen with 200, 403, 429 and 503
        # (https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response).
        if line.value.lower() == "challenge":
            yield _reason("access.challenge", response, line=line)
    for number, element in enumerate(elements, start=FIRST_ELEMENT_LINE):
        if element.tag == CHALLENGE:
            yield _from_element("access.challenge", elements, number, element)
    marker = certain_marker(body_head.lower())
    if marker is not None:
        yield _reason("access.challenge", response, quote=marker[0], why="the page is a challenge")


def _status(response: Evidence, fields: HttpFields) -> Iterator[Reason]:
    status = response.status
    if status is None:
        yield _reason("error.unreachable", response, effect=Effect.DEFER, why=response.why or "no answer")
    elif status in _LIMITED:
        line, why = _told(status, fields)
        yield _reason(f"access.{status}", response, line=line, why=why)
    elif status == 407:
        yield _reason("error.proxy", response, effect=Effect.DEFER, why="our own proxy wants credentials")
    elif status == 429:
        line = fields.get("retry-after")
        why = f"asked to retry after {line.value}" if line else "too many requests"
        yield _reason("access.rate_limited", response, effect=Effect.DEFER, line=line, why=quoted(why))
    elif 400 <= status < 500 or _leads_nowhere(status, fields):
        yield _reason(f"error.http_{status}", response)
    elif status == _PARTIAL or not 200 <= status < 400:
        yield _reason(f"error.http_{status}", response, effect=Effect.DEFER)


def _leads_nowhere(status: int, fields: HttpFields) -> bool:
    return 300 <= status < 400 and status != _NOT_MODIFIED and "location" not in fields


def _told(status: int, fields: HttpFields) -> tuple[FieldLine | None, str]:
    """The header line that says more about a refusal, and what it says. Prices are never answered."""
    if status == 451:
        line = next((f for f in fields.get_all("link") if _BLOCKED_BY.search(f.value[:2000])), None)
        return line, "names who demanded it" if line else ""
    asked = _licence_asked(status, fields)
    if asked is not None:
        return asked, "a licence is asked for; none is bought, and no token is ever asked for or sent"
    price, error = fields.get("crawler-price"), fields.get("crawler-error")
    told = [f"{label} {line.value}" for label, line in (("price", price), ("error", error)) if line]
    return price or error, quoted(", ".join(told))


def _licence_asked(status: int, fields: HttpFields) -> FieldLine | None:
    """The line by which RSL asks for a licence: the challenge, the link, or a licence as the body.

    RSL-SPEC-1.0 sections 4.10 and 6.3, https://rslstandard.org/rsl.
    """
    for line in fields.get_all("www-authenticate"):
        if _LICENSE_CHALLENGE.search(line.value[:2000]):
            return line
    for line in fields.get_all("link"):
        for link in read_links(line.value):
            about = link.media_type.startswith("application/rsl") or status in (401, 402)
            if about and "license" in link.relations:
                return line
    told = fields.get("content-type")
    return told if told and told.value.lower().startswith("application/rsl") else None


def _login(url: str, response: Evidence, fields: HttpFields) -> Iterator[Reason]:
    """Redirects that end at a login, registration, subscription or consent page."""
    target, line = "", None
    if response.status is not None and 300 <= response.status < 400:
        line = fields.get("location")
        target = line.value if line else ""
    elif response.redirects:
        target = response.final_url
    try:
        asked = urlsplit(url)
        reached = urlsplit(urljoin(url, target))
        wall = _is_wall(asked, reached, url) if target else ""
    except ValueError:
        return
    if wall:
        yield _reason("access.login", response, line=line, quote=quoted(target), why=wall)


def _is_wall(asked: SplitResult, reached: SplitResult, url: str) -> str:
    words = _words(reached) - _words(asked)
    if words:
        return f"redirected to {min(words)}"
    if (reached.hostname, reached.path) == (asked.hostname, asked.path):
        return ""
    hosts = set((reached.hostname or "").split(".")[:-2]) & _WALL_HOSTS
    if hosts and reached.hostname != asked.hostname:
        return f"redirected to {min(hosts)}"
    for key, value in parse_qsl(reached.query[:8192], max_num_fields=100):
        if key.lower() in _RETURN_KEYS and _leads_back(value, asked, url):
            return f"redirected to a page that would return by {key.lower()}"
    return ""


def _words(parts: SplitResult) -> set[str]:
    segments = (unquote(s).lower() for s in parts.path[:4096].split("/"))
    return {_EXTENSION.sub("", s) for s in segments} & _WALL_WORDS


def _leads_back(value: str, asked: SplitResult, url: str) -> bool:
    path = asked.path + (f"?{asked.query}" if asked.query else "")
    own = {url.partition("#")[0], unquote(url)}
    return value in own or unquote(value) in own or (len(path) > 1 and path in (value, unquote(value)))


def _markup(elements: Sequence[Element]) -> Iterator[Reason]:
    for number, element in enumerate(elements, start=FIRST_ELEMENT_LINE):
        code = _code_of(element)
        if code:
            yield _from_element(code, elements, number, element)


def _code_of(element: Element) -> str:
    if element.tag in _WALLS:
        return _WALLS[element.tag]
    if any(n in (FLAG, PART_FLAG) and v == "false" for n, v in element.attributes):
        return "access.paywall"
    if element.get("itemprop") == FLAG and element.get("content") == "false":
        return "access.paywall"
    names = {(element.get(n) or "").strip().lower() for n in ("name", "property")}
    if element.tag == "meta" and "article:content_tier" in names:
        return _CONTENT_TIERS.get((element.get("content") or "").strip().lower(), "")
    return ""


def _from_element(code: str, elements: Sequence[Element], number: int, element: Element) -> Reason:
    return Reason(
        code=code,
        effect=Effect.EXCLUDE,
        protocol="access",
        evidence=hashlib.sha256(encode_elements(elements)).hexdigest(),
        line=number,
        offset=element.offset,
        quote=quoted(element.quote),
    )


def _reason(
    code: str,
    response: Evidence,
    *,
    effect: Effect = Effect.EXCLUDE,
    line: FieldLine | None = None,
    quote: str = "",
    why: str = "",
) -> Reason:
    status = f"HTTP {response.status}" if response.status is not None else ""
    return Reason(
        code=code,
        effect=effect,
        protocol=code.partition(".")[0],
        evidence=response.sha256,
        line=line.line if line else STATUS_LINE,
        quote=quoted(line.quote) if line else quote or status,
        why=why,
    )
