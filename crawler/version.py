"""The release, on its own: what only asks for it loads nothing else."""

from __future__ import annotations

VERSION = "0.1.0"
