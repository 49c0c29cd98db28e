"""Who may speak: agencies and operators, known by a key of which only a keyed hash is kept."""

import hashlib
import hmac
import secrets
import time
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import AgencyKey
from foothold_ingest.rules.accept import Caller

_CACHE_SECONDS: Final = 10.0
_UNKNOWN_KEPT: Final = 10_000


class Agencies:
    """Proves callers. Answers are remembered for ten seconds, so a disabled key is refused within ten."""

    def __init__(self, engine: AsyncEngine, key_secret: bytes) -> None:
        self._engine = engine
        self._secret = key_secret
        self._known: dict[str, tuple[float, Caller | None]] = {}

    async def add(self, agency: str, *, is_operator: bool, now: datetime) -> str:
        """Make a key for the agency and return it; it cannot be shown again."""
        prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        key = f"fh_{prefix}_{secret}"
        async with self._engine.begin() as connection:
            await connection.execute(insert(AgencyKey).values(prefix=prefix, agency=agency, key_hash=self._hash(key), is_operator=is_operator, created_at=now))
        return key

    async def disable(self, prefix: str, *, now: datetime) -> bool:
        """Disable the key with this prefix; tell whether there was one."""
        async with self._engine.begin() as connection:
            done = await connection.execute(update(AgencyKey).where(AgencyKey.prefix == prefix).values(disabled_at=now))
            return bool(done.rowcount)

    async def caller(self, authorization: str | None) -> Caller | None:
        """Who this `Authorization: Bearer <key>` header belongs to; None for nobody."""
        scheme, _, key = (authorization or "").partition(" ")
        parts = key.strip().split("_", 2)
        if scheme.lower() != "bearer" or len(parts) != 3 or parts[0] != "fh" or not key.isascii():  # noqa: PLR2004 - fh, prefix, secret
            return None
        digest = self._hash(key.strip())
        cached = self._known.get(digest.hex())
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        found = await self._look_up(parts[1], digest)
        if len(self._known) > _UNKNOWN_KEPT:
            self._known.clear()
        self._known[digest.hex()] = (time.monotonic() + _CACHE_SECONDS, found)
        return found

    async def _look_up(self, prefix: str, digest: bytes) -> Caller | None:
        wanted = select(AgencyKey.agency, AgencyKey.key_hash, AgencyKey.is_operator).where(AgencyKey.prefix == prefix, AgencyKey.disabled_at.is_(None))
        async with self._engine.connect() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        if row is None or not hmac.compare_digest(row.key_hash, digest):
            return None
        return Caller(agency=row.agency, is_operator=row.is_operator)

    def _hash(self, key: str) -> bytes:
        return hmac.new(self._secret, key.encode(), hashlib.sha256).digest()
