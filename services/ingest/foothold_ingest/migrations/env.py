"""Alembic's entry: runs the migrations on the address in the configuration."""

from foothold_ingest.database import Base
from foothold_runtime.process.migrate import run_in_context

run_in_context(Base.metadata)
