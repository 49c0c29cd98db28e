"""Who is at the console: somebody who holds a live key of an agency, and says who they are.

The key is the proof, the name is for the history.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.database import AgencyKey, AgencyRow, AuditRow, ConsoleSession

HOURS: Final = 8


@dataclass(frozen=True, slots=True)
class Person:
    """A person at the console.

    It has the agency, the name given, the token forms must carry, and the prefix of the key signed
    in with.
    """

    agency: str
    name: str
    csrf: str
    key: str

    @property
    def actor(self) -> str:
        """As histories name them."""
        return f"{self.agency}: {self.name}"


class Sessions:
    """The sessions of the console, none of which lives longer than its key.

    A key that ends, or an agency that is disabled, ends the session with the next request.
    """

    def __init__(self, engine: AsyncEngine, agencies: Agencies) -> None:
        self._engine = engine
        self._agencies = agencies

    async def sign_in(self, key: str, name: str, now: datetime) -> str | None:
        """A session token, or None for a key that is nobody's, or an operator's."""
        caller = await self._agencies.caller(f"Bearer {key.strip()}")
        if caller is None or caller.is_operator:
            return None
        token = secrets.token_urlsafe(32)
        prefix = key.strip().split("_", 2)[1]
        row = {
            "token_hash": _hash(token),
            "prefix": prefix,
            "person": name,
            "csrf": secrets.token_urlsafe(24),
            "expires_at": now + timedelta(hours=HOURS),
        }
        async with self._engine.begin() as connection:
            await connection.execute(delete(ConsoleSession).where(ConsoleSession.expires_at < now))
            await connection.execute(insert(ConsoleSession), [row])
            seen = {
                "at": now,
                "actor": f"{caller.agency}: {name}",
                "action": "signed_in",
                "detail": {"key": prefix},
            }
            await connection.execute(insert(AuditRow), [seen])
        return token

    async def person(self, token: str | None, now: datetime) -> Person | None:
        """Whose session this is; asked on every request."""
        if token is None:
            return None
        query = (
            select(AgencyKey.agency, ConsoleSession.person, ConsoleSession.csrf, AgencyKey.prefix)
            .join(AgencyKey, AgencyKey.prefix == ConsoleSession.prefix)
            .join(AgencyRow, AgencyRow.agency == AgencyKey.agency)
            .where(
                ConsoleSession.token_hash == _hash(token),
                ConsoleSession.expires_at > now,
                AgencyKey.disabled_at.is_(None),
                AgencyRow.disabled_at.is_(None),
            )
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Person(row.agency, row.person, row.csrf, row.prefix)

    async def sign_out(self, token: str) -> None:
        """End the session."""
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(ConsoleSession).where(ConsoleSession.token_hash == _hash(token))
            )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
