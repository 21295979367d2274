"""What a webmaster is told about a robots.txt: its slips, and an answer that is no robots.txt at all.

Spec: RFC 9309, https://www.rfc-editor.org/rfc/rfc9309#section-2.2 for lines, section 2.3.1 for answers.
"""

from __future__ import annotations

from reservations.model import Level, NoteKind
from reservations.readers.robots_lines import OddityKind

ENCODING = NoteKind(
    code="robots.encoding",
    level=Level.WARN,
    summary="robots.txt is not plain UTF-8",
    text="The file is compressed or UTF-16, holds bytes that are no UTF-8, or has a damaged byte order mark. "
    "Forbear reads it anyway, Latin-1 bytes in a Disallow both ways; other crawlers see no rules at all. "
    "Save the file as UTF-8 without a byte order mark.",
)
FIELD = NoteKind(
    code="robots.field",
    level=Level.WARN,
    summary="The name of a field is nearly right, and most crawlers ignore the line",
    text="A field name is misspelt, or its colon is missing. Forbear reads such a line as a restriction, "
    "never as a permission. Write the names exactly: `User-agent:`, `Disallow:`, `Content-Signal:`, "
    "`Content-Usage:`, `License:`.",
)
JOINED = NoteKind(
    code="robots.lost_line_break",
    level=Level.WARN,
    summary="Several fields stand on one line",
    text="A line break seems to be missing. Forbear reads the User-agent and Disallow fields inside the "
    "line as restrictions; by RFC 9309 everything after the first colon is one value. One field a line.",
)
AGENT = NoteKind(
    code="robots.agent",
    level=Level.WARN,
    summary="A User-agent value is not a product token",
    text="RFC 9309 compares one whole product token of letters, `-` and `_`, or `*`. Versions, lists and "
    "browser strings name nobody by the letter. Forbear takes each name in them as named, for "
    "restrictions. Write one User-agent line for each token.",
)
NOBODY = NoteKind(
    code="robots.agent_unknown",
    level=Level.WARN,
    summary="A User-agent value is no crawler's own token",
    text="It is a nickname (`gpt-bot`, `anthropicbot`), or two tokens run together. The crawler meant "
    "does not answer to it. Forbear infers from it that training is not wanted. Write the token that the "
    "crawler's operator publishes, one a line.",
)
PATTERN = NoteKind(
    code="robots.pattern",
    level=Level.WARN,
    summary="A Disallow pattern does not begin with a slash, or holds characters that no path has",
    text="Patterns begin with `/`, without quotation marks. Forbear reads `private` as `/private`, and a URL "
    "of your own host as its path; an Allow is never repaired. Write the path as it stands in the URL.",
)
OUTSIDE = NoteKind(
    code="robots.outside_group",
    level=Level.WARN,
    summary="Rules stand before the first User-agent line",
    text="RFC 9309 ignores them, and so does Forbear unless its operator chose the strict profile. "
    "Put `User-agent: *` above them.",
)
BETWEEN = NoteKind(
    code="robots.between_agents",
    level=Level.INFO,
    summary="Another field stands between two User-agent lines",
    text="By RFC 9309 section 2.2.4 it does not end the group, so the first agent shares the rules below. "
    "Some crawlers read two groups, the first of them empty. Put such fields after the rules.",
)
NOINDEX = NoteKind(
    code="robots.noindex",
    level=Level.INFO,
    summary="A Noindex line has no effect",
    text="No standard defines Noindex in robots.txt. Use Disallow, or a robots meta element.",
)
SECOND_READER = NoteKind(
    code="robots.second_opinion",
    level=Level.INFO,
    summary="Two readings of a rule differ, and the stricter one was followed",
    text="Our matcher, which follows RFC 9309, allows the URL; Protego, which many crawlers use, does not. "
    "Forbear stays out. An Allow line for the URL makes it clear, as does a pattern without `$`.",
)
SOFT_404_NOTE = NoteKind(
    code="robots.soft_404",
    level=Level.BAD,
    summary="A web page came back instead of robots.txt",
    text="The address answers 200 with HTML that holds no line of a robots.txt. Forbear takes it for a page "
    "that says not found, so that nothing is restricted. Answer 404, or serve the file as text/plain.",
)
REDIRECTS = NoteKind(
    code="robots.many_redirects",
    level=Level.WARN,
    summary="robots.txt lies behind more than five redirects",
    text="Crawlers may give up after five and see no rules. Forbear follows ten. Serve the file directly.",
)
STATUS = NoteKind(
    code="robots.status",
    level=Level.INFO,
    summary="robots.txt answers with a client error other than 404 or 410",
    text="By RFC 9309 section 2.3.1.3 this restricts nothing. Answer 404 where there are no rules.",
)
REFUSED = NoteKind(
    code="robots.refused",
    level=Level.WARN,
    summary="The server refuses robots.txt to us",
    text="By RFC 9309 section 2.3.1.3 a refusal restricts nothing; Forbear takes it for one and stays out of "
    "the whole site. To let crawlers in, serve the file to every user agent; to keep them out, serve "
    "`User-agent: *` and `Disallow: /`.",
)
SHUT_DOOR = NoteKind(
    code="robots.shut_door",
    level=Level.BAD,
    summary="A login or challenge page came back instead of robots.txt",
    text="No rules can be read, and Forbear stays out of the whole site; other crawlers may see no rules and "
    "come in. Exempt /robots.txt from logins and bot challenges.",
)
ASTRAY = NoteKind(
    code="robots.redirects_nowhere",
    level=Level.BAD,
    summary="The redirects of robots.txt lead nowhere",
    text="They go in a circle, are more than ten, or name no address. Forbear stays out of the whole site; "
    "by RFC 9309 section 2.3.1.2 other crawlers may see no rules. Serve the file directly.",
)
TOO_LARGE = NoteKind(
    code="robots.too_large",
    level=Level.BAD,
    summary="robots.txt is larger than we read",
    text="Forbear reads 5 MiB and 100,000 lines; RFC 9309 section 2.5 asks for 500 KiB. What lies beyond is "
    "not known, so Forbear stays out. Use patterns instead of single addresses.",
)
NO_ANSWER = NoteKind(
    code="robots.no_answer",
    level=Level.WARN,
    summary="robots.txt could not be had",
    text="With a server error, a time-out or no connection nothing may be fetched (RFC 9309 section 2.3.1.4);"
    " Forbear tries again later. Answer 404 where there are no rules.",
)
NOTE_OF_ENDING = {
    "robots.unparsable": SHUT_DOOR,
    "robots.redirect_loop": ASTRAY,
    "robots.too_large": TOO_LARGE,
    "robots.unreachable": NO_ANSWER,
}
"""By reason code; every other denial of the file is a refusal."""

NOTE_OF = {
    OddityKind.ENCODING: ENCODING,
    OddityKind.FIELD: FIELD,
    OddityKind.JOINED: JOINED,
    OddityKind.AGENT: AGENT,
    OddityKind.NOBODY: NOBODY,
    OddityKind.PATTERN: PATTERN,
    OddityKind.OUTSIDE: OUTSIDE,
    OddityKind.BETWEEN_AGENTS: BETWEEN,
    OddityKind.NOINDEX: NOINDEX,
}

ROBOTS_NOTES = (
    *NOTE_OF.values(),
    *NOTE_OF_ENDING.values(),
    REFUSED,
    SECOND_READER,
    SOFT_404_NOTE,
    REDIRECTS,
    STATUS,
)
