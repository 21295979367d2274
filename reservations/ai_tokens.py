"""Product tokens of other operators' AI bots, as dated data.

Only tokens that exist to control use, and bots that collect training data, say something about
training; search, fetch, preview and broker tokens are kept in the table and never inferred from.
Nicknames (`gpt-bot`, `anthropicbot`) name no crawler and are read as what they mean, to infer only.
"""

from __future__ import annotations

import json
from collections.abc import Container
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from reservations.model import OtherBot, TokenClass

_MAX_NAME = 200
"""Characters of two tokens together; the longest that is known has 28."""
_MIN_PART = 5
"""Letters of a token that is looked for in two tokens run together."""


def _data(name: str) -> Any:
    return json.loads(files("reservations").joinpath("data", name).read_text("utf-8"))


@cache
def _table() -> tuple[OtherBot, ...]:
    classes = set(TokenClass)
    return tuple(
        OtherBot(token=row["token"], operator=row["operator"], token_class=TokenClass(row["class"]))
        for row in _data("ai_tokens.json")["tokens"]
        if row["class"] in classes
    )


@cache
def _known() -> frozenset[str]:
    """Every token of the table, of whatever class, in lower case."""
    return frozenset(row["token"].lower() for row in _data("ai_tokens.json")["tokens"])


@cache
def _nicknames() -> dict[str, tuple[str, ...]]:
    return {
        token.lower(): tuple(names) for token, names in _data("agent_nicknames.json")["nicknames"].items()
    }


@cache
def _all_nicknames() -> frozenset[str]:
    return frozenset(name for names in _nicknames().values() for name in names)


@cache
def spellings(bot: OtherBot) -> tuple[str, ...]:
    """What a file may call a bot, in lower case: its token, the token without hyphens, then nicknames."""
    token = bot.token.lower()
    return (token, token.replace("-", ""), *_nicknames().get(token, ()))


def training_bots(named: Container[str]) -> tuple[OtherBot, ...]:
    """The training and usage-control bots among names in lower case."""
    return tuple(bot for bot in _table() if any(name in named for name in spellings(bot)))


def parts_of(value: str) -> tuple[str, ...]:
    """The two known tokens that a lost line break ran together (`anthropic-aibytespider`); else none."""
    # every cut of a name is tried, and names are remembered: one of a megabyte would take hours
    return _parts_of(value) if len(value) <= _MAX_NAME else ()


@lru_cache(maxsize=16384)
def _parts_of(value: str) -> tuple[str, ...]:
    name = value.lower()
    if len(name) < 2 * _MIN_PART or name in _known():
        return ()
    cuts = range(_MIN_PART, len(name) - _MIN_PART + 1)
    return next(((name[:i], name[i:]) for i in cuts if {name[:i], name[i:]} <= _known()), ())


def is_slip(value: str) -> bool:
    """Whether a value that may be a product token is nobody's: a nickname, or two tokens run together."""
    return value.lower() in _all_nicknames() or bool(parts_of(value))
