"""The register of agencies: what each may send for which areas, and its keys.

Only a keyed hash of a key is kept.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import RowMapping, Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.database import AgencyKey, AgencyRow, AuditRow

LIVE_KEYS: Final = 2
"""The one in use, and its successor while the agency changes over."""


class NotPossible(Exception):  # noqa: N818 - an answer with its reason
    """The register says no; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Remit:
    """Kinds and areas (the first 2, 4 or 6 digits); None: all."""

    kinds: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An agency as the register shows it.

    It has its remit, the prefixes of its live keys with the day they were made, and whether it may
    speak at all.
    """

    agency: str
    remit: Remit
    keys: tuple[tuple[str, datetime], ...]
    is_disabled: bool


def key_hash(secret: bytes, key: str) -> bytes:
    """What is kept of a key."""
    return hmac.new(secret, key.encode(), hashlib.sha256).digest()


class AgencyRegister:
    """What operators do with it."""

    def __init__(self, engine: AsyncEngine, key_secret: bytes) -> None:
        self._engine = engine
        self._secret = key_secret

    async def add(
        self, agency: str, *, is_operator: bool, by: str, now: datetime, remit: Remit | None = None
    ) -> str:
        """Enter an agency and return its first key, which cannot be shown again.

        Raise NotPossible if it stands there already.
        """
        remit = remit or Remit()
        async with self._engine.begin() as connection:
            entered = insert(AgencyRow).values(
                agency=agency,
                kinds=remit.kinds,
                areas=remit.areas,
                is_operator=is_operator,
                created_at=now,
            )
            if (
                await connection.execute(
                    entered.on_conflict_do_nothing().returning(AgencyRow.agency)
                )
            ).first() is None:
                raise NotPossible(
                    f"{agency} is in the register already: 'agency rotate {agency}' makes another"
                    " key, 'agency allow' changes what it may send"
                )
            await _note(
                connection,
                by,
                "agency_added",
                now,
                agency=agency,
                is_operator=is_operator,
                **asdict(remit),
            )
            return await self._new_key(connection, agency, is_operator=is_operator, by=by, now=now)

    async def rotate(self, agency: str, *, by: str, now: datetime) -> str:
        """Another key beside the one in use; raise NotPossible while two are live."""
        async with self._engine.begin() as connection:
            row = await self._entry(connection, agency)
            if row["disabled_at"] is not None:
                raise NotPossible(f"{agency} is disabled: 'agency enable {agency}' first")
            live = (await connection.execute(_live(agency))).scalars().all()
            if len(live) >= LIVE_KEYS:
                raise NotPossible(
                    f"{agency} has two keys already, {' and '.join(live)}: 'agency disable {agency}"
                    " --key PREFIX' ends the one no longer used"
                )
            return await self._new_key(
                connection, agency, is_operator=row["is_operator"], by=by, now=now
            )

    async def allow(self, agency: str, remit: Remit, *, by: str, now: datetime) -> None:
        """Set what it may send; raise NotPossible if it is not in the register."""
        async with self._engine.begin() as connection:
            await self._entry(connection, agency)
            await connection.execute(
                update(AgencyRow)
                .where(AgencyRow.agency == agency)
                .values(kinds=remit.kinds, areas=remit.areas)
            )
            await _note(connection, by, "agency_allowed", now, agency=agency, **asdict(remit))

    async def set_client(self, agency: str, client: str | None, *, by: str, now: datetime) -> None:
        """Take access tokens made for this client as the agency's.

        Raise NotPossible for an operator, and for a client that is another's.
        """
        async with self._engine.begin() as connection:
            row = await self._entry(connection, agency)
            if row["is_operator"]:
                raise NotPossible(f"{agency} is an operator, and operators have keys only")
            taken = (
                await connection.execute(
                    select(AgencyRow.agency).where(
                        AgencyRow.client == client, AgencyRow.agency != agency
                    )
                )
            ).scalar_one_or_none()
            if client is not None and taken is not None:
                raise NotPossible(
                    f"the tokens of {client} are taken as {taken}'s: 'agency client {taken}' ends"
                    " that first"
                )
            await connection.execute(
                update(AgencyRow).where(AgencyRow.agency == agency).values(client=client)
            )
            await _note(connection, by, "agency_client_set", now, agency=agency, client=client)

    async def disable_key(
        self, agency: str, prefix: str, *, by: str, now: datetime, keeping: str | None = None
    ) -> None:
        """End one key.

        Raise NotPossible if the agency has no such live key, or no longer the one it keeps.
        """
        async with self._engine.begin() as connection:
            await self._entry(connection, agency)
            if keeping is not None and (
                prefix == keeping
                or keeping not in (await connection.execute(_live(agency))).scalars().all()
            ):
                raise NotPossible(
                    f"{agency} would be left without the key {keeping}: sign in with the key that"
                    " stays, then end the other"
                )
            update_query = update(AgencyKey).where(
                AgencyKey.agency == agency,
                AgencyKey.prefix == prefix,
                AgencyKey.disabled_at.is_(None),
            )
            if (
                await connection.execute(
                    update_query.values(disabled_at=now).returning(AgencyKey.prefix)
                )
            ).first() is None:
                live = (await connection.execute(_live(agency))).scalars().all()
                raise NotPossible(
                    f"{agency} has no live key {prefix}; live: {', '.join(live) or 'none'}"
                )
            await _note(connection, by, "key_ended", now, agency=agency, key=prefix)

    async def set_disabled(self, agency: str, *, is_disabled: bool, by: str, now: datetime) -> None:
        """Silence an agency at every door, its keys kept, or let it speak again.

        Raise NotPossible if it is not in the register.
        """
        async with self._engine.begin() as connection:
            await self._entry(connection, agency)
            await connection.execute(
                update(AgencyRow)
                .where(AgencyRow.agency == agency)
                .values(disabled_at=now if is_disabled else None)
            )
            await _note(
                connection,
                by,
                "agency_disabled" if is_disabled else "agency_enabled",
                now,
                agency=agency,
            )

    async def entries(self) -> list[Entry]:
        """Every agency by name."""
        async with self._engine.connect() as connection:
            rows = (
                await connection.execute(
                    select(*AgencyRow.__table__.columns).order_by(AgencyRow.agency)
                )
            ).all()
            query = (
                select(AgencyKey.agency, AgencyKey.prefix, AgencyKey.created_at)
                .where(AgencyKey.disabled_at.is_(None))
                .order_by(AgencyKey.created_at)
            )
            keys = (await connection.execute(query)).all()
        live = {
            r.agency: tuple((k.prefix, k.created_at) for k in keys if k.agency == r.agency)
            for r in rows
        }
        return [
            Entry(r.agency, remit_of(r.kinds, r.areas), live[r.agency], r.disabled_at is not None)
            for r in rows
        ]

    async def _entry(self, connection: AsyncConnection, agency: str) -> RowMapping:
        row = (
            (
                await connection.execute(
                    select(*AgencyRow.__table__.columns)
                    .where(AgencyRow.agency == agency)
                    .with_for_update()
                )
            )
            .mappings()
            .one_or_none()
        )
        if row is None:
            raise NotPossible(
                f"{agency} is not in the register; 'agency list' shows who is, 'agency add"
                f" {agency}' enters it"
            )
        return row

    async def _new_key(
        self, connection: AsyncConnection, agency: str, *, is_operator: bool, by: str, now: datetime
    ) -> str:
        prefix = secrets.token_hex(4)
        key = f"fh_{prefix}_{secrets.token_urlsafe(32)}"
        row = {
            "prefix": prefix,
            "agency": agency,
            "key_hash": key_hash(self._secret, key),
            "is_operator": is_operator,
            "created_at": now,
        }
        await connection.execute(insert(AgencyKey).values(**row))
        await _note(connection, by, "key_made", now, agency=agency, key=prefix)
        return key


def remit_of(kinds: Sequence[str] | None, areas: Sequence[str] | None) -> Remit:
    """Columns as a remit."""
    return Remit(None if kinds is None else tuple(kinds), None if areas is None else tuple(areas))


async def _note(
    connection: AsyncConnection, by: str, action: str, now: datetime, **detail: object
) -> None:
    """Who changed the register, in the transaction of the change. Of a key only its prefix."""
    await connection.execute(
        insert(AuditRow), [{"at": now, "actor": by, "action": action, "detail": detail}]
    )


def _live(agency: str) -> Select[str]:
    return (
        select(AgencyKey.prefix)
        .where(AgencyKey.agency == agency, AgencyKey.disabled_at.is_(None))
        .order_by(AgencyKey.created_at)
    )
