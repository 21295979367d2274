"""The sections of `forbear.toml`: every key, its kind and its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from reservations.acceptance import read_entry
from reservations.model import Profile, Use
from reservations.policy import TRAINING_USES, Inference

_TOKEN = re.compile(r"[A-Za-z_-]{1,64}")
Seconds = Annotated[float, Field(ge=0, le=86_400 * 366)]
Media = Literal["html", "text", "image", "pdf", "epub", "audio", "video", "other"]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Operator(Section):
    """Who answers for the crawl."""

    name: str = ""
    contact: str = ""
    """A role address (`crawler@example.org`); sent as `From` unless `crawler.from` is set."""


class Crawler(Section):
    """Who we are on the wire."""

    product_token: str = ""
    """What publishers write after `User-agent:` (RFC 9309 section 2.2.1)."""
    version: str = "1.0"
    info_url: str = ""
    from_: str = Field(default="", alias="from")
    purposes: tuple[str, ...] = ("ai-training",)

    @field_validator("product_token")
    @classmethod
    def _is_token(cls, value: str) -> str:
        if value and not _TOKEN.fullmatch(value):
            raise ValueError("a product token has letters, `-` and `_` only (RFC 9309 section 2.2.1)")
        return value

    @field_validator("version", "info_url", "from_")
    @classmethod
    def _is_header_safe(cls, value: str) -> str:
        if not value.isascii() or not value.isprintable():
            raise ValueError("goes into a request header: printable ASCII only")
        return value


class IdentitySection(Section):
    """How a site can tell that it is us, and what the bot page promises: see docs/identity.md."""

    signature_agent: str = ""  # https origin that serves our keys; empty: requests are not signed
    sign_http: bool = False
    signature_lifetime: int = Field(default=120, ge=10, le=86_400)
    key_dir: str = ""  # of the private keys; empty: `keys` in the data folder
    key_lifetime: Seconds = 86_400 * 180
    key_overlap: Seconds = 86_400 * 7  # a new key is published so long before it signs, an old one after
    ip_prefixes: tuple[str, ...] = ()
    reverse_dns: str = ""
    card: bool = False  # the Signature Agent Card is an unstable draft
    address: str = ""
    complaint: str = ""  # a URL or a mail address; empty: the contact
    pages_kept: str = ""
    decisions_kept: str = ""
    second_look: str = ""  # what happens to pages that were taken before they were reserved
    notice: Seconds = 0  # between the announcement of a change and its effect

    @field_validator("signature_agent")
    @classmethod
    def _is_https_origin(cls, value: str) -> str:
        if value and not re.fullmatch(r"https://[a-z0-9.-]+(:[0-9]{1,5})?/?", value):
            raise ValueError("write an https origin in lower case, such as https://bot.example.org")
        return value.rstrip("/")


class Crawl(Section):
    """What a crawl takes, and how far it goes."""

    types: tuple[Media, ...] = ("html", "text", "image", "pdf", "epub")
    scope: tuple[str, ...] = ()
    """Hosts (with their subdomains) that links may lead to; empty: the hosts of the seeds; `*`: any."""
    depth: int = Field(default=3, ge=0, le=1000)
    max_pages: int = Field(default=0, ge=0)
    """Pages a crawl keeps at most; 0: no bound."""
    max_pages_per_domain: int = Field(default=1000, ge=0)
    max_body: int = Field(default=64 * 2**20, ge=1024)
    """Bytes of one body, after decompression; a larger one is left out."""
    concurrency: int = Field(default=32, ge=1, le=1024)


class PolicySection(Section):
    """What we intend, and how strictly evidence is read."""

    profile: Profile = Profile.STANDARD
    uses: tuple[Use, ...] = tuple(sorted(TRAINING_USES))
    jurisdictions: tuple[str, ...] = ()
    """Two-letter codes whose lists count; empty: all."""
    infer_from_other_bots: Inference = Inference.ANY
    protocols: Path | None = None  # rows laid over the shipped protocol table
    accepted_policies: tuple[str, ...] = ()  # TDM policies whose conditions are met: `uid [sha256:digest]`

    @field_validator("accepted_policies")
    @classmethod
    def _are_entries(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        read = map(read_entry, values)
        return tuple(f"{uid} sha256:{digest}" if digest else uid for uid, digest in read)


class Storage(Section):
    """Where an instance keeps its state."""

    database: str = ""
    """SQLAlchemy URL; empty: SQLite in the data folder."""
    data: Path = Path("data")
    warc: bool = True
    """Whether kept pages are stored; false where a project with the add-on stores them itself."""


class Network(Section):
    """How requests leave."""

    timeout: Seconds = 30.0
    allow_private: bool = False
    proxy: str = ""


class Politeness(Section):
    """How hard a host is asked."""

    delay: Seconds = 1.0
    per_host: int = Field(default=2, ge=1, le=64)
    retries: int = Field(default=2, ge=0, le=20)
    give_up_after: Seconds = 900.0


class Blocklists(Section):
    """Which lists count (`count`, `ignore`: a kind, or `kind:CC`), and how old one may be."""

    max_age: Seconds = 86_400 * 30
    allow_stale: bool = True
    curated: bool = True
    sources: tuple[str, ...] = ()
    count: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    grace: Seconds = 86_400 * 7
    max_change: float = Field(default=0.3, gt=0, le=1)
    refresh: Seconds = 86_400


class Mail(Section):
    """The server that complainants' mails are handed to; its password comes from the environment alone."""

    host: str = ""  # empty: mails wait in the outbox for another program
    port: int = Field(default=587, ge=1, le=65535)  # 465: TLS from the first byte (RFC 8314)
    starttls: bool = True
    user: str = ""
    from_: str = Field(default="", alias="from")  # empty: where complaints go
    max_bytes: int = Field(default=10 * 2**20, ge=1024, le=2**30)
    """Bytes of a letter that are read."""

    @field_validator("from_")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,250}", value):
            raise ValueError("write a mail address, such as complaints@example.org")
        return value


