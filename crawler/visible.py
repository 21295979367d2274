"""Hostile text for people: control and format characters become visible escapes."""

from __future__ import annotations

import unicodedata

_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp", "Co")


def visible(text: str, *, keep_newlines: bool = False) -> str:
    """Text that is safe on a terminal.

    ESC starts a terminal sequence, and bidirectional overrides (U+202E) turn a line around
    (Unicode categories Cc, Cf, Cs; https://trojansource.codes).
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(c, keep_newlines=keep_newlines) for c in text)


def _shown(character: str, *, keep_newlines: bool) -> str:
    if character == "\n" and keep_newlines:
        return character
    if unicodedata.category(character) in _HIDDEN:
        code = ord(character)
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    return character
