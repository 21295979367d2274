"""`noai`, `noimageai`, `noml` and their neighbours in X-Robots-Tag and meta robots.

There is no specification: DeviantArt announced `noai` and `noimageai` in November 2022
(https://www.deviantart.com/team/journal/UPDATE-All-Deviations-Are-Opted-Out-of-AI-Datasets-934500371),
Mojeek proposed `noml` in October 2023 (https://noml.info/). `noarchive` and `nocache` mean training
only to Bing and Amazon, so they count under the strict profile and are noted otherwise. Header and
meta are summed up, as are rules for everyone and for us; `all`, `index` and `follow` grant nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from reservations.facts import Facts
from reservations.model import (
    ALWAYS,
    FAIL_CLOSED,
    HTML_SIGNALS,
    RESPONSE,
    STRICT_ONLY,
    Level,
    Note,
    NoteKind,
    Preference,
    Profile,
    Reading,
    Statement,
    Use,
)
from reservations.protocol import Protocol
from reservations.readers.robots_directives import Placed, is_ours, placed_directives

MEANINGS: dict[str, tuple[tuple[Use, ...], frozenset[Profile]]] = {
    "noai": ((Use.AI_TRAIN, Use.AI_INPUT), ALWAYS),
    "noimageai": ((Use.AI_TRAIN, Use.AI_INPUT), ALWAYS),
    "noml": ((Use.AI_TRAIN,), ALWAYS),
    "noarchive": ((Use.AI_TRAIN,), STRICT_ONLY),
    "nocache": ((Use.AI_TRAIN,), STRICT_ONLY),
}
"""What each directive reserves, and under which profiles."""

NOINDEX = NoteKind(
    code="noai.noindex",
    level=Level.INFO,
    summary="The page asks not to be indexed",
    text="`noindex` and `none` are about search results, not about training, and are no reservation by "
    "themselves. To reserve, use `noai`, TDMRep or AIPREF.",
)
VENDOR_MEANING = NoteKind(
    code="noai.vendor-meaning",
    level=Level.INFO,
    summary="`noarchive` or `nocache` means training only to some search engines",
    text="Bing and Amazon read these as a limit on training; in general they ask for no cached copy. "
    "Forbear counts them as a reservation under its strict profile only. To be clear, add `noai`.",
)
OTHER_BOT = NoteKind(
    code="noai.other-bot",
    level=Level.INFO,
    summary="The reservation is addressed to another crawler",
    text="A bot's name with a colon in X-Robots-Tag, or in place of `robots` in a meta element, addresses "
    "that bot alone, and every rule after it up to the next name. To reserve towards everyone, send "
    "the rule without a name.",
)
NOT_SEPARATED = NoteKind(
    code="noai.not-separated",
    level=Level.WARN,
    summary="Rules are not separated by commas",
    text="Rules without a comma between them are one unknown rule to a strict reader. Forbear reads them "
    "as separate. Write `noai, noimageai`.",
)
FORM = NoteKind(
    code="noai.form",
    level=Level.WARN,
    summary="A rule against training is not written as it was announced",
    text="`no-ai`, `noai=1`, `noai: true` or quotation marks round the word make a rule that others do not "
    "know. Forbear reads it as what is plainly meant. Write the word alone: `noai`.",
)
MISPLACED = NoteKind(
    code="noai.misplaced",
    level=Level.WARN,
    summary="The robots meta element has no name",
    text="A robots meta element is known by `name`; with `property` or `http-equiv` in its place others do "
    'not see it. Forbear honours a reservation in it. Write `<meta name="robots" content="noai">`.',
)
IMAGES_ONLY = NoteKind(
    code="noai.images-only",
    level=Level.INFO,
    summary="`noimageai` on a page is about its images",
    text="`noimageai` reserves the images of a page; whether it reaches the text is not said. Forbear "
    "leaves out the whole page except under its letter profile. To reserve the text as well, add "
    "`noai`.",
)
DRAFT_FIELD = NoteKind(
    code="noai.draft-field",
    level=Level.INFO,
    summary="The `Robots-Tag` header is only a proposal",
    text="`Robots-Tag` is defined in an expired draft and few read it. Forbear honours a reservation in "
    "it. Send `X-Robots-Tag` as well.",
)


def parse(facts: Facts) -> Reading:
    """Every directive that is meant for us, summed up."""
    placed = tuple(placed_directives(facts))
    ours = tuple(p for p in placed if is_ours(p.directive.bot, facts.agent))
    image = facts.fields.media_type().startswith("image/")
    statements = {(s.code, s.use, s.under): s for p in reversed(ours) for s in _statements(p, image=image)}
    notes = {
        n.kind.code: n
        for p in reversed(placed)
        for n in _notes(p, ours=is_ours(p.directive.bot, facts.agent), image=image)
    }
    return Reading(statements=tuple(reversed(statements.values())), notes=tuple(reversed(notes.values())))


def _statements(placed: Placed, *, image: bool) -> Iterator[Statement]:
    directive = placed.directive
    uses, under = MEANINGS.get(directive.name, ((), ALWAYS))
    odd = not directive.separated or directive.slip or placed.misplaced or placed.draft
    if odd or (directive.name == "noimageai" and not image):
        under = under & FAIL_CLOSED
    for use in uses:
        yield Statement(
            protocol="noai",
            code=f"noai.{placed.carrier}",
            use=use,
            preference=Preference.RESERVED,
            locator=placed.locator,
            under=under,
            decided_by=placed.carrier,
            scope="images of this page" if directive.name == "noimageai" and not image else "this response",
        )


def _notes(placed: Placed, *, ours: bool, image: bool) -> Iterator[Note]:
    name = placed.directive.name
    if name in MEANINGS and not ours:
        yield Note(kind=OTHER_BOT, locator=placed.locator)
    if not ours:
        return
    if name in ("noindex", "none"):
        yield Note(kind=NOINDEX, locator=placed.locator)
    if name not in MEANINGS:
        return
    if MEANINGS[name][1] == STRICT_ONLY:
        yield Note(kind=VENDOR_MEANING, locator=placed.locator)
    if not placed.directive.separated:
        yield Note(kind=NOT_SEPARATED, locator=placed.locator)
    if placed.directive.slip:
        yield Note(kind=FORM, locator=placed.locator)
    if placed.misplaced:
        yield Note(kind=MISPLACED, locator=placed.locator)
    if name == "noimageai" and not image:
        yield Note(kind=IMAGES_ONLY, locator=placed.locator)
    if placed.draft:
        yield Note(kind=DRAFT_FIELD, locator=placed.locator)


PROTOCOL = Protocol(
    name="noai",
    title="noai, noimageai and noml in X-Robots-Tag and meta robots",
    spec_url="https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag#directives",
    spec_version="no specification; vendor documents of 2022 to 2026",
    kinds=(RESPONSE, HTML_SIGNALS),
    # A meta element named after our own token is passed in as well (`reservations.read`).
    meta_names=frozenset({"robots", "x-robots-tag", "scrapy"}),
    codes=("noai.header", "noai.meta"),
    notes=(NOINDEX, VENDOR_MEANING, OTHER_BOT, NOT_SEPARATED, FORM, MISPLACED, IMAGES_ONLY, DRAFT_FIELD),
    parse=parse,
)