Days = Annotated[int, Field(ge=0, le=36_600)]


class Retention(Section):
    """How many days each kind of thing is kept; 0: for ever. `forbear store prune` removes what is older."""

    audit: Days = 0
    complaints: Days = 0
    documents: Days = 0
    exports: Days = 0
    location_files: Days = 0
    ownership: Days = 0
    page_extracts: Days = 0
    page_heads: Days = 0
    withdrawn_documents: Days = 0


class Recheck(Section):
    """When pages that were kept are looked at again."""

    interval: Seconds = 86_400 * 30
    """Since the last look at a page."""
    retry: Seconds = 86_400
    """Since a look that could not tell: the server or its robots.txt did not answer."""


class Publish(Section):
    """Where the record is published, and what is promised there."""

    base_url: str = ""
    require_published: bool = False  # no crawl before `forbear identity build` has said how it works
    staff_tokens: tuple[str, ...] = ()
    """`name:SHA-256` of each staff token; `forbear serve --new-staff-token NAME` makes one."""
    confirm_days: int = Field(default=2, ge=0, le=366)
    """Working days until a complaint is confirmed."""
    answer_days: int = Field(default=10, ge=0, le=366)
    close_days: int = Field(default=14, ge=0, le=366)
    contact_days: int = Field(default=730, ge=1, le=3660)
    """Days after a complaint is closed when the name and address in it are deleted."""
    lookups_per_minute: int = Field(default=30, ge=1)
    lookups_per_day: int = Field(default=1000, ge=1)
    checks_per_hour: int = Field(default=10, ge=1)
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose `X-Forwarded-For` is believed."""

    @field_validator("staff_tokens")
    @classmethod
    def _are_hashes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[\w.@-]{1,60}:[0-9a-f]{64}", item) for item in value):
            raise ValueError("write `name:` and the SHA-256 of the token in hexadecimal, never the token")
        return value
