"""What owners of RSL documents are told: each finding with what to write instead."""

from __future__ import annotations

from reservations.model import Level, NoteKind
from reservations.readers.rsl_document import ProblemKind
from reservations.readers.rsl_pointers import Flaw
from reservations.readers.rsl_terms import OddityKind

RELATIVE = NoteKind(
    code="rsl.pointer-invalid",
    level=Level.WARN,
    summary="A pointer to a licence is not valid by the letter",
    text="The address must be absolute and the type `application/rsl+xml`; a strict reader skips the "
    "pointer. Forbear follows it all the same. Write the whole address, as in "
    "`License: https://your.site/license.xml` in robots.txt.",
)
STRANGER = NoteKind(
    code="rsl.license-in-other-group",
    level=Level.WARN,
    summary="The only License line stands in another crawler's group",
    text="A License line below a User-agent line is for that crawler alone, also at the end of the file. "
    "Forbear reads it as meant for everybody. Put it above the first User-agent line.",
)
MISSING = NoteKind(
    code="rsl.document-missing",
    level=Level.BAD,
    summary="The licence that is pointed to cannot be had",
    text="Without a valid document nothing is licensed (RSL 1.0 section 4.3), so Forbear takes everything"
    " as reserved. Correct the address, or remove the pointer.",
)
TOO_MANY = NoteKind(
    code="rsl.too-many-documents",
    level=Level.WARN,
    summary="More licences are pointed to than Forbear reads",
    text="Forbear reads eight documents for one page; what is said in the others is not known, so it "
    "takes the page as unlicensed. Put the terms into one document.",
)
NOT_RSL = NoteKind(
    code="rsl.not-a-document",
    level=Level.BAD,
    summary="What the pointer leads to is not an RSL document",
    text="It is no well-formed XML, its root is not `rsl`, or it is larger or deeper than we read. "
    "Nothing is licensed without a valid document. Check it with an XML validator.",
)
DOCTYPE = NoteKind(
    code="rsl.doctype",
    level=Level.BAD,
    summary="The licence declares a document type or entities",
    text="Forbear refuses both for safety (RSL 1.0 section 8) and takes everything as reserved. Remove "
    "the `<!DOCTYPE ...>`.",
)
NAMESPACE = NoteKind(
    code="rsl.namespace",
    level=Level.BAD,
    summary="The licence is not in the namespace https://rslstandard.org/rsl",
    text="A document in another namespace is not RSL and licenses nothing. Forbear honours what it "
    'prohibits. Write `<rsl xmlns="https://rslstandard.org/rsl">`.',
)
NOT_CONFORMANT = NoteKind(
    code="rsl.not-conformant",
    level=Level.BAD,
    summary="The licence breaks the schema, so it permits nothing",
    text="An element that RSL does not know, a `content` without `license` or `url`, or two `permits` of "
    "one type make the document non-conformant. Forbear honours what it prohibits and takes no "
    "permission from it.",
)
COMMAS = NoteKind(
    code="rsl.commas",
    level=Level.WARN,
    summary="Values are separated by commas",
    text="RSL 1.0 separates values by spaces; commas were used in the 0.9 draft. Forbear reads them in "
    "what is prohibited, not in what is permitted. Write `ai-train ai-input`.",
)
UNKNOWN_USAGE = NoteKind(
    code="rsl.unknown-usage",
    level=Level.WARN,
    summary="A usage is not one that RSL 1.0 defines",
    text="Defined are all, ai-all, ai-train, ai-input, ai-index and search. Forbear reads words with "
    "`train` in them as ai-train where they are prohibited. Write `ai-train`.",
)
CONFLICT = NoteKind(
    code="rsl.permits-and-prohibits",
    level=Level.WARN,
    summary="One licence both permits and prohibits a usage",
    text="The prohibition wins (RSL 1.0 section 3.6), also where it is `all` and the permission narrower."
    " Remove one of the two.",
)
FEED_ITEMS = NoteKind(
    code="rsl.feed-items",
    level=Level.INFO,
    summary="A feed carries licences for its items",
    text="A licence in an item is about the page that the item links (RSL 1.0 section 4.7). A feed also holds"
    " the works themselves, so Forbear leaves the whole feed out where one of its items withholds them.",
)
FEED_MISPLACED = NoteKind(
    code="rsl.feed-misplaced",
    level=Level.WARN,
    summary="RSL in a feed stands outside an item, or not as content",
    text="RSL 1.0 section 4.7 has `rsl:content` in each `item` of RSS; it says nothing of the channel, of"
    " Atom entries, or of parts alone. Forbear reads those for what they withhold. Move it into the items.",
)
FEED_ELSEWHERE = NoteKind(
    code="rsl.feed-url-elsewhere",
    level=Level.WARN,
    summary="A feed licenses something that is not on its own origin",
    text="The `url` of `rsl:content` must be on the origin of the feed (RSL 1.0 section 4.7). Forbear takes "
    "no permission from it, and leaves the feed out where it withholds. Publish it in a feed of that site.",
)
EMBEDDED_FORM = NoteKind(
    code="rsl.embedded-form",
    level=Level.WARN,
    summary="A licence inside a file is not in the form that RSL asks for",
    text="In a file stands one `rsl:rsl` with one `rsl:content`, whose `url` is the full canonical address of"
    " the work (RSL 1.0 section 4.8). Forbear reads it for what it withholds, and as no permission.",
)
OF_PROBLEM = {
    ProblemKind.NOT_XML: NOT_RSL,
    ProblemKind.NOT_RSL: NOT_RSL,
    ProblemKind.TOO_LARGE: NOT_RSL,
    ProblemKind.DOCTYPE: DOCTYPE,
    ProblemKind.NAMESPACE: NAMESPACE,
    ProblemKind.UNKNOWN_ELEMENT: NOT_CONFORMANT,
    ProblemKind.NO_LICENSE: NOT_CONFORMANT,
    ProblemKind.REPEATED: NOT_CONFORMANT,
    ProblemKind.NO_URL: NOT_CONFORMANT,
}
OF_ODDITY = {
    OddityKind.COMMAS: COMMAS,
    OddityKind.UNKNOWN_USAGE: UNKNOWN_USAGE,
    OddityKind.CONFLICT: CONFLICT,
}
OF_FLAW = {
    Flaw.MISPLACED: FEED_MISPLACED,
    Flaw.ELSEWHERE: FEED_ELSEWHERE,
    Flaw.FORM: EMBEDDED_FORM,
}

RSL_NOTES = (
    RELATIVE,
    STRANGER,
    MISSING,
    TOO_MANY,
    FEED_ITEMS,
    *dict.fromkeys((*OF_PROBLEM.values(), *OF_ODDITY.values(), *OF_FLAW.values())),
)
