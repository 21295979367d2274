"""`HYPOTHESIS_PROFILE=fuzz` runs every property with many more examples, whatever number a test sets."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

FUZZ_EXAMPLES = int(os.environ.get("FORBEAR_FUZZ_EXAMPLES", "20000"))

settings.register_profile(
    "fuzz", max_examples=FUZZ_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck)
)
if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz":
    settings.load_profile("fuzz")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Raise the number of examples that a decorator set, which wins over a profile."""
    if os.environ.get("HYPOTHESIS_PROFILE") != "fuzz":
        return
    for item in items:
        function = getattr(item, "obj", None)
        # hypothesis keeps a test's settings there and offers no other way to change them afterwards
        chosen = getattr(function, "_hypothesis_internal_use_settings", None)
        if chosen is not None:
            function._hypothesis_internal_use_settings = settings(chosen, max_examples=FUZZ_EXAMPLES)
