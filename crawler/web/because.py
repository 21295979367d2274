"""A reason in words that fit after "because", and what a deciding line does. Pure."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup

from crawler.web.hostile import hostile
from crawler.web.language import Language
from crawler.words import in_words
from reservations.model import Reason, Use

MAX_QUOTE = 120
_PLACES = {
    "response": "the response header",
    "html-signals": "the page itself",
    "image-xmp": "the metadata of the file",
    "pdf-xmp": "the metadata of the PDF",
    "epub-opf": "the metadata of the EPUB",
    "c2pa-assertions": "the content credentials of the file",
    "rsl-embedded": "a licence in the file or in a feed of its site",
    "text": "a sentence of the page",
    "terms": "a sentence of the terms that the site links",
}
_SINCE = {
    Use.TDM: "%(place)s has reserved text and data mining since %(since)s",
    Use.AI_TRAIN: "%(place)s has reserved AI training since %(since)s",
    Use.GENAI_TRAIN: "%(place)s has reserved training of generative AI since %(since)s",
    Use.AI_INPUT: "%(place)s has reserved use in AI answers since %(since)s",
    Use.SEARCH: "%(place)s has reserved search since %(since)s",
}
_NOW = {
    Use.TDM: "%(place)s reserves text and data mining",
    Use.AI_TRAIN: "%(place)s reserves AI training",
    Use.GENAI_TRAIN: "%(place)s reserves training of generative AI",
    Use.AI_INPUT: "%(place)s reserves use in AI answers",
    Use.SEARCH: "%(place)s reserves search",
}
_DECIDES = {
    Use.TDM: "This line decides. It reserves text and data mining.",
    Use.AI_TRAIN: "This line decides. It reserves AI training.",
    Use.GENAI_TRAIN: "This line decides. It reserves training of generative AI.",
    Use.AI_INPUT: "This line decides. It reserves use in AI answers.",
    Use.SEARCH: "This line decides. It reserves search.",
}
USES = {
    Use.TDM: "Text and data mining",
    Use.AI_TRAIN: "AI training",
    Use.GENAI_TRAIN: "Generative AI training",
    Use.AI_INPUT: "Answers that quote a page",
    Use.SEARCH: "Search",
}
_SENTENCES = {
    "access.401": "the page needs a login",
    "access.402": "the page asks for payment",
    "access.403": "the page is forbidden",
    "access.451": "the page is unavailable for legal reasons",
    "access.login": "a login stands before the page",
    "access.paywall": "the page is marked as not free of charge",
    "access.metered": "the page is behind a metered paywall",
    "access.challenge": "the page answers with a challenge for visitors",
    "access.rate_limited": "the server asked us to slow down",
    "robots.unreachable": "robots.txt could not be had",
    "robots.unparsable": "robots.txt is a login or challenge page",
    "robots.forbidden_403": "robots.txt is forbidden",
    "robots.unauthorized_401": "robots.txt needs a login",
    "robots.redirect_loop": "robots.txt redirects without end",
    "robots.too_large": "robots.txt is larger than 5 MiB",
    "tdmrep.unreachable": "tdmrep.json could not be had",
    "ai_txt.unreachable": "ai.txt could not be had",
    "trust_txt.unreachable": "trust.txt could not be had",
    "rsl.unreadable": "a licence is named that cannot be read",
    "error.redirect": "the page redirects to another address",
    "error.too_large": "the file is larger than the limit of this crawl",
    "error.truncated": "the answer broke off",
    "error.timeout": "the server did not answer in time",
    "error.media_type": "the file is not of a kind this crawl takes",
    "error.out_of_scope": "the page is outside the scope of this crawl",
    "error.depth": "the page lies deeper than this crawl goes",
    "error.budget": "this crawl takes only so many pages of a domain",
}
"""Clauses for codes whose words in a table are no sentence."""


def place(speech: Language, kind: str | None, line: int | None) -> Markup:
    """Where it stands: `line 14 of robots.txt`, `the response header`."""
    if kind is None:
        return speech.say("a signal")
    if kind in _PLACES:
        return speech.say(_PLACES[kind])
    if kind == "rsl":
        return (
            speech.say("line\u00a0%(line)s of an RSL licence", line=line)
            if line
            else speech.say("an RSL licence")
        )
    if line:
        return speech.say("line\u00a0%(line)s of %(file)s", line=line, file=kind)
    return hostile(kind)


def because(
    speech: Language, reason: Reason, kind: str | None, since: datetime | None = None
) -> Markup | None:
    """The clause after "because"; None where the code's own words are no clause."""
    if reason.protocol == "blocklist" or reason.protocol == "security":
        return None
    if reason.code in _SENTENCES:
        return speech.say(_SENTENCES[reason.code])
    where = place(speech, kind, reason.line)
    if reason.inferred or reason.code == "robots.other_ai_bots":
        return speech.say(
            "%(place)s shuts out other AI crawlers, and we take that as meant for us too", place=where
        )
    if reason.use is not None and kind is not None:
        table = _SINCE if since else _NOW
        return speech.say(table[reason.use], place=where, since=speech.day(since) if since else "")
    if reason.quote and kind is not None:
        return speech.say(
            "%(place)s says “%(quote)s”", place=where, quote=hostile(reason.quote.strip(), MAX_QUOTE)
        )
    return None


def decides(speech: Language, reason: Reason) -> Markup:
    """What stands below a deciding line."""
    if reason.inferred or reason.code == "robots.other_ai_bots":
        return speech.say("Speaks to another crawler. We take it as a sign.")
    if reason.code == "robots.disallow":
        return speech.say("This line decides. It closes the address to us.")
    if reason.use is not None:
        return speech.say(_DECIDES[reason.use])
    return speech.say("This line decides.")


def listed(speech: Language, reason: Reason) -> Markup:
    """Why a listed host is not visited: the decision, the body, the date; never a judgement of ours."""
    return hostile(reason.why or in_words(reason.code))
