"""The declaration in plain words: labels, values, dates, and one line for a change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crawler.identity.declaration import KEY, Category

NBSP = "\u00a0"
NOTHING = "–"

CATEGORIES = {
    Category.IDENTITY: "Identity",
    Category.IP_RANGES: "Addresses",
    Category.ROBOTS: "robots.txt",
    Category.PROTOCOLS: "Ways of saying no",
    Category.READING: "Strictness",
    Category.LISTS: "Lists",
    Category.PURPOSES: "Purposes",
    Category.BEHAVIOUR: "Pace",
    Category.RETENTION: "Retention",
    Category.CONTACT: "Contact",
}
_TOGETHER = {
    Category.IDENTITY: "its identity",
    Category.IP_RANGES: "its addresses",
    Category.ROBOTS: "how it reads robots.txt",
    Category.PROTOCOLS: "the ways of saying no that it reads",
    Category.READING: "how strictly it reads signs",
    Category.LISTS: "the lists it follows",
    Category.PURPOSES: "its purposes",
    Category.BEHAVIOUR: "its pace",
    Category.RETENTION: "how long things are kept",
    Category.CONTACT: "its contact",
}
_LABELS = {
    "operator": "Operator",
    "product_token": "Name in robots.txt",
    "user_agent": "User agent",
    "from": "From",
    "info_url": "Page about the crawler",
    "address": "Postal address",
    "reverse_dns": "Addresses resolve to",
    "signature_agent": "Key directory",
    "signed": "Signed requests",
    "signature_profile": "Form of signatures",
    "profile": "Profile",
    "infer_from_other_bots": "Groups for other AI crawlers",
    "reading_policy": "Version of the readers",
    "accepted_policies": "Licences whose conditions are met",
    "protocol_table": "Version of the table of protocols",
    "jurisdictions": "Countries whose lists count",
    "purposes": "Purposes",
    "uses": "Uses",
    "media": "Kinds of content",
    "delay": "Pause between two requests",
    "per_host": "Requests at a time to one host",
    "pages_kept": "Pages kept for",
    "decisions_kept": "Decisions kept for",
    "second_look": "Second look at pages taken before",
    "contact": "Contact",
    "complaint": "Complaints",
}
_VERBS = {
    Category.IP_RANGES: ("adds address range", "drops address range", "changes the use of"),
    Category.PROTOCOLS: ("reads", "no longer reads", "reads in another way"),
    Category.ROBOTS: ("heeds in robots.txt:", "no longer heeds in robots.txt:", "changes in robots.txt:"),
    Category.LISTS: ("follows", "no longer follows", "renames"),
}
"""For a row that is new, gone, different."""
_CHANGES = ("changes", "changes", "changes")
_SUBJECTS = {
    "operator": "the name of its operator",
    "product_token": "its name in robots.txt",
    "user_agent": "its user agent",
    "from": "its From address",
    "info_url": "the address of its page",
    "address": "the operator's postal address",
    "reverse_dns": "what its addresses resolve to",
    "signature_agent": "its key directory",
    "signed": "which requests it signs",
    "signature_profile": "the form of its signatures",
    "profile": "how strictly it reads signs",
    "infer_from_other_bots": "what it makes of groups for other AI crawlers",
    "reading_policy": "the version of its readers",
    "accepted_policies": "the licences whose conditions it meets",
    "protocol_table": "its table of protocols",
    "jurisdictions": "the countries whose lists count",
    "purposes": "its purposes",
    "uses": "the uses it intends",
    "media": "the kinds of content it takes",
    "delay": "its pause between two requests",
    "per_host": "how many requests at a time it sends to one host",
    "pages_kept": "how long pages are kept",
    "decisions_kept": "how long decisions are kept",
    "second_look": "the second look at pages taken before",
    "contact": "its contact address",
    "complaint": "where complaints go",
}
"""What a change of a row changes, after `ExampleBot changes`."""
_PURPOSES = {
    "ai-training": "training of AI models",
    "search": "a search index",
    "research": "research",
    "archive": "an archive",
}
_USES = {
    "tdm": "text and data mining",
    "ai_train": "AI training",
    "genai_train": "training of generative AI",
    "ai_input": "input to AI at the time of a question",
    "search": "search",
}
_MEDIA = {
    "html": "web pages",
    "text": "text files",
    "image": "images",
    "pdf": "PDF",
    "epub": "EPUB",
    "audio": "audio",
    "video": "video",
    "other": "other files",
}
_ROBOTS = {
    "rules": "Rules",
    "cache": "Freshness",
    "unreachable": "If it cannot be had",
    "refused": "If it is refused",
    "crawl-delay": "Crawl-delay",
    "request-rate": "Request-rate",
    "visit-time": "Visit-time",
    "scrapy": "Group for Scrapy",
    "nofollow": "nofollow",
}
_INFERENCE = {
    "any": "one that is shut out counts for us too",
    "two": "count for us where two of them are shut out",
    "off": "count for nobody else",
}


def label(category: str, key: str, value: Any = None) -> str:
    """What a row is called."""
    if key.startswith(KEY):
        return f"Key {key.removeprefix(KEY)}"
    if category == Category.PROTOCOLS and isinstance(value, Mapping):
        return str(value["title"])
    if category == Category.ROBOTS:
        return _ROBOTS.get(key, key)
    return _LABELS.get(key, key)


def in_text(category: str, key: str, value: Any) -> str:
    """What a row says, as one line of text."""
    if value is None or value == "":
        return NOTHING
    if key.startswith(KEY):
        return f"signs from {when(value['from'])} until {when(value['until'])}"
    if category == Category.PROTOCOLS and isinstance(value, Mapping):
        return f"read in {value['where']} ({value['version']})"
    if category == Category.ROBOTS and isinstance(value, Mapping):
        return str(value["does"])
    if category == Category.IP_RANGES:
        return f"used by {value}"
    if isinstance(value, list):
        words = {"purposes": _PURPOSES, "uses": _USES, "media": _MEDIA}.get(key, {})
        return ", ".join(words.get(str(item), str(item)) for item in value)
    if key == "infer_from_other_bots":
        return _INFERENCE.get(value, str(value))
    if isinstance(value, float):
        return f"{value:g}{NBSP}s" if key == "delay" else f"{value:g}"
    return str(value)


def summary(category: str, changes: list[tuple[str, Any, Any]]) -> str:
    """A category's changes in a few words, after the crawler's name and a colon."""
    if len(changes) > 2:
        return f"makes {len(changes)} changes to {_TOGETHER[Category(category)]}"
    return " and ".join(_phrase(category, *change) for change in changes)


def _phrase(category: str, key: str, before: Any, after: Any) -> str:
    name = label(category, key, before if after is None else after)
    added, gone = before is None, after is None
    verbs = _CHANGES if key in _SUBJECTS else _VERBS.get(Category(category), _CHANGES)
    noun = _SUBJECTS.get(key, name)
    if key.startswith(KEY):
        verbs, noun = ("adds", "drops", "ends earlier"), "a signing key"
    elif category == Category.LISTS and key not in _SUBJECTS:
        noun = f"the list {key}"
    return f"{verbs[0 if added else 1 if gone else 2]} {noun}"


def headline(title: str) -> str:
    """A notice's title without the crawler's name in front and the date behind."""
    _, colon, rest = title.partition(": ")
    return rest.rpartition(" (from ")[0] or rest if colon else title.partition(" ")[2]


def day(moment: datetime) -> str:
    """`24 November 2026`, with no-break spaces."""
    moment = moment.astimezone(UTC)
    return f"{moment.day}{NBSP}{moment:%B}{NBSP}{moment.year}"


def short_day(text: str) -> str:
    """`2026-11-24` as `24 Nov 2026`; `2026-11` as `Nov 2026`."""
    year, _, rest = text.partition("-")
    month, _, number = rest.partition("-")
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    parts = [str(int(number)) if number else "", names[int(month) - 1] if month else "", year]
    return NBSP.join(part for part in parts if part)


def when(moment: datetime | str) -> str:
    """`24 November 2026, 06:00 UTC`."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{day(moment)}, {moment.astimezone(UTC):%H:%M}{NBSP}UTC"
