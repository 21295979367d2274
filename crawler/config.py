"""The operator's `forbear.toml`, typed and frozen, read once at the edge.

Flags override environment variables (`FORBEAR_SECTION_KEY`), which override the file. Every error
names the file, the line and what to write instead.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from crawler.config_sections import (
    Blocklists,
    Crawl,
    Crawler,
    IdentitySection,
    Mail,
    Network,
    Operator,
    PolicySection,
    Politeness,
    Publish,
    Recheck,
    Retention,
    Section,
    Storage,
)
from crawler.protocol_file import read_table
from reservations.model import Agent
from reservations.policy import Policy
from reservations.protocol_table import ProtocolTable, ProtocolTableError

DEFAULT_FILE = Path("forbear.toml")


class ConfigError(Exception):
    """The configuration cannot be used; the message names the place and the remedy."""


class Config(Section):
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
    recheck: Recheck = Recheck()
    publish: Publish = Publish()
    retention: Retention = Retention()
    mail: Mail = Mail()

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

    `path` None: the file that FORBEAR_CONFIG names, else `./forbear.toml` if there is one. Raises
    ConfigError for a file that is missing, is no TOML, or holds an unknown key or a value of the wrong kind.
    """
    environ = os.environ if environ is None else environ
    named = path or (Path(environ["FORBEAR_CONFIG"]) if environ.get("FORBEAR_CONFIG") else None)
    file = named or DEFAULT_FILE
    text = ""
    if named is not None or file.exists():
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file}: cannot be read ({error}); `forbear init` writes one") from error
    values = _parse(text, file)
    _apply_environment(values, environ)
    if data is not None:
        values.setdefault("storage", {})["data"] = data
    try:
        config = Config.model_validate(values)
        assert config.protocol_table  # read once, here at the edge, so that a slip in it is told at once
    except ProtocolTableError as error:
        raise ConfigError(str(error)) from error
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(e, text, file, environ) for e in error.errors())) from error
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


def _explain(error: Any, text: str, file: Path, environ: Mapping[str, str]) -> str:
    where = [str(part) for part in error["loc"]]
    name = ".".join(where)
    line, variable = _line_of(where, text), f"FORBEAR_{'_'.join(where[:2])}".upper()
    place = variable if variable in environ else f"{file}:{line}" if line else f"{file} (or {variable})"
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
