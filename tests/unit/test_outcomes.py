"""RFC 9309 section 2.3.1, and where a training crawl is stricter."""

import pytest

from reservations.model import Outcome
from reservations.outcomes import outcome_of


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 201, 203, 204, 206, 299), Outcome.FOUND),
        ((300, 301, 302, 303, 304, 307, 308), Outcome.MALFORMED),
        ((400, 404, 405, 406, 408, 409, 410, 411, 414, 416, 418, 421, 426, 499), Outcome.ABSENT),
        ((401, 402, 403, 407, 451), Outcome.REFUSED),
        ((429, 500, 501, 502, 503, 504, 511, 520, 599), Outcome.UNREACHABLE),
        ((None, 0, 100, 199, 600, 999, -1), Outcome.UNREACHABLE),
    ],
)
def test_outcome_by_status(statuses: tuple[int | None, ...], outcome: Outcome) -> None:
    assert {outcome_of(status) for status in statuses} == {outcome}


def test_every_status_has_an_outcome() -> None:
    assert {outcome_of(status) for status in range(1000)} <= set(Outcome)
