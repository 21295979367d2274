"""The one MetaData that every table of an instance is declared on, so that one history covers all."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData(
    # Names of constraints must not depend on the database, or a migration could not drop them:
    # https://alembic.sqlalchemy.org/en/latest/naming.html
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
