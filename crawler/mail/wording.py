"""What mails to a complainant say. Pure; nothing in them is quoted from a mail that came in.

The address a mail claims to come from may be somebody else's: who forged it must not be able to have us
send them words of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import fill
from typing import assert_never

from crawler.store.complaints import Step

HOSTS_NAMED = 3
RIGHTS = (
    "You may go to the supervisory authority or a court at any time; a complaint here does not change your "
    "rights."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a mail is about."""

    step: Step
    reference: str
    bot: str
    operator: str
    received_at: datetime
    confirm_due: datetime
    answer_due: datetime
    close_due: datetime | None
    hosts: Sequence[str]
    """What we take it to be about."""
    words: str
    """What staff say; empty in an acknowledgement."""
    page: str
    """Address of the complaint's page; empty where there is no site."""
    withdrawn: int
    """Documents that the complaint took out of the data."""
    list_sha256: str
    """Of the list of them that comes with the mail; empty where there is none."""


def subject(matter: Matter) -> str:
    """The subject line, with the number that an answer must keep."""
    return f"[{matter.reference}] {_TITLES[matter.step]}"


def body(matter: Matter) -> str:
    """The text, in lines of at most 72 characters where they are ours."""
    parts = [part for part in _paragraphs(matter) if part]
    return "\n\n".join(parts) + "\n\n" + _signature(matter)


_TITLES = {
    Step.RECEIVED: "Your complaint has arrived",
    Step.CONFIRMED: "We are looking into your complaint",
    Step.ASKED: "A question about your complaint",
    Step.UPHELD: "Our decision: you were right",
    Step.DECLINED: "Our decision: we see it differently",
    Step.WITHDRAWN: "Withdrawn from the training data",
    Step.CLOSED: "Your complaint is closed",
}
TOLD = frozenset(_TITLES)
"""Steps that are told by mail; the others are the complainant's own, or for staff alone."""


def _paragraphs(matter: Matter) -> Iterator[str]:
    yield _plain(_opening(matter))
    if matter.step is Step.RECEIVED:
        yield _plain(_understood(matter.hosts))
    yield matter.words.strip()
    if matter.withdrawn and matter.step in (Step.UPHELD, Step.WITHDRAWN, Step.CLOSED):
        yield _taken_out(matter)
    if matter.step is Step.DECLINED:
        yield _plain(f"If you do not agree, answer this mail by {_day(matter.close_due)}. {RIGHTS}")
    if matter.page:
        yield f"Where it stands, and what happened:\n{matter.page}\n" + _plain(
            "Keep this address to yourself: it opens the complaint for whoever has it."
        )
    if matter.step is not Step.CLOSED:
        yield _plain(
            f"To add something, answer this mail and leave {matter.reference} in the subject. Of files that "
            "come with a mail we keep name, size and digest, not the file: put what matters into the text."
        )


def _opening(matter: Matter) -> str:
    match matter.step:
        case Step.RECEIVED:
            return (
                f"Your mail of {_day(matter.received_at)} has arrived. Its number is {matter.reference}. "
                f"We confirm by {_day(matter.confirm_due)} that we look into it, and answer "
                f"by {_day(matter.answer_due)}."
            )
        case Step.CONFIRMED:
            return (
                f"Your complaint {matter.reference} of {_day(matter.received_at)} is being looked into. "
                f"You will have our answer by {_day(matter.answer_due)}."
            )
        case Step.ASKED:
            return f"We need something from you to go on with complaint {matter.reference}."
        case Step.UPHELD:
            return f"We have decided complaint {matter.reference}: you were right."
        case Step.DECLINED:
            return f"We have decided complaint {matter.reference}: we see it differently, for this reason."
        case Step.WITHDRAWN:
            return f"This is about complaint {matter.reference} of {_day(matter.received_at)}."
        case Step.CLOSED:
            return f"Complaint {matter.reference} of {_day(matter.received_at)} is closed."
        case Step.REPLIED | Step.NOTE:
            raise ValueError(f"{matter.step} is not told by mail")
        case _:
            assert_never(matter.step)


def _understood(hosts: Sequence[str]) -> str:
    if not hosts:
        return (
            "We found no site or page in it. Please answer this mail with the domain or the addresses it is "
            "about."
        )
    more = f" and {len(hosts) - HOSTS_NAMED} more" if len(hosts) > HOSTS_NAMED else ""
    return f"We take it to be about: {', '.join(hosts[:HOSTS_NAMED])}{more}."


def _taken_out(matter: Matter) -> str:
    what = "One document was" if matter.withdrawn == 1 else f"{matter.withdrawn} documents were"
    lines = [
        _plain(
            f"{what} taken out of the training data. No data set that is built from now on has them. A model "
            "that was trained before had read them; this cannot be undone in the model."
        )
    ]
    if matter.list_sha256:
        lines.append(
            _plain("The list comes with this mail: withdrawn.jsonl, whose SHA-256 is")
            + f"\n{matter.list_sha256}"
        )
    if matter.page:
        lines.append(
            _plain("The list, and the proof with the decisions, their evidence and the log's proofs:")
            + f"\n{matter.page}/withdrawn.jsonl\n{matter.page}/proof.zip"
        )
    return "\n\n".join(lines)


def _signature(matter: Matter) -> str:
    by_whom = "\nThis mail was written by a program." if matter.step is Step.RECEIVED else ""
    return f"-- \n{matter.operator}\noperator of {matter.bot}{by_whom}\n"


def _plain(text: str) -> str:
    return fill(text, 72, break_long_words=False, break_on_hyphens=False)


def _day(when: datetime | None) -> str:
    return f"{when.astimezone(UTC).day} {when.astimezone(UTC):%B %Y}" if when else "the day on its page"
