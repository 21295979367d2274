"""How far an export has come, in a form that outlives the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from crawler.exports.tables.present import exported_file, head_of_log
from crawler.exports.working import RESTART, ExportRefusedError
from crawler.present import Json, moment
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportedFile, last_checkpoint, last_decision, mark_of
from crawler.store.queries.retention import last_redaction


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """An export between two pieces."""

    made_at: datetime
    """When it began, which an interruption does not change."""
    actor: str
    as_of: int
    """The last decision of the record then."""
    mark: str
    """By what that decision is known again; empty in a record without any."""
    removed: int
    """The last removal then: what was written before a later one may hold what was removed."""
    newest: int
    """The last row of the table then, by its number."""
    checkpoint: Json | None
    """How far the log was then."""
    replaces: tuple[str, ...] = ()
    """Files of an earlier export under this name."""
    last: int = 0
    """The number of the last row that was written."""
    of_last: int = 0
    """How many rows of that number were written."""
    part: int = 0
    """The file that is being written, from 1; 0 before the first."""
    rows_of_part: int = 0
    bytes_of_part: int = 0
    files: tuple[ExportedFile, ...] = ()
    """Files that are complete."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    policies: tuple[str, ...] = ()
    """Terms the rows were decided under."""
    written: bool = False
    """Whether only the files' places are still to be taken."""

    @property
    def time_range(self) -> tuple[datetime, datetime] | None:
        """From when to when rows are; None without rows."""
        if self.first_seen is None or self.last_seen is None:
            return None
        return self.first_seen, self.last_seen


def begun_state(connection: Connection, actor: str, newest: int, **more: Any) -> State:
    """The state of an export that begins now, of rows up to the newest by its number."""
    as_of = last_decision(connection)
    return State(
        made_at=datetime.now(UTC),
        actor=actor,
        as_of=as_of,
        mark=mark_of(connection, as_of),
        removed=last_redaction(connection),
        newest=newest,
        checkpoint=head_of_log(last_checkpoint(connection)),
        **more,
    )


def require_unchanged(connection: Connection, state: State) -> None:
    """Raise ExportRefusedError where the record is another one, or something was removed from it since."""
    if state.mark and mark_of(connection, state.as_of) != state.mark:
        raise ExportRefusedError(
            f"an export was interrupted here that began at decision {state.as_of}, which this record does "
            f"not have, or no longer; use the same record, or {RESTART}"
        )
    if last_redaction(connection) != state.removed:
        raise ExportRefusedError(
            "an export was interrupted here, and something was removed from the record since, which may be "
            f"in it already; {RESTART}"
        )


_MOMENTS = ("made_at", "first_seen", "last_seen")


def state_keys(state: State) -> Json:
    """The state under JSON's names."""
    found = asdict(state) | {"files": [exported_file(file) for file in state.files]}
    for name in _MOMENTS:
        found[name] = None if found[name] is None else moment(found[name])
    return found


def state_from(keys: Mapping[str, Any]) -> State:
    """The state that was written down."""
    known = {name: keys[name] for name in State.__slots__}
    for name in _MOMENTS:
        known[name] = None if known[name] is None else datetime.fromisoformat(known[name])
    return State(
        **known
        | {
            "files": tuple(ExportedFile(**file) for file in known["files"]),
            "policies": tuple(known["policies"]),
            "replaces": tuple(known["replaces"]),
        }
    )
