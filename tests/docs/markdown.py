"""The documentation as data: fenced blocks, console sessions, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = (CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").glob("*.md")))
BY_HAND = tuple(page for page in PAGES if page.name not in ("commands.md", "protocols.md", "reasons.md"))

_FENCE = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: Path
    line: int
    """Line of its first line of text."""
    language: str
    info: dict[str, str]
    """What follows the language: `file=`, `expects=`, `in=`."""
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(CHECKOUT)}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A line after `$ `, and what the page says comes back."""

    line: int
    text: str
    output: tuple[str, ...]


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text("utf-8")
    for match in _FENCE.finditer(text):
        info = dict(part.split("=", 1) for part in match[2].split() if "=" in part)
        line = text.count("\n", 0, match.start()) + 2
        yield Block(page, line, match[1], info, match[3])


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block."""
    found: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ "):
            found.append((number, line[2:], []))
        else:
            assert found, f"{block.page.name}:{number}: output before any command"
            found[-1][2].append(line)
    yield from (Command(number, text, tuple(output)) for number, text, output in found)


def shown(text: str, port: int) -> str:
    """Output with what differs from run to run replaced."""
    for pattern, replacement in (
        (rf":{port}\b", ":8811"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<moment>"),
        (r"\d{1,2} [A-Z][a-z]+ 20\d\d(?:, \d\d:\d\d(?::\d\d)? UTC)?", "<day>"),
        (r"-[0-9a-f]{12}\b", "-<hash>"),
        (r"\b[0-9a-f]{12,64}(?:…|\b)", "<hash>"),
        (r"(?m)^(kept|left out|deferred|) +\d+(?=  )", r"\1 <number>"),
        (r"\b\d[\d,.]*(?= (?:pages kept|left out|deferred|MB|bytes|documents|decisions)\b)", "<number>"),
        (r"policy 20\d\d-\d\d-\d\d", "policy <version>"),
    ):
        text = re.sub(pattern, replacement, text)
    return text


def pattern_of(lines: tuple[str, ...], port: int) -> re.Pattern[str]:
    """What the page shows as a pattern: `...` alone is any lines, inside a line it is anything."""
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
            continue
        pieces = [re.escape(piece) for piece in re.split(r" *\.\.\. *", shown(line.rstrip(), port))]
        # columns of a table are as wide as what stands in them
        pieces = [re.sub(r"(?:\\ )+", r"[ ]+", piece) for piece in pieces]
        parts.append(r"[^\n]*".join(pieces) + r"[ ]*\n")
    return re.compile("".join(parts))


def matches(lines: tuple[str, ...], output: str, port: int) -> bool:
    """Whether a command's output is what the page shows."""
    text = "".join(line.rstrip() + "\n" for line in output.splitlines())
    return pattern_of(lines, port).fullmatch(shown(text, port)) is not None


def rows(text: str) -> Iterator[tuple[str, ...]]:
    """Cells of every table row, without heads and rules."""
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            yield tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
