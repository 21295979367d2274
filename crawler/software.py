"""What reads and decides, as the record names it: the release, and the version of its readers."""

from __future__ import annotations

import re

from crawler.version import VERSION
from reservations.reader_changes import reader_version

SOFTWARE = f"Forbear/{VERSION} readers/{reader_version()}"
"""Product tokens in the form of RFC 9110 section 10.1.5."""

_READERS = re.compile(r" readers/(\d{1,9})\Z")


def readers_of(software: str) -> int:
    """The version of the readers that a recorded name speaks of; 0 where it numbers none."""
    found = _READERS.search(software)
    return int(found[1]) if found else 0
