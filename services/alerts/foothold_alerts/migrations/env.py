"""Alembic's entry: runs the migrations on the address in the configuration."""

from alembic import context
from sqlalchemy import create_engine

from foothold_alerts.tables.cases import Base

engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
