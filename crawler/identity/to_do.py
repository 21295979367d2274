"""What a change asks of the people who run sites. Pure: two declarations in, sentences out."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.identity.changes import changed_rows
from crawler.identity.declaration import KEY, Category, Declaration

NOTHING = "Nothing. What your site says is read as before."
_READ = (Category.ROBOTS, Category.PROTOCOLS, Category.READING)


def to_do(before: Declaration | None, after: Declaration) -> tuple[str, ...]:
    """What to do about a version, where there was one before it; always at least one sentence."""
    if before is None:
        return ("Nothing. This is the first version.",)
    return tuple(_asked(before, after)) or (NOTHING,)


def _asked(before: Declaration, after: Declaration) -> Iterator[str]:
    changed = {
        category: {
            key: (was, now)
            for key, was, now in changed_rows(before.get(category, {}), after.get(category, {}))
        }
        for category in Category
    }
    identity = changed[Category.IDENTITY]
    if "product_token" in identity:
        was, now = identity["product_token"]
        yield (
            f"If your robots.txt names {was}, name {now} as well: from that day on, lines for {was} alone "
            "are not meant for this crawler any more."
        )
    if "user_agent" in identity:
        yield "If you tell this crawler by its whole user agent, take the new one."
    if any(key.startswith(KEY) for key in identity):
        yield "If you keep a copy of its keys, fetch them again."
    if changed[Category.IP_RANGES]:
        yield "If you let this crawler in, or keep it out, by address, fetch the addresses again."
    if changed[Category.CONTACT]:
        yield "Write to the new address from that day on."
    if any(changed[category] for category in _READ):
        yield "Look whether what your site says is still read as you mean it. If it is: nothing."
