"""Keeps whom to visit: each household's contact under a key of its own.

It is kept here and in `household-directory.v1`. Nobody reads it in clear here.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.database import DirectoryRow
from foothold_ingest.log.writer import Line, Publisher
from foothold_schemas.facts.directory import Contact, DirectoryEntry
from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.wire.codec import encode
from foothold_schemas.wire.topics import HOUSEHOLD_DIRECTORY


class RegisteredContact(NamedTuple):
    """A contact an agency told us, with the `time` of its register entry."""

    household_id: str
    time: datetime
    contact: Contact


class Directory:
    """The directory, which writes row and record under the row's lock.

    So the topic's last record is the table's.
    """

    def __init__(self, engine: AsyncEngine, publisher: Publisher, secret: bytes) -> None:
        self._engine = engine
        self._publisher = publisher
        self._seal = Seal(secret, Purpose.DIRECTORY)

    async def keep(
        self, registrations: Sequence[RegisteredContact], *, is_patient: bool = True
    ) -> None:
        """Keep the contacts, each household's latest; return when database and Kafka have them.

        Impatient: raise Busy or Unknown rather than wait long.
        """
        latest = {
            registration.household_id: registration
            for registration in sorted(registrations, key=lambda registration: registration.time)
        }
        if not latest:
            return
        async with self._engine.begin() as connection:
            await self._make_keys(connection, sorted(latest))
            held = await connection.execute(
                select(
                    DirectoryRow.household_id, DirectoryRow.wrapped_key, DirectoryRow.registered_at
                )
                .where(DirectoryRow.household_id.in_(latest))
                .order_by(DirectoryRow.household_id)
                .with_for_update()
            )
            entries = []
            for row in held:
                registration = latest[row.household_id]
                if row.registered_at is None or row.registered_at <= registration.time:
                    entries.append(
                        DirectoryEntry.of(
                            registration.household_id,
                            registration.time,
                            registration.contact,
                            wrapped_key=row.wrapped_key,
                            seal=self._seal,
                        )
                    )
            if not entries:
                return
            update_query = update(DirectoryRow).where(
                DirectoryRow.household_id == bindparam("household")
            )
            changed = [
                {"household": e.household_id, "new_seal": e.sealed, "new_time": e.registered_at}
                for e in entries
            ]
            await connection.execute(
                update_query.values(
                    sealed=bindparam("new_seal"), registered_at=bindparam("new_time")
                ),
                changed,
            )
            lines = [
                Line(HOUSEHOLD_DIRECTORY.name, e.household_id.encode(), encode(e)) for e in entries
            ]
            await (self._publisher.deliver(lines) if is_patient else self._publisher.send(lines))

    async def _make_keys(self, connection: AsyncConnection, households: Sequence[str]) -> None:
        """A data key for each household that has none yet."""
        rows = [
            {"household_id": h, "wrapped_key": self._seal.close(secrets.token_urlsafe(32).encode())}
            for h in households
        ]
        await connection.execute(insert(DirectoryRow).on_conflict_do_nothing(), rows)

    async def erase(self, household_id: str) -> bool:
        """Destroy the household's data key and its contact, here and in the topic.

        Tell whether there was one.
        """
        async with self._engine.begin() as connection:
            gone = await connection.execute(
                delete(DirectoryRow)
                .where(DirectoryRow.household_id == household_id)
                .returning(DirectoryRow.household_id)
            )
            was_there = gone.first() is not None
            await self._publisher.deliver(
                [Line(HOUSEHOLD_DIRECTORY.name, household_id.encode(), None)]
            )
        return was_there
