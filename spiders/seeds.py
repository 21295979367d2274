"""Seeds of a spider that is started without `forbear crawl`: `-a seeds=urls.txt` or a comma list."""

from __future__ import annotations

from pathlib import Path


def read_seeds(seeds: str) -> list[str]:
    """URLs from a file (one a line, `#` starts a comment), or from a comma-separated list."""
    path = Path(seeds)
    if "://" not in seeds and path.is_file():
        lines = path.read_text("utf-8").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return [part.strip() for part in seeds.split(",") if part.strip()]
