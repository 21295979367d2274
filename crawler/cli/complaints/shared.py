"""What the commands about complaints share."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.cli.shared import FailedError, err, out, visible
from crawler.config import Config
from crawler.mail.sending import Report, send_waiting
from crawler.store.database import Connection, DatabaseError
from crawler.store.queries.complaints import ComplaintRow, complaint_of


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def found_complaint(connection: Connection, reference: str) -> ComplaintRow:
    """A complaint by its number, or FailedError."""
    found = complaint_of(connection, reference.strip().upper())
    if found is None:
        raise FailedError(f"there is no complaint {reference}; `forbear complaints list` shows them")
    return found


def send_now(config: Config) -> Report | None:
    """Send what waits, where a server is set; what cannot be sent now is said and stays."""
    if not config.mail.host:
        return None
    try:
        report = send_waiting(config, now)
    except (DatabaseError, OSError) as error:
        err.print(visible(f"note: nothing was sent: {error}"), markup=False, soft_wrap=True)
        return None
    tell_left(report)
    return report


def tell_left(report: Report) -> None:
    """Say what still waits, and why."""
    if report.left or report.problem:
        problem = report.problem or "another process sends them"
        err.print(
            visible(f"note: {report.left} mails wait ({problem}); `forbear complaints send` tries again"),
            markup=False,
            soft_wrap=True,
        )


def say(text: str) -> None:
    """A line of data."""
    out.print(visible(text), markup=False, soft_wrap=True)
