"""Write a new step of the history by comparing the tables declared with those the history makes."""

from __future__ import annotations

import sys

from alembic import command
from sqlalchemy import create_engine

from crawler.store.migrations import config, head, upgrade

if __name__ == "__main__":
    with create_engine("sqlite://").begin() as connection:
        upgrade(connection)
        command.revision(
            config(connection), " ".join(sys.argv[1:]), autogenerate=True, rev_id=f"{int(head()) + 1:04}"
        )
