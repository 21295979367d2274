"""The SQL frontier's statements, built once: the same text for SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, bindparam, case, func, insert, literal_column, or_, select, update

from crawler.frontier.schema import State, host, url


def _literal(number: int) -> Any:
    # Written out, not bound: a planner cannot match a parameter to a partial index.
    # https://sqlite.org/partialindex.html#queries_using_partial_indexes
    return literal_column(f"{number:d}", Integer)


def _in(state: State) -> Any:
    return url.c.state == _literal(state)


_HAS_WAITING = host.c.waiting > _literal(0)
_AT: Any = bindparam("at")
_ROOM: Any = bindparam("room")
_OF_HOST: Any = bindparam("of_host")
_OF_ROW: Any = bindparam("of_row")
_ROW = (
    url.c.id,
    url.c.url,
    host.c.name.label("host"),
    url.c.depth,
    url.c.via,
    url.c.hops,
    url.c.source,
    url.c.attempt,
)

# put
KNOWN = select(url.c.key, url.c.url).where(url.c.key.in_(bindparam("keys", expanding=True)))
HOST_ID = select(host.c.id).where(host.c.name == bindparam("of_name"))
ADD_HOST = insert(host).returning(host.c.id)
ADD_URL = insert(url)
ADD_WAITING = update(host).where(host.c.id == _OF_HOST).values(waiting=host.c.waiting + bindparam("more"))

# lease
PROMOTE = (
    update(url).where(_in(State.LATER), url.c.due <= _AT).values(state=State.WAITING).returning(url.c.host_id)
)
_ready = (
    select(host.c.id, host.c.name, host.c.ready_at)
    .where(_HAS_WAITING, host.c.ready_at <= _AT)
    .order_by(host.c.ready_at, host.c.id)
    .limit(_ROOM)
    .subquery("ready")
)
_other = url.alias("other")
_first = (
    select(_other.c.id)
    .where(_other.c.state == _literal(State.WAITING), _other.c.host_id == _ready.c.id)
    .order_by(_other.c.rank, _other.c.id)
    .limit(1)
    .scalar_subquery()
)
TURN = (
    select(*(_ready.c.name if c.name == "host" else c for c in _ROW), _ready.c.id)
    .select_from(_ready)
    .join(url, url.c.id == _first)
    .order_by(_ready.c.ready_at, _ready.c.id)
)
TAKE_URL = update(url).where(url.c.id == _OF_ROW).values(state=State.LEASED)
TAKE_HOST = (
    update(host).where(host.c.id == _OF_HOST).values(waiting=host.c.waiting - _literal(1), ready_at=_AT)
)
NEXT_READY = (
    select(host.c.id, host.c.ready_at).where(_HAS_WAITING).order_by(host.c.ready_at, host.c.id).limit(_ROOM)
)
NEXT_LATER = select(func.min(url.c.due)).where(_in(State.LATER))

# acknowledge and block
DONE = update(url).where(url.c.id == _OF_ROW).values(state=State.DONE)
RETRY = update(url).where(url.c.id == _OF_ROW).values(state=State.LATER, due=_AT, attempt=url.c.attempt + 1)
BLOCK = (
    update(host)
    .where(host.c.id == _OF_HOST)
    .values(ready_at=case((host.c.ready_at < _AT, _AT), else_=host.c.ready_at))
)

# begin and end
RECOVER = update(url).where(_in(State.LEASED)).values(state=State.WAITING)
_WAITING_NOW = select(func.count()).where(_in(State.WAITING), url.c.host_id == host.c.id).scalar_subquery()
RECOUNT = update(host).values(waiting=_WAITING_NOW).where(host.c.waiting != _WAITING_NOW)
COUNT_WAITING = select(func.coalesce(func.sum(host.c.waiting), 0)).where(_HAS_WAITING)
COUNT_LATER = select(func.count()).select_from(url).where(_in(State.LATER))
BEYOND = (
    select(*_ROW)
    .join(host, host.c.id == url.c.host_id)
    .where(
        or_(
            _in(State.LATER) & (url.c.due > _AT),
            _in(State.LATER) & (host.c.ready_at > _AT),
            _in(State.WAITING) & (host.c.ready_at > _AT),
        )
    )
    .order_by(url.c.id)
)
