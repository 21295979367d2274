"""`forbear blocklists explain`: is a host listed, by which decision, and how does it get off?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from blocklists import wording
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    JsonOption,
    configuration,
    out,
    visible,
)
from crawler.lists import ListError, list_policy
from crawler.lists import present as shown
from crawler.lists.explaining import Explanation, Mention, contact_of, short
from crawler.lists.explaining import explain as ask
from crawler.lists.loading import load_register, load_set
from crawler.present import dumps


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("explain")(explain)


def explain(
    host: Annotated[str, typer.Argument(help="Host name or URL.")],
    at: Annotated[datetime | None, typer.Option(help="On this day, by law.", formats=["%Y-%m-%d"])] = None,
    known: Annotated[
        datetime | None,
        typer.Option(
            help="By what we had learned at this time (UTC).", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
        ),
    ] = None,
    in_set: Annotated[
        str, typer.Option("--set", help="In this set: first digits of its id, or a snapshot file.")
    ] = "now",
    public: Annotated[
        bool, typer.Option("--public", help="Only what the public is shown: entries of high confidence.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Say whether a host is listed on a day, by which decision, what else the lists say, and how to get off.

    Exit 1 if it is listed.

    \b
    Examples:
      forbear blocklists explain example.org
      forbear blocklists explain www.example.org --at 2025-06-01
      forbear blocklists explain example.org --at 2025-06-01 --known 2025-06-01 --set 1f3870be
    """
    settings = configuration(config, data)
    try:
        found = ask(
            load_set(settings, in_set),
            list_policy(settings),
            host,
            day=at.date() if at else datetime.now(UTC).date(),
            known=known.replace(tzinfo=UTC) if known else None,
            register=load_register(settings),
            contact=contact_of(settings),
        )
    except ListError as error:
        raise FailedError(str(error)) from error
    if not found.host:
        raise FailedError(f"{visible(host)} holds no host name")
    if as_json:
        typer.echo(dumps(shown.explanation(found, public=public)))
    else:
        _print(found, public=public)
    if found.listed:
        raise typer.Exit(ExitCode.NEGATIVE)


def _print(found: Explanation, *, public: bool) -> None:
    for mention in sorted(found.mentions, key=lambda each: not each.counts):
        if public:
            _public(mention)
        elif mention.counts:
            _counting(mention, found)
        else:
            _say(f"mentioned, does not count: {_named(mention)}; {mention.objection}")
    ways = dict.fromkeys(way for mention in found.mentions if mention.counts for way in mention.ways_off)
    if ways and not public:
        _say("to get off:")
    for way in ways if not public else ():
        _say(f"- {way}")
    if not found.listed:
        names = ", ".join(found.lists) or "no lists"
        _say(f"{found.asked} is not listed on {found.day} in set {short(found.set_id)} ({names})")


def _public(mention: Mention) -> None:
    if mention.counts:
        _say(wording.public_sentence(mention.hit))


def _counting(mention: Mention, found: Explanation) -> None:
    entry = mention.hit.entry
    _say(f"not visited: {_named(mention)}")
    _say(
        f"  matched: {mention.hit.matched} by {mention.hit.rule}; {wording.in_force_words(entry, found.day)}"
    )
    since = entry.known_from.strftime("%Y-%m-%d %H:%M UTC") if entry.known_from else "not recorded"
    _say(
        f"  we know it since: {since}; list last confirmed {mention.age_days} days ago; "
        f"set {short(found.set_id)}"
    )
    if entry.source_url:
        _say(f"  source: {entry.source_url}")
    if entry.note:
        _say(f"  note: {entry.note}")
    for step in entry.history:
        reason = f": {step.reason}" if step.reason else ""
        _say(f"  {step.on or 'day not recorded'}: {wording.status_words(step.status)}{reason}")


def _named(mention: Mention) -> str:
    entry = mention.hit.entry
    return (
        f"{wording.named_in(entry)} ({entry.jurisdiction}, {entry.recognition_kind}); entry {entry.value} "
        f"({entry.scope}), list {entry.source}, sha256 {short(mention.hit.snapshot)}"
    )


def _say(text: str) -> None:
    out.print(visible(text), markup=False, soft_wrap=True)
