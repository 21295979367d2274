"""Product tokens of other operators' AI bots, as dated data.

Only tokens that exist to control use, and bots that collect training data, say something about
training; search, fetch, preview and broker tokens are kept in the table and never inferred from.
"""

from __future__ import annotations

import json
from collections.abc import Container
from functools import cache
from importlib.resources import files

from reservations.model import OtherBot, TokenClass


@cache
def _table() -> tuple[OtherBot, ...]:
    data = json.loads(files("reservations").joinpath("data", "ai_tokens.json").read_text("utf-8"))
    classes = set(TokenClass)
    return tuple(
        OtherBot(token=row["token"], operator=row["operator"], token_class=TokenClass(row["class"]))
        for row in data["tokens"]
        if row["class"] in classes
    )


def training_bots(named: Container[str]) -> tuple[OtherBot, ...]:
    """The training and usage-control bots among names in lower case, hyphens optional."""
    return tuple(
        bot for bot in _table() if (name := bot.token.lower()) in named or name.replace("-", "") in named
    )
