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

_EVERYTHING = frozenset({"/", "/*", "*"})


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
    shut_out: tuple[tuple[Rule, BotGroups], ...]
    """Other operators' training bots that may fetch nothing at all, as nearly every file has it."""
    bots: tuple[tuple[tuple[RuleSet, ...], BotGroups], ...]
    """The rest of them, by the rules of each of their groups.

    The rule sets are one a group and not one a bot: sixty bots in a group of a hundred thousand
    rules, and each in another beside it, must not cost sixty times as much.
    """

    def inferred(self, target: Target) -> tuple[tuple[Rule, BotGroups], ...]:
        """The bots that may not fetch a URL, with the rule that says so."""
        if not self.bots:
            return self.shut_out
        winners = {rules: rules.winner(target) for sets, _ in self.bots for rules in sets}
        found = ((strongest(winners[rules] for rules in sets), bots) for sets, bots in self.bots)
        return self.shut_out + tuple((r, bots) for r, bots in found if r is not None and not r.allow)


@lru_cache(maxsize=1024)
def rulebook(file: RobotsFile, agent: Agent) -> Rulebook:
    """Compile what a file says to an agent."""
    letter = _rules(select(file.letter, agent.token).speaking, lenient=False)
    lenient = _rules(select(file.lenient, agent.token).speaking, lenient=True)
    others = tuple(
        (tuple(_rules((group,), lenient=True) for group in bots.groups), bots)
        for bots in named_bots(file.lenient, agent.token)
    )
    shut_out = {bots: rule for sets, bots in others if (rule := _shuts_out(sets)) is not None}
    aliases = (a for a in agent.aliases if a.lower() != agent.token.lower())
    return Rulebook(
        letter=letter,
        lenient=letter if _same(letter.rules, lenient.rules) else lenient,
        aliases=tuple(_rules(own, lenient=True) for a in aliases if (own := select(file.lenient, a).own)),
        outside=compile_rules(file.lenient.outside, lenient=True),
        training=compile_rules(_training(file, agent), lenient=True),
        shut_out=tuple((rule, bots) for bots, rule in shut_out.items()),
        bots=tuple((sets, bots) for sets, bots in others if bots not in shut_out),
    )


@lru_cache(maxsize=4096)
def _rules(groups: tuple[Group, ...], *, lenient: bool) -> RuleSet:
    return compile_rules(records_of(groups, ALLOW, DISALLOW), lenient=lenient)


def _shuts_out(sets: tuple[RuleSet, ...]) -> Rule | None:
    """The rule that denies every URL, where no other rule allows one."""
    rules = [rule for ruleset in sets for rule in ruleset.rules]
    if any(rule.allow for rule in rules):
        return None
    return next((rule for rule in rules if rule.pattern.text in _EVERYTHING and not rule.host), None)


def _same(one: tuple[Rule, ...], other: tuple[Rule, ...]) -> bool:
    return len(one) == len(other) and all(a.record is b.record for a, b in zip(one, other, strict=True))


def _training(file: RobotsFile, agent: Agent) -> Iterable[Record]:
    if AI_TRAINING not in file.keys:
        return ()
    chosen = select(file.lenient_stated, agent.token)
    outside = (r for r in file.lenient_stated.outside if r.key == AI_TRAINING)
    return tuple(records_of(chosen.own, AI_TRAINING)) or (*records_of(chosen.star, AI_TRAINING), *outside)
