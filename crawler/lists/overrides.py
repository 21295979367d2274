"""The operator's exemptions: a name that is visited although a list names it, by whom and why.

They are lines in a log that only grows, and a list of their own in every set, so that an auditor sees
each one with the set a crawl decided by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from blocklists.hostnames import canonical_host
from blocklists.intake import kind_of_host
from blocklists.model import OVERRIDES, BodyKind, Confidence, Entry, RecognitionKind, Scope, Status, ValueKind
from blocklists.snapshot import Listing
from crawler.config import Config
from crawler.lists.files import OVERRIDES as LOG
from crawler.lists.files import ListError, append_line, folder, read_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One exemption, or the end of one."""

    host: str
    """In normal form; exempted with what lies below it, from entries no more specific than it."""
    by: str
    reason: str
    at: datetime
    until: date | None = None
    revoked: bool = False


def add_override(
    config: Config, host: str, *, by: str, reason: str, until: date | None = None, revoke: bool = False
) -> Override:
    """Log an exemption or its end. Raises ListError for what is no host, or without a person or reason."""
    name = canonical_host(host)
    if name is None or "/" in host.removeprefix("https://").removeprefix("http://").rstrip("/"):
        raise ListError(f"{host!r} is not a host name; an override is for a host with all below it")
    if not by.strip() or not reason.strip():
        raise ListError("an override needs a person (--by) and a reason (--reason); both are recorded")
    if revoke and name not in {o.host for o in overrides(config)}:
        raise ListError(f"{name} is not overridden, so there is nothing to revoke")
    made = Override(
        host=name, by=by.strip(), reason=reason.strip(), at=datetime.now(UTC), until=until, revoked=revoke
    )
    append_line(
        folder(config) / LOG,
        {
            "host": made.host,
            "by": made.by,
            "reason": made.reason,
            "at": made.at.isoformat(),
            "until": str(made.until) if made.until else None,
            "revoked": made.revoked,
        },
    )
    return made


def override_log(config: Config) -> tuple[Override, ...]:
    """All that was logged, oldest first. Raises ListError."""
    path = folder(config) / LOG
    try:
        return tuple(
            Override(
                host=str(line["host"]),
                by=str(line["by"]),
                reason=str(line["reason"]),
                at=datetime.fromisoformat(line["at"]),
                until=date.fromisoformat(line["until"]) if line.get("until") else None,
                revoked=bool(line.get("revoked")),
            )
            for line in read_lines(path)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ListError(f"{path}: a line is damaged: {error}") from error


def overrides(config: Config) -> tuple[Override, ...]:
    """The exemptions that were not revoked, the last one of each host."""
    last: dict[str, Override] = {}
    for made in override_log(config):
        last[made.host] = made
    return tuple(made for made in last.values() if not made.revoked)


def override_listing(config: Config) -> Listing | None:
    """The exemptions as a list; None where nothing was ever overridden."""
    path = folder(config) / LOG
    logged = override_log(config)
    if not logged:
        return None
    return Listing.of(
        path.read_bytes(),
        name=OVERRIDES,
        format="override",
        retrieved_at=logged[-1].at,
        entries=tuple(map(_entry, overrides(config))),
    )


def _entry(made: Override) -> Entry:
    kind = kind_of_host(made.host)
    scope = Scope.IP_LITERAL if kind is ValueKind.IP else Scope.DOMAIN_AND_SUBDOMAINS
    return Entry(
        entry_id=f"{OVERRIDES}/{made.host}",
        value=made.host,
        value_kind=kind,
        scope=scope,
        jurisdiction="EU",
        body=made.by,
        body_kind=BodyKind.OPERATOR,
        recognition_kind=RecognitionKind.UNKNOWN,
        legal_ground="copyright",
        source=OVERRIDES,
        status=Status.EXCEPTED,
        decision_ref=f"override: {made.reason}"[:500],
        decided_on=made.at.date(),
        valid_from=made.at.date(),
        valid_to=made.until,
        status_source="manual",
        confidence=Confidence.HIGH,
        known_from=made.at,
    )
