"""Configurations and lists for tests of block lists, on loopback and invented names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crawler.config import Config
from crawler.demo import demo_config


def config_in(folder: Path, **sections: Any) -> Config:
    """An instance on loopback, without waits."""
    usual = {"politeness": {"delay": 0.0, "give_up_after": 2.0}}
    return demo_config(folder / "data").merged(**{**usual, **sections})


def entry(value: str, **more: Any) -> dict[str, Any]:
    """A line of the interchange format about an invented decision."""
    return {
        "value": value,
        "legal_ground": "copyright",
        "jurisdiction": "NO",
        "body": "Oslo tingrett",
        "decision_ref": "00-000000TVI-OTIR/00",
        "decided_on": "2016-06-22",
        "confidence": "high",
        **more,
    }


def write_list(path: Path, *entries: dict[str, Any]) -> Path:
    """The lines as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in entries), "utf-8")
    return path


def write_register(config: Config, **sources: dict[str, Any]) -> None:
    """An operator's own register with these sources."""
    lines = []
    for name, given in sources.items():
        usual = {
            "name": name,
            "title": name,
            "publisher": "Oslo tingrett",
            "jurisdiction": "NO",
            "body": "Oslo tingrett",
            "legal_ground": "copyright",
            "decision_ref": "00-1/00",
            "format": "hosts",
            "trust": "official",
            "access": "public",
            "cadence_days": 1,
            "licence": "none",
        }
        lines.append("[[source]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in {**usual, **given}.items()]
    path = config.storage.data / "blocklists" / "sources.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
