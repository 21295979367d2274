"""What a webmaster is told about a TDMRep file, header, meta element or metadata.

TDMRep final report of 10 May 2024, https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/.
"""

from __future__ import annotations

from reservations.model import Level, NoteKind

NOT_JSON = NoteKind(
    code="tdmrep.file-not-json",
    level=Level.BAD,
    summary="The file is not JSON",
    text="The file cannot be read as JSON, so by the TDMRep report it expresses nothing. Where it plainly "
    "contains a reservation, Forbear treats the whole origin as reserved. Check the file with a JSON "
    "validator.",
)
IS_HTML = NoteKind(
    code="tdmrep.file-is-html",
    level=Level.INFO,
    summary="An HTML page answers in place of the file",
    text="The server answers with a page instead of the file, as many do for addresses that do not exist. "
    "This expresses nothing. If there is no such file, answer 404; if there is, check that it is "
    "reachable.",
)
REPAIRED = NoteKind(
    code="tdmrep.file-repaired",
    level=Level.BAD,
    summary="The file is JSON only after repair (a trailing comma, a comment)",
    text="JSON allows neither comments nor a comma before a closing bracket, so a strict reader ignores "
    "the whole file. Forbear repairs it and honours what it reserves, but takes no permission from "
    "it. Remove them.",
)
NOT_ARRAY = NoteKind(
    code="tdmrep.file-not-array",
    level=Level.BAD,
    summary="The file is not an array of rules",
    text="The report asks for an array of rules even where there is only one, so a strict reader ignores "
    'the file. Forbear honours what it plainly reserves. Write [{"location": "/", "tdm-reservation": '
    "1}] with the brackets.",
)
RULE_INVALID = NoteKind(
    code="tdmrep.rule-invalid",
    level=Level.BAD,
    summary="A rule lacks `location` or `tdm-reservation`, or the latter is neither 1 nor 0",
    text="A rule needs `location` and `tdm-reservation`, the latter the number 1 or 0; otherwise a strict "
    "reader skips it. Forbear honours 1 written as text, `true` or 2, or under a name that is nearly "
    "right, and takes a missing location as the whole site.",
)
BAD_LOCATION = NoteKind(
    code="tdmrep.location-not-a-path",
    level=Level.WARN,
    summary="A location is not a path pattern",
    text="`location` is a path beginning with `/` or `*`, compared with the path of a URL. A whole URL or "
    "a path without its slash matches nothing for a strict reader; Forbear uses its path where the "
    "rule reserves.",
)
DUPLICATE = NoteKind(
    code="tdmrep.duplicate-member",
    level=Level.BAD,
    summary="A rule states the same member twice",
    text="Which of two members of the same name counts depends on the reader (RFC 8259 section 4). Forbear"
    " takes the rule as a reservation if either reserves. Keep one.",
)

BAD_VALUE = NoteKind(
    code="tdmrep.value-not-0-or-1",
    level=Level.BAD,
    summary="A reservation is neither 1 nor 0",
    text="Any value but 1 and 0 is a protocol error and counts as absent. Forbear honours `true`, 2 and "
    "the like as a reservation, and takes nothing else from it. Write 1.",
)
CONFLICT = NoteKind(
    code="tdmrep.conflicting-values",
    level=Level.BAD,
    summary="The same place says both 1 and 0, or says it on several lines",
    text="Two header lines become the value `0, 1`, which is invalid; of two meta elements the report says"
    " nothing. Forbear goes by the reservation. Send one value.",
)
MISPLACED = NoteKind(
    code="tdmrep.misplaced",
    level=Level.BAD,
    summary="The reservation stands where the report does not look for it",
    text="`X-Robots-Tag: tdm-reservation: 1`, `http-equiv`, `property`, `tdm:reservation` in HTML and "
    "`tdm-reservation` in a PDF or an EPUB are not TDMRep; a strict reader misses them. Forbear honours a "
    "reservation there. In HTTP and HTML the name has a hyphen, in PDF and EPUB the prefix `tdm:`.",
)
BAD_POLICY = NoteKind(
    code="tdmrep.policy-not-a-url",
    level=Level.WARN,
    summary="A TDM policy is not a web address",
    text="`tdm-policy` is the address of a policy, http or https. Other text is ignored; a contact belongs"
    " into the policy. The reservation beside it stands.",
)
ILL_FORMED = NoteKind(
    code="tdmrep.metadata-ill-formed",
    level=Level.BAD,
    summary="The XMP packet or EPUB package that holds the reservation is not well-formed XML",
    text="A strict reader cannot read it. Forbear honours what it plainly reserves. The sample in the "
    "report itself leaves a namespace value unquoted; do not copy that.",
)


FILE_REFUSED = NoteKind(
    code="tdmrep.file-refused",
    level=Level.WARN,
    summary="The server refuses the file to us",
    text="The file answers 401 or 403, which by the report expresses nothing. If it holds reservations, "
    "let every user agent read it.",
)
LONGER_RULE = NoteKind(
    code="tdmrep.longer-rule-reserves",
    level=Level.WARN,
    summary="An earlier, shorter rule hides a longer one that reserves",
    text="By the report the first matching rule counts, not the longest. A later rule that reserves a "
    "longer path is therefore without effect for a strict reader; Forbear honours it. Put it first.",
)

TDMREP_NOTES = (
    *(NOT_JSON, IS_HTML, REPAIRED, NOT_ARRAY, RULE_INVALID, BAD_LOCATION, DUPLICATE),
    *(BAD_VALUE, CONFLICT, MISPLACED, BAD_POLICY, ILL_FORMED, FILE_REFUSED, LONGER_RULE),
)
