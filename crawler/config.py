"""The operator's `forbear.toml`, typed and frozen, read once at the edge.

Flags override environment variables (`FORBEAR_SECTION_KEY`), which override the file. Every error
names the file, the line and what to write instead.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from crawler.protocol_file import read_table
from reservations.model import Agent, Profile, Use
from reservations.policy import TRAINING_USES, Inference, Policy
from reservations.protocol_table import ProtocolTable, ProtocolTableError

VERSION = "0.1.0"
DEFAULT_FILE = Path("forbear.toml")
_TOKEN = re.compile(r"[A-Za-z_-]{1,64}")
Seconds = Annotated[float, Field(ge=0, le=86_400 * 366)]
Media = Literal["html", "text", "image", "pdf", "epub", "audio", "video", "other"]


class ConfigError(Exception):
    """The configuration cannot be used; the message names the place and the remedy."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Operator(_Section):
    """Who answers for the crawl."""

    name: str = ""
    contact: str = ""
    """A role address (`crawler@example.org`); sent as `From` unless `crawler.from` is set."""


class Crawler(_Section):
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


class IdentitySection(_Section):
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


class Crawl(_Section):
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


class PolicySection(_Section):
    """What we intend, and how strictly evidence is read."""

    profile: Profile = Profile.STANDARD
    uses: tuple[Use, ...] = tuple(sorted(TRAINING_USES))
    jurisdictions: tuple[str, ...] = ()
    """Two-letter codes whose lists count; empty: all."""
    infer_from_other_bots: Inference = Inference.ANY
    protocols: Path | None = None  # rows laid over the shipped protocol table
    accepted_policies: tuple[str, ...] = ()  # `uid`s of TDM policies whose conditions are met


class Storage(_Section):
    """Where an instance keeps its state."""

    database: str = ""
    """SQLAlchemy URL; empty: SQLite in the data folder."""
    data: Path = Path("data")
    warc: bool = True
    """Whether kept pages are stored; false where a project with the add-on stores them itself."""


class Network(_Section):
    """How requests leave."""

    timeout: Seconds = 30.0
    allow_private: bool = False
    proxy: str = ""


class Politeness(_Section):
    """How hard a host is asked."""

    delay: Seconds = 1.0
    per_host: int = Field(default=2, ge=1, le=64)
    retries: int = Field(default=2, ge=0, le=20)
    give_up_after: Seconds = 900.0


class Blocklists(_Section):
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


class Publish(_Section):
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


