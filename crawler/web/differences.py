"""What changed between two versions of a rights file, as lines that came and went. Pure, and bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from crawler.web.evidence_view import MAX_LINE, MAX_LINES, Excerpt, Line, split
from crawler.web.hostile import MAX_INLINE, hostile

AROUND = 4
"""Unchanged lines shown before and after a change."""
MAX_BYTES = 256 * 1024
"""Of each version that are compared, from the beginning."""
MAX_COMPARED = 400
"""Lines of each version that are matched with one another: the time grows with the square of them."""
CAME, WENT, STAYED = "+", "−", ""
_Signed = tuple[str, int, bytes]


def differences(old: bytes, new: bytes) -> Excerpt:
    """The lines that differ, with their neighbours; numbers are those of the new version."""
    beyond = new.count(b"\n", MAX_BYTES)
    before, after = split(old[:MAX_BYTES]), split(new[:MAX_BYTES])
    signed = list(_signed(before, after))
    wanted: set[int] = set()
    for at in (at for at, (sign, _, _) in enumerate(signed) if sign):
        if len(wanted) > MAX_LINES:
            break
        wanted.update(range(max(0, at - AROUND), min(len(signed), at + AROUND + 1)))
    shown: list[Line] = []
    room, last = MAX_INLINE, -1
    for at in sorted(wanted):
        if room <= 0 or len(shown) >= MAX_LINES:
            break
        if at != last + 1:
            shown.append(Line(gap=at - last - 1))
        sign, number, content = signed[at]
        text = content.decode("utf-8", "replace")
        shown.append(Line(number=number, text=hostile(text, MAX_LINE), sign=sign))
        room, last = room - min(len(text), MAX_LINE), at
    left = len(signed) - last - 1 + beyond
    if wanted and left:
        shown.append(Line(gap=left))
    return Excerpt(lines=tuple(shown), first=0, last=0, total=len(after))


def _signed(before: Sequence[bytes], after: Sequence[bytes]) -> Iterator[_Signed]:
    """Each line of both versions with its sign and its number in the new one."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    yield from ((STAYED, number, line) for number, line in enumerate(after[:head], 1))
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    for sign, index, line in _middle(old, new):
        yield sign, head + index + 1 if index >= 0 else 0, line
    start = len(after) - tail
    yield from ((STAYED, start + n, line) for n, line in enumerate(after[start:], 1))


def _middle(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[_Signed]:
    if max(len(old), len(new)) > MAX_COMPARED:
        blocks = [("replace", 0, len(old), 0, len(new))]
    else:
        blocks = list(SequenceMatcher(None, old, new, autojunk=False).get_opcodes())
    for kind, old_from, old_to, new_from, new_to in blocks:
        if kind == "equal":
            yield from ((STAYED, at, new[at]) for at in range(new_from, new_to))
            continue
        yield from ((WENT, -1, line) for line in old[old_from:old_to])
        yield from ((CAME, at, new[at]) for at in range(new_from, new_to))


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """How many lines both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
