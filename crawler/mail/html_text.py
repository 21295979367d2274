"""The words of an HTML mail, with the addresses its links lead to; one pass, whatever is in it.

No tree is made: a mail of a megabyte that nests 200,000 elements keeps an HTML parser busy for minutes.
"""

from __future__ import annotations

import html
import re

_SKIPPED = ("script", "style", "head", "title", "template")
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
"""Case of ASCII alone: `lower` makes two characters of some."""
_BLOCKS = "p div br li tr h1 h2 h3 h4 h5 h6 blockquote table ul ol hr pre td th"
_BREAKS = frozenset(_BLOCKS.split())
_HREF = re.compile(r"\bhref\s{0,9}=\s{0,9}[\"']?(https?://[^\s\"'<>]{1,2000})", re.IGNORECASE)
_NAME = re.compile(r"/?([a-z][a-z0-9]{0,20})", re.IGNORECASE)


def html_text(source: str) -> str:
    """The text of HTML, lines where elements break them."""
    lower, out, at = source.translate(_LOWER), [], 0
    open_ended: set[str] = set()
    while (start := source.find("<", at)) != -1:
        out.append(html.unescape(source[at:start]))
        if source.startswith("<!--", start):
            end = source.find("-->", start + 4)
            at = len(source) if end == -1 else end + 3
            continue
        end = source.find(">", start)
        if end == -1:
            at = start
            break
        at = end + 1
        named = _NAME.match(source, start + 1)
        name = named[1].lower() if named else ""
        if name in _SKIPPED and name not in open_ended and source[start + 1] != "/":
            close = lower.find(f"</{name}", at)
            open_ended |= {name} if close == -1 else set()  # or each would be looked for to the end
            at = at if close == -1 else close
        out.append("\n" if name in _BREAKS else "" if named else source[start:at])
        if name == "a" and (link := _HREF.search(source, start, end)):
            out.append(f" {html.unescape(link[1])} ")
    out.append(html.unescape(source[at:]))
    lines = (" ".join(line.split()) for line in "".join(out).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
