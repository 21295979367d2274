"""Text from strangers as HTML: always text, bounded, and what could hide or turn it made visible."""

from __future__ import annotations

import unicodedata
from itertools import groupby

from markupsafe import Markup

MAX_INLINE = 8192
"""Characters of one piece of evidence on a page; the rest is for download."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})
_NAMES = {0x1B: "escape character", 0x00: "null character", 0x7F: "delete character", 0x0D: "carriage return"}
_MARK = Markup('<span class="ctl" title="%s">U+%s</span>')


def hostile(text: object, bound: int = MAX_INLINE) -> Markup:
    """Escaped text in which control, direction and zero-width characters stand as their numbers."""
    value = str(text)
    cut = len(value) > bound
    value = value[:bound]
    if value.isprintable():  # nothing of what hides is: the usual case, and quick
        return Markup.escape(value) + ("…" if cut else "")
    parts = [
        Markup("").join(map(_shown, run)) if hidden else Markup.escape("".join(run))
        for hidden, run in groupby(value, key=_is_hidden)
    ]
    return Markup("").join(parts) + ("…" if cut else "")


def plain(text: object, bound: int = 300) -> str:
    """The same as plain text, for titles and feeds: `U+202E` in brackets."""
    value = str(text)
    if len(value) <= bound and value.isprintable():
        return value
    shown = "".join(f"[U+{ord(c):04X}]" if _is_hidden(c) else c for c in value[:bound])
    return shown + ("…" if len(value) > bound else "")


def prose(text: object) -> Markup:
    """Our own texts, in which words between backticks are code."""
    made = Markup if isinstance(text, Markup) else Markup.escape
    return Markup("").join(
        Markup("<code>%s</code>") % made(part) if index % 2 else made(part)
        for index, part in enumerate(str(text).split("`"))
    )


def _is_hidden(character: str) -> bool:
    return character != "\t" and unicodedata.category(character) in _HIDDEN


def _shown(character: str) -> Markup:
    code = ord(character)
    name = _NAMES.get(code) or unicodedata.name(character, "control character").lower()
    return _MARK % (name, f"{code:04X}")
