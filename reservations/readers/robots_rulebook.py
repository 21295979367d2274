"""Every rule of a robots.txt that matters to one agent, compiled once per file and agent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from reservations.model import Agent
from reservations.readers.robots_groups import BotGroups, named_bots, records_of, select
from reservations.readers.robots_lines import AI_TRAINING, ALLOW, DISALLOW, Record
from reservations.readers.robots_rules import Rule, RuleSet, Target, compile_rules, strongest
from reservations.readers.robots_txt import Group, RobotsFile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rulebook:
    """Rule sets by what they bind."""

    letter: RuleSet
    """The groups that bind us by RFC 9309."""
    lenient: RuleSet
    """The groups as the fail-closed profiles read them; `letter` itself where nothing differs."""
    aliases: tuple[RuleSet, ...]
    """Groups of our framework's name, which bind us for denial only."""
    outside: RuleSet
    """Rules before any agent line, which RFC 9309 ignores and some readers apply to everybody."""
    training: RuleSet
    """`DisallowAITraining` lines for us."""
    bots: tuple[tuple[tuple[RuleSet, ...], BotGroups], ...]
    """Other operators' training bots, by the rules of each of their groups.

    The rule sets are one a group and not one a bot: sixty bots in a group of a hundred thousand
    rules, and each in another beside it, must not cost sixty times as much.
    """

    def inferred(self, target: Target) -> tuple[tuple[Rule, BotGroups], ...]:
        """The bots that may not fetch a URL, with the rule that says so."""
        if not self.bots:
            return ()
        winners = {rules: rules.winner(target) for sets, _ in self.bots for rules in sets}
        found = ((strongest(winners[rules] for rules in sets), bots) for sets, bots in self.bots)
        return tuple((rule, bots) for rule, bots in found if rule is not None and not rule.allow)


@lru_cache(maxsize=1024)
def rulebook(file: RobotsFile, agent: Agent) -> Rulebook:
    """Compile what a file says to an agent."""
    letter = _rules(select(file.letter, agent.token).speaking, lenient=False)
    lenient = _rules(select(file.lenient, agent.token).speaking, lenient=True)
    aliases = (a for a in agent.aliases if a.lower() != agent.token.lower())
    return Rulebook(
        letter=letter,
        lenient=letter if _same(letter.rules, lenient.rules) else lenient,
        aliases=tuple(_rules(own, lenient=True) for a in aliases if (own := select(file.lenient, a).own)),
        outside=compile_rules(file.lenient.outside, lenient=True),
        training=compile_rules(_training(file, agent), lenient=True),
        bots=tuple(
            (tuple(_rules((group,), lenient=True) for group in bots.groups), bots)
            for bots in named_bots(file.lenient, agent.token)
        ),
    )


@lru_cache(maxsize=4096)
def _rules(groups: tuple[Group, ...], *, lenient: bool) -> RuleSet:
    return compile_rules(records_of(groups, ALLOW, DISALLOW), lenient=lenient)


def _same(one: tuple[Rule, ...], other: tuple[Rule, ...]) -> bool:
    return len(one) == len(other) and all(a.record is b.record for a, b in zip(one, other, strict=True))


def _training(file: RobotsFile, agent: Agent) -> Iterable[Record]:
    if AI_TRAINING not in file.keys:
        return ()
    chosen = select(file.lenient_stated, agent.token)
    outside = (r for r in file.lenient_stated.outside if r.key == AI_TRAINING)
    return tuple(records_of(chosen.own, AI_TRAINING)) or (*records_of(chosen.star, AI_TRAINING), *outside)
