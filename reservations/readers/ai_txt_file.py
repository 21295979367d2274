"""An `ai.txt` in the form Spawning's generator writes it: groups of `Allow` and `Disallow`.

Announcement: https://spawning.substack.com/p/aitxt-a-new-way-for-websites-to-set (May 2023). There is
no grammar; lines and groups are read as robots.txt (RFC 9309 section 2.2). `*.jpg` is about the
extension, whatever its case and without the query. Other files share the name; a file is only taken
for this form where a `User-Agent` line is followed by a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from reservations.model import ALWAYS, Agent
from reservations.readers.path_pattern import PathPattern, normal_path
from reservations.readers.robots_groups import BotGroups, named_bots, records_of, select
from reservations.readers.robots_lines import ALLOW, DISALLOW, Record
from reservations.readers.robots_rules import plain_pattern
from reservations.readers.robots_txt import Group, RobotsFile, read_robots_txt

EXTENSIONS_OF = {
    "text/html": ("html", "htm"),
    "application/xhtml+xml": ("html", "htm"),
    "text/plain": ("txt",),
    "application/pdf": ("pdf",),
    "application/msword": ("doc",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "application/rtf": ("rtf",),
    "text/rtf": ("rtf",),
    "application/epub+zip": ("epub",),
    "image/bmp": ("bmp",),
    "image/gif": ("gif",),
    "image/x-icon": ("ico",),
    "image/vnd.microsoft.icon": ("ico",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/svg+xml": ("svg",),
    "image/tiff": ("tif", "tiff"),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "audio/aac": ("aac",),
    "audio/aiff": ("aiff",),
    "audio/flac": ("flac",),
    "audio/mp4": ("m4a",),
    "audio/mpeg": ("mp3",),
    "audio/ogg": ("oga",),
    "audio/opus": ("opus",),
    "audio/wav": ("wav",),
    "video/mp4": ("mp4",),
    "video/webm": ("webm",),
    "video/ogg": ("ogg", "ogv"),
    "video/quicktime": ("mov",),
    "video/x-msvideo": ("avi",),
    "video/x-matroska": ("mkv",),
}
"""Extensions of the generator's list by the media type a response states."""

_BY_EXTENSION = re.compile(r"/?\*\.([A-Za-z0-9]{1,10})\$?")
_BARE_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,10})\$?")
_TRAINING = frozenset({"training", "ai-training", "ai training", "ai_training", "train", "model-training"})
"""Words that stand where a pattern should (`Disallow: Training`)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AiRule:
    """One line. Compared by identity."""

    allow: bool
    record: Record
    pattern: PathPattern
    extension: str = ""
    """Lower case, where the rule is about one."""
    proper: bool = True
    """Whether it is written as the generator writes it."""

    @property
    def strength(self) -> tuple[int, bool]:
        """The longest pattern wins, `Disallow` wins a tie: the announcement is silent on both."""
        return self.pattern.length, not self.allow

    def matches(self, subject: Subject, *, lenient: bool) -> bool:
        """Whether it is about a URL."""
        if not self.extension:
            return self.pattern.matches(subject.path)
        return self.extension in (subject.lenient if lenient else subject.extensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A URL as rules see it."""

    path: str
    extensions: frozenset[str]
    """Of the URL; where it has none, of the response's media type."""
    lenient: frozenset[str]
    """Both: `photo.php` may well be a JPEG."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AiTxt:
    """A file, compiled for one agent."""

    file: RobotsFile
    letter: tuple[AiRule, ...]
    """Rules of the group that binds us."""
    own: tuple[AiRule, ...]
    everybody: tuple[AiRule, ...]
    aliases: tuple[AiRule, ...]
    """Rules for our framework, which count for withholding only."""
    bots: tuple[tuple[BotGroups, tuple[AiRule, ...]], ...]


def subject_of(url: str, media_type: str) -> Subject:
    """A URL, with the media type of its response where that is known."""
    path = unquote(urlsplit(url).path).lower()
    name, dot, ending = path.rpartition("/")[2].rpartition(".")
    own = frozenset({ending}) if dot and name and ending else frozenset()
    typed = frozenset(EXTENSIONS_OF.get(media_type, ()))
    return Subject(path=normal_path(url), extensions=own or typed, lenient=own | typed)


@lru_cache(maxsize=1024)
def read_ai_txt(body: bytes, agent: Agent) -> AiTxt | None:
    """Read a file, once per origin; None where it is not of this form. Never raises."""
    file = read_robots_txt(body)
    if not any(r.key in (ALLOW, DISALLOW) for group in file.lenient.groups for r in group.records):
        return None
    chosen = select(file.lenient, agent.token)
    aliases = (g for alias in agent.aliases for g in select(file.lenient, alias).own)
    return AiTxt(
        file=file,
        letter=_rules(_records(select(file.letter, agent.token).speaking), lenient=False),
        own=_rules(_records(chosen.own), lenient=True),
        everybody=_rules(_records(chosen.star), lenient=True),
        aliases=_rules(_records(dict.fromkeys(aliases)), lenient=True),
        bots=tuple(
            (bots, _rules(_records(bots.groups), lenient=True))
            for bots in named_bots(file.lenient, agent.token)
        ),
    )


def winner(rules: Iterable[AiRule], subject: Subject, *, lenient: bool) -> AiRule | None:
    """The rule that decides about a URL."""
    matching = (r for r in rules if r.matches(subject, lenient=lenient))
    return max(matching, key=lambda r: r.strength, default=None)


def _records(groups: Iterable[Group]) -> Iterator[Record]:
    return (r for r in records_of(groups, ALLOW, DISALLOW) if r.value)  # an empty value is no rule


def _rules(records: Iterable[Record], *, lenient: bool) -> tuple[AiRule, ...]:
    """Compiled rules; leniency adds what is badly written, for withholding only."""
    found = map(_rule, records)
    if lenient:
        return tuple(r for r in found if r.proper or not r.allow)
    return tuple(r for r in found if r.proper and r.record.under is ALWAYS)


def _rule(record: Record) -> AiRule:
    allow, value = record.key == ALLOW, record.value
    extension = _BY_EXTENSION.fullmatch(value)
    if extension:
        return AiRule(
            allow=allow, record=record, pattern=plain_pattern(value), extension=extension[1].lower()
        )
    if value.startswith(("/", "*")):
        return AiRule(allow=allow, record=record, pattern=plain_pattern(value))
    bare = _BARE_EXTENSION.fullmatch(value)
    if bare:
        return AiRule(allow=allow, record=record, pattern=plain_pattern("*" + value),
                      extension=bare[1].lower(), proper=False)  # fmt: skip
    meant = "/" if value.lower() in _TRAINING else "/" + value
    return AiRule(allow=allow, record=record, pattern=plain_pattern(meant), proper=False)
