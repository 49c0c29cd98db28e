"""Brings a service's database up to date, by the migrations in a folder of the service.

Only services with a database load this module (the extra `database`).
"""

from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData, create_engine


def run_missing(folder: Path, url: str, **attributes: object) -> None:
    """Run the migrations of the folder that are missing at the address.

    `attributes`: what a migration needs besides the database, by name, such as a seal.
    """
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    config.attributes.update(attributes)
    command.upgrade(config, "head")


def run_in_context(tables: MetaData) -> None:
    """Run what Alembic has chosen, on the address in its configuration.

    A service's `migrations/env.py`, which Alembic loads, calls this.
    """
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=tables)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