class Config(_Section):
    """One instance's configuration."""

    operator: Operator = Operator()
    crawler: Crawler = Crawler()
    identity: IdentitySection = IdentitySection()
    crawl: Crawl = Crawl()
    policy: PolicySection = PolicySection()
    storage: Storage = Storage()
    network: Network = Network()
    politeness: Politeness = Politeness()
    blocklists: Blocklists = Blocklists()
    publish: Publish = Publish()

    @property
    def user_agent(self) -> str:
        """`Token/version (+info_url)` (RFC 9110 section 10.1.5)."""
        name = f"{self.crawler.product_token}/{self.crawler.version}"
        return f"{name} (+{self.crawler.info_url})" if self.crawler.info_url else name

    @property
    def from_address(self) -> str:
        """The `From` field (RFC 9110 section 10.1.2)."""
        return self.crawler.from_ or self.operator.contact

    @property
    def agent(self) -> Agent:
        """Who we are in other people's files."""
        return Agent(token=self.crawler.product_token, reads_policies=bool(self.policy.accepted_policies))

    @cached_property
    def protocol_table(self) -> ProtocolTable:
        """The shipped protocol table with the operator's rows laid over it. Raises ProtocolTableError."""
        return read_table(self.policy.protocols)

    @property
    def reading_policy(self) -> Policy:
        """The policy that decides."""
        return Policy(
            profile=self.policy.profile,
            uses=frozenset(self.policy.uses),
            infer_from_other_bots=self.policy.infer_from_other_bots,
            accepted_policies=frozenset(self.policy.accepted_policies),
            disabled_protocols=self.protocol_table.disabled,
            protocol_table=self.protocol_table.version if self.policy.protocols else "",
        )

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the record."""
        return self.storage.database or f"sqlite:///{self.storage.data / 'forbear.db'}"

    def merged(self, **sections: Mapping[str, Any]) -> Self:
        """A copy with some keys of some sections replaced, validated again."""
        data = self.model_dump(by_alias=True)
        for name, keys in sections.items():
            data[name] |= {k: v for k, v in keys.items() if v is not None}
        return type(self).model_validate(data)

    def require_identity(self) -> None:
        """Raise ConfigError unless a site we visit can tell who we are and whom to write to."""
        missing = [
            f'[{section}] {key} = "{example}"'
            for section, key, example, value in (
                ("crawler", "product_token", "ExampleBot", self.crawler.product_token),
                ("operator", "contact", "crawler@example.org", self.operator.contact),
                ("crawler", "info_url", "https://example.org/bot", self.crawler.info_url),
            )
            if not value
        ]
        if missing:
            raise ConfigError(
                "a crawl of public hosts needs to say who is asking. Set in forbear.toml:\n  "
                + "\n  ".join(missing)
                + "\n`forbear init` writes the file; `make crawl` takes TOKEN=, CONTACT= and INFO_URL=."
            )


def load_config(
    path: Path | None, environ: Mapping[str, str] | None = None, *, data: Path | None = None
) -> Config:
    """Read the configuration.

    `path` None means `./forbear.toml` if there is one. Raises ConfigError for a file that is
    missing, is no TOML, or holds an unknown key or a value of the wrong kind.
    """
    file = path or DEFAULT_FILE
    text = ""
    if path is not None or file.exists():
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file}: cannot be read ({error}); `forbear init` writes one") from error
    values = _parse(text, file)
    _apply_environment(values, os.environ if environ is None else environ)
    if data is not None:
        values.setdefault("storage", {})["data"] = data
    try:
        config = Config.model_validate(values)
        assert config.protocol_table  # read once, here at the edge, so that a slip in it is told at once
    except ProtocolTableError as error:
        raise ConfigError(str(error)) from error
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(e, text, file) for e in error.errors())) from error
    return config


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error


def _apply_environment(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    for section, model in Config.model_fields.items():
        fields = getattr(model.annotation, "model_fields", {})
        for name, field in fields.items():
            key = field.alias or name
            raw = environ.get(f"FORBEAR_{section}_{key}".upper())
            if raw is None:
                continue
            listed = str(field.annotation).startswith("tuple")
            target = values.setdefault(section, {})
            if isinstance(target, dict):
                target[key] = [v.strip() for v in raw.split(",") if v.strip()] if listed else raw


def _explain(error: Any, text: str, file: Path) -> str:
    where = [str(part) for part in error["loc"]]
    name = ".".join(where)
    line = _line_of(where, text)
    place = f"{file}:{line}" if line else f"{file} (or FORBEAR_{'_'.join(where[:2]).upper()})"
    if error["type"] == "extra_forbidden":
        section = Config.model_fields.get(where[0]) if len(where) > 1 else None
        known = getattr(section.annotation, "model_fields", {}) if section else Config.model_fields
        return (
            f"{place}: no setting `{name}`; known here: {', '.join(f.alias or n for n, f in known.items())}"
        )
    return f"{place}: `{name}`: {error['msg']} (got {str(error.get('input'))[:80]!r})"


def _line_of(where: list[str], text: str) -> int | None:
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.strip("[]").strip()
            if where == [section]:
                return number
        key = stripped.partition("=")[0].strip()
        if len(where) > 1 and section == where[0] and key == where[1]:
            return number
        if len(where) == 1 and not section and key == where[0]:
            return number
    return None
