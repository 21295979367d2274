"""What structured data says about access, and nothing else of it.

schema.org `isAccessibleForFree`, as JSON-LD or microdata
(https://developers.google.com/search/docs/appearance/structured-data/paywalled-content). The
extract of an excluded page is stored, so title, text and links in the same data are never kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from reservations.readers.json_document import Json, JsonArray, JsonObject, read_json_text

MAX_PAIRS = 32
MAX_SELECTOR = 200

FLAG = "isAccessibleForFree"
PART_FLAG = "hasPart.isAccessibleForFree"
PART_SELECTOR = "hasPart.cssSelector"

_BOOLEANS = {"true": "true", "false": "false", "yes": "true", "no": "false", "1": "true", "0": "false"}
"""schema.org knows True and False; the others are written as well, and plainly meant."""
_SELECTOR = re.compile(rf"[\w.#\[\]=\"'~^$|*>+:(), -]{{1,{MAX_SELECTOR}}}", re.ASCII)
_SALVAGE = re.compile(
    r"isaccessibleforfree[\"']?\s*+:\s*+[\"']?(?:https?://schema\.org/)?false", re.IGNORECASE
)
_MAX_STEPS = 10_000

# The same property of an event or a place is about tickets, not about the page
# (https://schema.org/isAccessibleForFree: also used on Event and Place).
_NOT_A_WORK = re.compile(
    r"(?:Event|Festival|Place|Museum|Attraction|Business|Zoo|Aquarium|Park|Beach|Landmark|Building|Organization)$"
)


def boolean_literal(text: str) -> str:
    """`true` or `false` for the spellings in use, schema.org URLs included; else empty."""
    tail = text.strip().lower().rstrip("/").rpartition("/")[2].removeprefix("schema:")
    return _BOOLEANS.get(tail, "")


@lru_cache(maxsize=8)
def json_ld_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """The access statements of a JSON-LD block, as name and value pairs in document order.

    A block that does not parse but plainly says false counts as false.
    """
    document = read_json_text(text.strip())
    if not document.ok:
        return ((FLAG, "false"),) if _SALVAGE.search(text) else ()
    return tuple(dict.fromkeys(_walk(document.value)))[:MAX_PAIRS]


def _walk(root: Json) -> Iterator[tuple[str, str]]:
    pending: list[tuple[Json, bool]] = [(root, False)]
    for _ in range(_MAX_STEPS):
        if not pending:
            return
        value, is_part = pending.pop()
        if isinstance(value, JsonArray):
            pending.extend((item, is_part) for item in reversed(value.items))
        elif isinstance(value, JsonObject):
            yield from _own_pairs(value, is_part=is_part)
            pending.extend((m.value, _term(m.name) == "haspart") for m in reversed(value.members))


def _own_pairs(node: JsonObject, *, is_part: bool) -> Iterator[tuple[str, str]]:
    flags = [
        literal
        for m in node.members
        if _term(m.name) == "isaccessibleforfree" and (literal := _literal(m.value))
    ]
    if not flags or _is_not_a_work(node):
        return
    for literal in flags:
        yield (PART_FLAG if is_part else FLAG), literal
    if is_part:
        for member in node.members:
            if _term(member.name) == "cssselector":
                yield from ((PART_SELECTOR, s) for s in _selectors(member.value))


def _literal(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, JsonArray):  # expanded JSON-LD wraps values in arrays
        literals = [_literal(item) for item in value.items[:4] if not isinstance(item, JsonArray)]
        return "false" if "false" in literals else next(filter(None, literals), "")
    if isinstance(value, JsonObject):  # {"@value": false}, {"@id": "http://schema.org/False"}
        inner = value.get("@value") or value.get("@id")
        return _literal(inner.value) if inner and not isinstance(inner.value, JsonObject) else ""
    return boolean_literal(str(value)) if isinstance(value, str | int) else ""


def _selectors(value: Json) -> Iterator[str]:
    for item in value.items[:MAX_PAIRS] if isinstance(value, JsonArray) else (value,):
        if isinstance(item, str) and _SELECTOR.fullmatch(item):
            yield item


def _is_not_a_work(node: JsonObject) -> bool:
    member = node.get("@type")
    value = member.value if member else None
    kinds = value.items if isinstance(value, JsonArray) else (value,)
    named = [k for k in kinds if isinstance(k, str)]
    return bool(named) and all(_NOT_A_WORK.search(k) for k in named)


def _term(name: str) -> str:
    """The last part of a property name: `schema:x`, `https://schema.org/x` and `x` are the same."""
    return re.split(r"[/:#]", name[-100:])[-1].lower()
