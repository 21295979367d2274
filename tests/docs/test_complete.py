"""Nothing that a user can set, run or meet is missing from the documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import pytest

from crawler.config import Config
from crawler.exports import discover as export_formats
from crawler.exports.dataset import discover as dataset_formats
from crawler.present import DECISION_KEYS, REASON_KEYS
from crawler.store.schema import metadata
from crawler.words import codes, in_words
from docs.commands import subcommands
from docs.generate import PAGES as GENERATED
from reservations.protocols import discover
from tests.docs.markdown import BY_HAND, CHECKOUT, PAGES, Block, blocks, rows

TEXT = {page.name: page.read_text("utf-8") for page in PAGES}
ALL = "\n".join(TEXT.values())
NUMBERS = {9: "nine", 10: "ten", 11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen"}


def settings() -> Iterator[tuple[str, str, Any]]:
    """Section, key and default of everything in forbear.toml."""
    for section, field in Config.model_fields.items():
        for name, key in field.annotation.model_fields.items():  # type: ignore[union-attr]
            yield section, key.alias or name, key.default


@pytest.mark.parametrize(("section", "key", "default"), list(settings()), ids=lambda v: str(v)[:30])
def test_a_setting_is_documented_with_its_default(section: str, key: str, default: Any) -> None:
    wanted = "none" if default is None else f"`{_toml(default)}`"
    assert (section, key) in DOCUMENTED, f"add `{key}` to the table of [{section}] in docs/data-teams.md"
    assert DOCUMENTED[section, key] == wanted


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert set(DOCUMENTED) <= {(section, key) for section, key, _ in settings()}


def _documented() -> Iterator[tuple[tuple[str, str], str]]:
    """Section and key to the default in its row, under headings such as [crawl] of any page."""
    for text in TEXT.values():
        for section, table in re.findall(r"^### `\[(\w+)\]`\n(.*?)(?=^#)", text, re.MULTILINE | re.DOTALL):
            for row in rows(table):
                if row[0].startswith("`"):
                    yield (section, row[0].strip("`")), row[2]


DOCUMENTED = dict(_documented())


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return json.dumps([str(v) for v in value])
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value) if isinstance(value, PurePath) else value)


@pytest.mark.parametrize("command", [path for path, _ in subcommands()])
def test_a_subcommand_is_documented(command: str) -> None:
    assert f"## {command}\n" in TEXT["commands.md"], "run `python -m docs.generate`"


def test_every_kind_of_subcommand_is_told_to_data_teams() -> None:
    groups = {path.split()[1] for path, _ in subcommands()}
    assert {group for group in groups if f"| `forbear {group}" not in TEXT["data-teams.md"]} == set()


@pytest.mark.parametrize("code", sorted(codes()))
def test_a_reason_code_is_documented_with_its_words(code: str) -> None:
    assert f"| `{code}` | {in_words(code)} |" in TEXT["reasons.md"]


@pytest.mark.parametrize("name", list(GENERATED))
def test_a_generated_page_is_current(name: str) -> None:
    assert TEXT[name] == GENERATED[name](), "run `python -m docs.generate`"


def test_every_protocol_is_on_the_generated_page() -> None:
    assert all(f"## {p.title}\n" in TEXT["protocols.md"] for p in discover())
    assert f"{NUMBERS[len(discover())]} ways of reserving rights" in TEXT["README.md"]


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert targets
    missing = [t for t in targets if not re.search(rf"\bmake {t}\b(?!-)", ALL)]
    assert not missing


def test_every_format_is_documented() -> None:
    text = TEXT["compliance.md"]
    assert all(f"`{name}`" in text for name in (*export_formats(), *dataset_formats()))


def test_every_table_and_field_of_the_record_is_documented() -> None:
    text = TEXT["compliance.md"]
    assert [name for name in metadata.tables if f"`{name}`" not in text] == []
    assert [key for key in (*DECISION_KEYS, *REASON_KEYS) if f"`{key}`" not in text] == []


def test_links_inside_the_documentation_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", TEXT[page.name]):
            if target.startswith(("http://", "https://")):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists() or (anchor and anchor not in _anchors(file)):
                broken.append(f"{page.name}: {target}")
    assert not broken


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w-]", "", h.lower().replace(" ", "-")) for h in headings}


@pytest.mark.parametrize("page", BY_HAND, ids=lambda p: p.name)
def test_configuration_shown_is_valid(page: Path) -> None:
    import tomllib

    for block in _shown_configuration(page):
        Config.model_validate(tomllib.loads(block.text))


def _shown_configuration(page: Path) -> list[Block]:
    return [b for b in blocks(page) if b.language == "toml" and "file" not in b.info]


def test_the_documentation_promises_no_lawful_use() -> None:
    promises = re.compile(r"compliant with|guarantee|\bpirat|fully legal", re.IGNORECASE)
    found = [f"{name}: {m[0]}" for name, text in TEXT.items() if (m := promises.search(text))]
    assert not found
