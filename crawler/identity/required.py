"""No crawl under rules that nobody could read: what a crawl checks before it starts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from crawler.config import Config, ConfigError
from crawler.store.database import Connection
from crawler.store.queries.publications import Publication, in_force, publications


class UnpublishedError(ConfigError):
    """A crawl would run under rules that were not published, or are not in force yet."""


def require_published(
    connection: Connection, config: Config, now: datetime, keyid: str | None = None
) -> int | None:
    """The number of the version in force that says how this crawl works; None where none does.

    `keyid` is the key it will sign with. With `[publish] require_published` None is an
    UnpublishedError that says what to do.
    """
    versions = publications(connection)
    if not versions and not config.publish.require_published:
        return None
    from crawler.identity.declaration import declare, without_keys  # loads what reads the web

    wanted = without_keys(json.loads(json.dumps(declare(config))))
    fits = [v for v in versions if without_keys(json.loads(v.canonical)) == wanted]
    holds = in_force(versions, now)
    known = keyid is None or (bool(versions) and f'"key {keyid}"' in versions[-1].canonical)
    if holds is not None and holds in fits and known:
        return holds.number
    if config.publish.require_published:
        raise UnpublishedError(_why_not(versions, fits, keyid if not known else None))
    return None


def _why_not(versions: Sequence[Publication], fits: Sequence[Publication], keyid: str | None) -> str:
    if fits and fits[-1] is versions[-1] and keyid is None:
        return (
            f"policy {fits[-1].number} says how this crawl works, and takes effect on "
            f"{fits[-1].effective_at:%Y-%m-%d %H:%M} UTC; until then crawl with the configuration in force"
        )
    what = f"the signing key {keyid}" if keyid else "what this crawl would do"
    return (
        f"[publish] require_published is set, and {what} was not published; "
        "run: forbear identity build --out DIR, and put the files on your host"
    )
