"""What mails to a complainant say. Pure; nothing in them is quoted from a mail that came in.

The address a mail claims to come from may be somebody else's: who forged it must not be able to have us
send them words of their own. Sentences are whole, so that the tables of `crawler/web/languages` hold them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import fill
from typing import assert_never

from crawler.store.complaints import Step
from crawler.web.language import Language

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
    """Empty where the crawler has no name yet."""
    operator: str
    """Empty where none is set."""
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


def subject(matter: Matter, speech: Language) -> str:
    """The subject line, with the number that an answer must keep."""
    return f"[{matter.reference}] {speech.plain(_TITLES[matter.step])}"


def body(matter: Matter, speech: Language) -> str:
    """The text, in lines of at most 72 characters where they are ours."""
    parts = [part for part in _paragraphs(matter, speech) if part]
    return "\n\n".join(parts) + "\n\n" + _signature(matter, speech)


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


def _paragraphs(matter: Matter, speech: Language) -> Iterator[str]:
    yield _filled(_opening(matter, speech))
    if matter.step is Step.RECEIVED:
        yield _filled(_understood(matter.hosts, speech))
    yield matter.words.strip()
    if matter.withdrawn and matter.step in (Step.UPHELD, Step.WITHDRAWN, Step.CLOSED):
        yield _taken_out(matter, speech)
    if matter.step is Step.DECLINED:
        yield _filled(f"{_objecting(matter, speech)} {speech.plain(RIGHTS)}")
    if matter.page:
        shown = speech.plain("Where it stands, and what happened:")
        kept = speech.plain("Keep this address to yourself: it opens the complaint for whoever has it.")
        yield f"{shown}\n{matter.page}\n{_filled(kept)}"
    if matter.step is not Step.CLOSED:
        yield _filled(
            speech.plain(
                "To add something, answer this mail and leave %(ref)s in the subject. Of files that come "
                "with a mail we keep name, size and digest, not the file: put what matters into the text.",
                ref=matter.reference,
            )
        )


def _opening(matter: Matter, speech: Language) -> str:
    day = speech.plain_day
    match matter.step:
        case Step.RECEIVED:
            text = (
                "Your complaint of %(day)s has arrived. Its number is %(ref)s. We confirm by %(confirm)s "
                "that we look into it, and answer by %(answer)s."
            )
        case Step.CONFIRMED:
            text = (
                "Your complaint %(ref)s of %(day)s is being looked into. You will have our answer by "
                "%(answer)s."
            )
        case Step.ASKED:
            text = "We need something from you to go on with complaint %(ref)s."
        case Step.UPHELD:
            text = "We have decided complaint %(ref)s: you were right."
        case Step.DECLINED:
            text = "We have decided complaint %(ref)s: we see it differently, for this reason."
        case Step.WITHDRAWN:
            text = "This is about complaint %(ref)s of %(day)s."
        case Step.CLOSED:
            text = "Complaint %(ref)s of %(day)s is closed."
        case Step.REPLIED | Step.NOTE:
            raise ValueError(f"{matter.step} is not told by mail")
        case _:
            assert_never(matter.step)
    return speech.plain(
        text,
        ref=matter.reference,
        day=day(matter.received_at),
        confirm=day(matter.confirm_due),
        answer=day(matter.answer_due),
    )


def _understood(hosts: Sequence[str], speech: Language) -> str:
    if not hosts:
        return speech.plain(
            "We found no site or page in it. Please answer this mail with the domain or the addresses it is "
            "about."
        )
    named, more = ", ".join(hosts[:HOSTS_NAMED]), len(hosts) - HOSTS_NAMED
    if more > 0:
        return speech.plain("We take it to be about: %(hosts)s and %(n)s more.", hosts=named, n=more)
    return speech.plain("We take it to be about: %(hosts)s.", hosts=named)


def _objecting(matter: Matter, speech: Language) -> str:
    if matter.close_due is None:
        return speech.plain("If you do not agree, answer this mail.")
    until = speech.plain_day(matter.close_due)
    return speech.plain("If you do not agree, answer this mail by %(date)s.", date=until)


def _taken_out(matter: Matter, speech: Language) -> str:
    gone = speech.plain_count(
        matter.withdrawn,
        "One document was taken out of the training data.",
        "%(n)s documents were taken out of the training data.",
    )
    means = speech.plain(
        "No data set that is built from now on has what was taken out. A model that was trained before had "
        "read it; this cannot be undone in the model."
    )
    parts = [_filled(f"{gone} {means}")]
    if matter.list_sha256:
        listed = speech.plain("The list comes with this mail: withdrawn.jsonl, whose SHA-256 is")
        parts.append(f"{_filled(listed)}\n{matter.list_sha256}")
    if matter.page:
        proof = speech.plain(
            "The list, and the proof with the decisions, their evidence and the log's proofs:"
        )
        parts.append(f"{_filled(proof)}\n{matter.page}/withdrawn.jsonl\n{matter.page}/proof.zip")
    return "\n\n".join(parts)


def _signature(matter: Matter, speech: Language) -> str:
    lines = [
        matter.operator or speech.plain("The operator"),
        speech.plain("operator of %(bot)s", bot=matter.bot or speech.plain("the crawler")),
    ]
    if matter.step is Step.RECEIVED:
        lines.append(speech.plain("This mail was written by a program."))
    return "-- \n" + "\n".join(lines) + "\n"


def _filled(text: str) -> str:
    return fill(text, 72, break_long_words=False, break_on_hyphens=False)
