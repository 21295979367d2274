"""What we say about ourselves, as one value in a canonical form: the source of page, twin and feeds.

A function of the configuration, the keys and the lists, never of the clock, so that it changes only
when something about us does. Two levels: a category, then rows of it. A change is a change of a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from crawler.config import Config
from crawler.identity.ip_ranges import PrefixError, read_prefixes
from crawler.identity.keys import SigningKey, key_folder, load_keys
from crawler.identity.signing import PROFILE
from crawler.lists import load_lists
from crawler.lists.loading import load_register
from crawler.present import moment
from reservations.protocols import discover

Row = str | bool | int | float | list[str] | dict[str, str]
KEY = "key "
"""Begins the rows of signing keys."""
Declaration = Mapping[str, Mapping[str, Row]]
"""By category; JSON as it is."""


class Category(StrEnum):
    """What a row is about: the sections of the declaration, and the categories of the feed."""

    IDENTITY = "identity"
    IP_RANGES = "ip-ranges"
    ROBOTS = "robots-features"
    PROTOCOLS = "reservation-protocols"
    READING = "reading"
    LISTS = "lists"
    PURPOSES = "purposes"
    BEHAVIOUR = "behaviour"
    RETENTION = "retention"
    CONTACT = "contact"


class DeclarationError(ValueError):
    """Something about us that must not be published; the message names the setting."""


def declare(config: Config) -> Declaration:
    """What there is to say now. Raises DeclarationError, ListError, SigningKeyError."""
    sections: dict[Category, Mapping[str, Row]] = {
        Category.IDENTITY: _identity(config, load_keys(key_folder(config))),
        Category.IP_RANGES: _ip_ranges(config),
        Category.ROBOTS: _robots(config),
        Category.PROTOCOLS: _protocols(config),
        Category.READING: _reading(config),
        Category.LISTS: _lists(config),
        Category.PURPOSES: _purposes(config),
        Category.BEHAVIOUR: _behaviour(config),
        Category.RETENTION: _stated(config.identity, "pages_kept", "decisions_kept", "second_look"),
        Category.CONTACT: _contact(config),
    }
    return {category.value: section for category, section in sections.items()}


def canonical(declaration: Declaration) -> str:
    """The form that is stored, hashed and compared: sorted keys, no blanks, ASCII."""
    return json.dumps(declaration, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """SHA-256 of the canonical form."""
    return sha256(text.encode()).hexdigest()


def without_keys(declaration: Declaration) -> Declaration:
    """The rules by which we crawl: the declaration but for keys, which change on dates of their own."""
    identity = declaration[Category.IDENTITY]
    kept = {name: row for name, row in identity.items() if not name.startswith(KEY)}
    return {**declaration, Category.IDENTITY.value: kept}


@cache
def dated_table() -> Mapping[str, Any]:
    """What the package knows about robots.txt features and places, with dates."""
    text = files("crawler.identity").joinpath("data", "honoured_since.json").read_text("utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table


def _identity(config: Config, keys: Sequence[SigningKey]) -> dict[str, Row]:
    rows: dict[str, Row] = {
        "operator": config.operator.name,
        "product_token": config.crawler.product_token,
        "user_agent": config.user_agent,
        "from": config.from_address,
        "info_url": config.crawler.info_url,
    }
    rows |= _stated(config.identity, "address", "reverse_dns")
    if config.identity.signature_agent:
        rows["signature_agent"] = config.identity.signature_agent
        rows["signed"] = "http and https" if config.identity.sign_http else "https"
        rows["signature_profile"] = PROFILE
        for key in keys:
            rows[KEY + key.kid] = {"from": moment(key.not_before), "until": moment(key.expires)}
    return rows


def _ip_ranges(config: Config) -> dict[str, Row]:
    try:
        prefixes = read_prefixes(config.identity.ip_prefixes, allow_private=config.network.allow_private)
    except PrefixError as error:
        raise DeclarationError(f"[identity] ip_prefixes: {error}") from error
    return {str(prefix): config.crawler.product_token for prefix in prefixes}


def _robots(config: Config) -> dict[str, Row]:
    return {
        name: {"does": row["does"], "since": row["since"]}
        for name, row in dated_table()["robots"].items()
        if _holds(row, config)
    }


def _protocols(config: Config) -> dict[str, Row]:
    places, rows = dated_table()["protocols"], config.protocol_table
    found: dict[str, Row] = {}
    for protocol in discover():
        row, place = rows.row(protocol.name), places[protocol.name]
        if row is not None and row.enabled and _holds(place, config):
            found[protocol.name] = {
                "title": protocol.title,
                "where": place["where"],
                "version": row.version,
                "specification": row.source,
                "since": row.honoured_since,
            }
    return found


def _reading(config: Config) -> dict[str, Row]:
    policy = config.reading_policy
    rows: dict[str, Row] = {
        "profile": policy.profile.value,
        "infer_from_other_bots": policy.inference.value,
        "reading_policy": policy.version,
    }
    return rows | {key: value for key, value in policy.chosen.items() if key != "disabled_protocols"}


def _lists(config: Config) -> dict[str, Row]:
    titles = {name: entry.title for name, entry in load_register(config).items()}
    rows: dict[str, Row] = {
        listing.name: titles.get(listing.name, f"our own list “{listing.name}”")
        for listing in load_lists(config).listings
    }
    if config.policy.jurisdictions:
        rows["jurisdictions"] = sorted(config.policy.jurisdictions)
    return rows


def _purposes(config: Config) -> dict[str, Row]:
    return {
        "purposes": list(config.crawler.purposes),
        "uses": sorted(use.value for use in config.policy.uses),
        "media": list(config.crawl.types),
    }


def _behaviour(config: Config) -> dict[str, Row]:
    return {"delay": config.politeness.delay, "per_host": config.politeness.per_host}


def _contact(config: Config) -> dict[str, Row]:
    return {
        "contact": config.operator.contact,
        "complaint": config.identity.complaint or config.operator.contact,
    }


def _stated(section: Any, *names: str) -> dict[str, Row]:
    return {name: value for name in names if (value := getattr(section, name))}


def _holds(row: Mapping[str, Iterable[str]], config: Config) -> bool:
    return "profiles" not in row or config.policy.profile.value in row["profiles"]
