"""Questions to expect, one a module, each of which defines `QUESTION`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from crawler.reports.questions.model import Question


@cache
def questions() -> tuple[Question, ...]:
    """Every question in the order of its number. Raises TypeError where two have one number or name."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        if info.name == "model":
            continue
        question = getattr(importlib.import_module(f"{__name__}.{info.name}"), "QUESTION", None)
        if not isinstance(question, Question):
            raise TypeError(f"crawler/reports/questions/{info.name}.py defines no QUESTION")
        found.append(question)
    if len({q.number for q in found}) != len(found) or len({q.name for q in found}) != len(found):
        raise TypeError("two questions have one number or one name")
    return tuple(sorted(found, key=lambda q: q.number))
