"""Which groups of a robots.txt speak to whom; shared by every protocol that puts lines there.

Spec: RFC 9309 section 2.2.1, https://www.rfc-editor.org/rfc/rfc9309#section-2.2.1. All groups with
our product token are one; only where there are none do the `*` groups count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from reservations.ai_tokens import spellings, training_bots
from reservations.model import Agent, OtherBot, TokenClass
from reservations.readers.robots_agents import STAR, glob_names
from reservations.readers.robots_lines import Record
from reservations.readers.robots_txt import Group, Grouping, RobotsFile

MAX_INFERRED = 12
"""Other bots named per URL: enough to show what a file says, however many it lists."""

MAX_BOT_LINES = 1000
"""Statement lines that are read for another bot; there are 60 bots, and all may share one group."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """The groups of one file that matter to one token."""

    own: tuple[Group, ...]
    """Groups that name the token, in file order."""
    star: tuple[Group, ...]
    """Groups for everybody. Hidden by `own`, but asked for what `own` leaves unsaid."""

    @property
    def speaking(self) -> tuple[Group, ...]:
        """The groups that bind the token (RFC 9309 section 2.2.1)."""
        return self.own or self.star


@lru_cache(maxsize=8192)
def select(grouping: Grouping, token: str) -> Selection:
    """Groups for a token, whatever its case."""
    name = token.lower()
    own = dict.fromkeys(grouping.by_name.get(name, ()))
    own |= dict.fromkeys(group for glob, group in grouping.globs if glob_names(glob, name))
    return Selection(own=tuple(own), star=grouping.by_name.get(STAR, ()))


def records_of(groups: Iterable[Group], *keys: str) -> Iterator[Record]:
    """Records with one of these field names, as one merged group."""
    return (record for group in groups for record in group.records if record.key in keys)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Voices:
    """Records of some fields by whom they speak to, for protocols that put statements in groups."""

    letter: tuple[Record, ...]
    """What binds us by RFC 9309."""
    named: bool
    """Whether a group names us, so that it speaks for us before `everybody`."""
    own: tuple[Record, ...]
    everybody: tuple[Record, ...]
    """Records of the `*` groups and those before any agent line, which hold site-wide."""
    outside: frozenset[Record]
    aliases: tuple[Record, ...]
    """Records of groups with our framework's name, which bind us for reserving only."""
    bots: tuple[tuple[BotGroups, tuple[Record, ...]], ...]
    """Records of other operators' training bots."""


def voices(file: RobotsFile, agent: Agent, *keys: str) -> Voices:
    """Who says something under these field names. Callers compile the records and cache that."""
    chosen = select(file.lenient_stated, agent.token)
    outside = tuple(r for r in file.lenient_stated.outside if r.key in keys)
    aliases = (
        g
        for a in agent.aliases
        if a.lower() != agent.token.lower()
        for g in select(file.lenient_stated, a).own
    )
    return Voices(
        letter=tuple(records_of(select(file.stated, agent.token).speaking, *keys)),
        named=bool(chosen.own),
        own=tuple(records_of(chosen.own, *keys)),
        everybody=(*records_of(chosen.star, *keys), *outside),
        outside=frozenset(outside),
        aliases=tuple(records_of(dict.fromkeys(aliases), *keys)),
        bots=tuple(
            (bots, said)
            for bots in named_bots(file.lenient_stated, agent.token)
            if (said := tuple(islice(records_of(bots.groups, *keys), MAX_BOT_LINES)))
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BotGroups:
    """Other operators' training bots that share the same groups."""

    groups: tuple[Group, ...]
    bots: tuple[OtherBot, ...]


@lru_cache(maxsize=2048)
def named_bots(grouping: Grouping, token: str) -> tuple[BotGroups, ...]:
    """Training and usage-control bots that a file names, but for `token`, by the groups they share.

    Only groups with a bot's own name count for it, never `*`.
    """
    shared: dict[tuple[Group, ...], list[OtherBot]] = {}
    for bot in training_bots(grouping.by_name):
        if bot.token.lower() != token.lower():
            shared.setdefault(_groups_of(grouping, bot), []).append(bot)
    return tuple(BotGroups(groups=groups, bots=telling(bots)) for groups, bots in shared.items())


def telling(bots: Iterable[OtherBot]) -> tuple[OtherBot, ...]:
    """At most MAX_INFERRED bots: usage-control tokens, then one of each operator, then the rest."""
    seen: set[str] = set()
    ranked: list[tuple[int, OtherBot]] = []
    for bot in bots:
        control = bot.token_class is TokenClass.USAGE_CONTROL
        ranked.append((0 if control else 2 if bot.operator in seen else 1, bot))
        seen.add(bot.operator)
    return tuple(bot for _, bot in sorted(ranked, key=lambda pair: pair[0])[:MAX_INFERRED])


def _groups_of(grouping: Grouping, bot: OtherBot) -> tuple[Group, ...]:
    """The groups with a bot's own token; those with a nickname of it only where there are none.

    Merged with the others, an `Allow` for a nickname would take a denial of the token away.
    """
    own, nicknames = spellings(bot)[:2], spellings(bot)[2:]
    for names in (own, nicknames):
        groups = tuple(dict.fromkeys(g for name in names for g in grouping.by_name.get(name, ())))
        if groups:
            return groups
    return ()
