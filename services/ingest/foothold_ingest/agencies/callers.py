"""Who is speaking: an agency or an operator, known by a key or by the topic only it may write."""

import hmac
import time
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.agencies.register import key_hash, remit_of
from foothold_ingest.agencies.tokens import Tokens
from foothold_ingest.database import AgencyKey, AgencyRow
from foothold_ingest.rules.judgement import Caller
from foothold_runtime.databases import UNAVAILABLE

_CACHE_SECONDS: Final = 10.0
_UNKNOWN_KEPT: Final = 10_000


class Agencies:
    """Proves callers.

    Answers are remembered for ten seconds, so a disabled key or a narrower remit holds within ten.
    """

    def __init__(
        self, engine: AsyncEngine, key_secret: bytes, tokens: Tokens | None = None
    ) -> None:
        self._engine = engine
        self._secret = key_secret
        self._tokens = tokens
        self._known: dict[str, tuple[float, Caller | None]] = {}
        self._writers: dict[str, tuple[float, Caller]] = {}

    async def caller(self, authorization: str | None) -> Caller | None:
        """Who this `Authorization: Bearer <key or token>` header belongs to.

        None for nobody, and for an agency that is disabled.
        """
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() == "bearer" and key.count(".") == 2 and self._tokens is not None:  # noqa: PLR2004 - header, claims, signature
            client = await self._tokens.client_of(key.strip())
            return None if client is None else await self._by_client(client)
        parts = key.strip().split("_", 2)
        if scheme.lower() != "bearer" or len(parts) != 3 or parts[0] != "fh" or not key.isascii():  # noqa: PLR2004 - fh, prefix, secret
            return None
        digest = key_hash(self._secret, key.strip())
        cached = self._known.get(digest.hex())
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        return self._remembered(digest.hex(), await self._by_key(parts[1], digest))

    async def writer(self, agency: str) -> Caller:
        """Who writes to the agency's own topic.

        One the register does not know has no remit to keep to: only Kafka's administrators make
        topics.
        """
        until, cached = self._writers.get(agency, (0.0, None))
        if cached is not None and until > time.monotonic():
            return cached
        try:
            async with self._engine.connect() as connection:
                row = (
                    await connection.execute(
                        select(*AgencyRow.__table__.columns).where(AgencyRow.agency == agency)
                    )
                ).one_or_none()
        except UNAVAILABLE:
            if cached is None:
                raise
            return cached  # what held ten seconds ago, until the register can be asked again
        caller = Caller(agency, is_operator=False)
        if row is not None:
            remit = remit_of(row.kinds, row.areas)
            caller = Caller(
                agency,
                is_operator=False,
                kinds=remit.kinds,
                areas=remit.areas,
                is_disabled=row.disabled_at is not None,
            )
        self._writers[agency] = (time.monotonic() + _CACHE_SECONDS, caller)
        return caller

    def forget(self) -> None:
        """Ask the register again from now on."""
        self._known.clear()
        self._writers.clear()

    def _remembered(self, name: str, caller: Caller | None) -> Caller | None:
        if len(self._known) > _UNKNOWN_KEPT:
            self._known.clear()
        self._known[name] = (time.monotonic() + _CACHE_SECONDS, caller)
        return caller

    async def _by_client(self, client: str) -> Caller | None:
        """An agency by the client of its tokens; an operator has keys only."""
        name = f"client:{client}"
        cached = self._known.get(name)
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        columns = (AgencyRow.agency, AgencyRow.kinds, AgencyRow.areas)
        query = select(*columns).where(
            AgencyRow.client == client,
            AgencyRow.disabled_at.is_(None),
            AgencyRow.is_operator.is_(False),
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return self._remembered(name, None)
        remit = remit_of(row.kinds, row.areas)
        return self._remembered(
            name, Caller(agency=row.agency, is_operator=False, kinds=remit.kinds, areas=remit.areas)
        )

    async def _by_key(self, prefix: str, digest: bytes) -> Caller | None:
        query = (
            select(
                AgencyKey.agency,
                AgencyKey.key_hash,
                AgencyKey.is_operator,
                AgencyRow.kinds,
                AgencyRow.areas,
            )
            .join(AgencyRow, AgencyRow.agency == AgencyKey.agency)
            .where(
                AgencyKey.prefix == prefix,
                AgencyKey.disabled_at.is_(None),
                AgencyRow.disabled_at.is_(None),
            )
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None or not hmac.compare_digest(row.key_hash, digest):
            return None
        remit = remit_of(row.kinds, row.areas)
        return Caller(
            agency=row.agency, is_operator=row.is_operator, kinds=remit.kinds, areas=remit.areas
        )
