"""Local accounts and their log-ins: argon2id, a hashed session token, and brakes on guessing.

A brake is on who guesses, never on who is guessed at: failures count for an address and for a name
from that address, so that nobody locks a colleague out by typing wrong passwords for them from
elsewhere.
"""

import hashlib
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.people.leaving import OPERATOR, let_go
from foothold_alerts.people.passwords import Passwords, TryLater
from foothold_alerts.rules.case import Role
from foothold_alerts.tables.accounts import AccountRow, SessionRow
from foothold_alerts.tables.cases import AuditRow
from foothold_runtime.throttle import Throttle

MAX_FAILURES: Final = 8
"""Of one name from one address."""
MAX_FAILURES_OF_AN_ADDRESS: Final = 40
"""Of any names: an office behind one address has more than one person who mistypes."""
LOCK_MINUTES: Final = 5
AT_ONCE_OF_AN_ADDRESS: Final = 4
"""Log-ins of one address that are looked at at the same time."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person at the desk.

    It has the account, the area it may see, whose steps it may take, and the token its forms must
    carry.
    """

    name: str
    area: str
    role: Role
    csrf: str


class Accounts:
    """Argon2id is deliberately slow; call `log_in` and `add` for people only."""

    def __init__(self, engine: AsyncEngine, session_hours: int) -> None:
        self._engine = engine
        self._hours = session_hours
        self._passwords = Passwords()
        self._names = Throttle(MAX_FAILURES, LOCK_MINUTES * 60)
        self._addresses = Throttle(MAX_FAILURES_OF_AN_ADDRESS, LOCK_MINUTES * 60)
        self._under_way = Counter[str]()

    async def add(self, name: str, area: str, role: Role, now: datetime) -> str:
        """Make the account, or give it a new password.

        Return the password, which cannot be shown again.

        With another area or role it lets go of what it may no longer do; one that is used again
        gets nothing back.
        """
        password = secrets.token_urlsafe(9)
        password_hash = await self._passwords.hash(password)
        statement = upsert(AccountRow).values(
            name=name, password_hash=password_hash, area=area, role=role.value
        )
        async with self._engine.begin() as connection:
            before = (
                select(AccountRow.area, AccountRow.role)
                .where(AccountRow.name == name)
                .with_for_update()
            )
            known = (await connection.execute(before)).one_or_none()
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["name"],
                    set_={
                        "password_hash": statement.excluded.password_hash,
                        "area": area,
                        "role": role.value,
                        "disabled_at": None,
                    },
                )
            )
            await connection.execute(delete(SessionRow).where(SessionRow.account == name))
            if known is not None and (known.area, known.role) != (area, role.value):
                await let_go(connection, name, now, keeps=area, role=role)
            detail = {"account": name, "area": area, "role": role.value}
            await connection.execute(
                insert(AuditRow),
                [{"at": now, "actor": "operator", "action": "account_set", "detail": detail}],
            )
        return password

    async def disable(self, name: str, now: datetime) -> int | None:
        """End an account: its log-ins end at once, and what it had in hand is nobody's.

        How many cases; None if there is no such account.
        """
        async with self._engine.begin() as connection:
            gone = (
                update(AccountRow)
                .where(AccountRow.name == name, AccountRow.disabled_at.is_(None))
                .values(disabled_at=now)
            )
            if (await connection.execute(gone.returning(AccountRow.name))).first() is None:
                return None
            await connection.execute(delete(SessionRow).where(SessionRow.account == name))
            cases = await let_go(connection, name, now)
            row = {
                "at": now,
                "actor": OPERATOR,
                "action": "account_disabled",
                "case_id": None,
                "detail": {"account": name},
            }
            await connection.execute(insert(AuditRow), [row])
        return cases

    async def log_in(
        self, name: str, password: str, now: datetime, address: str = ""
    ) -> str | None:
        """Return a session token, or None.

        A wrong name, a wrong password and a disabled account look the same and take the same time.

        Raise TryLater for who failed too often, and for who tries too much at once. No row and no
        connection is held while a hash is computed.
        """
        moment, address = now.timestamp(), network_of(address)
        if wait := max(
            self._names.wait((name, address), moment), self._addresses.wait(address, moment)
        ):
            raise TryLater(wait)
        if self._under_way[address] >= AT_ONCE_OF_AN_ADDRESS:
            raise TryLater(1)
        self._under_way[address] += 1
        try:
            token = await self._log_in(name, password, now)
        finally:
            self._under_way[address] -= 1
            self._under_way += Counter()  # forgets who has none under way
        if token is None:
            self._names.failed((name, address), moment)
            self._addresses.failed(address, moment)
        else:
            self._names.succeeded((name, address))
        return token

    async def _log_in(self, name: str, password: str, now: datetime) -> str | None:
        query = select(AccountRow.password_hash).where(
            AccountRow.name == name, AccountRow.disabled_at.is_(None)
        )
        async with self._engine.connect() as connection:
            password_hash = (await connection.execute(query)).scalar_one_or_none()
        is_right = await self._passwords.matches(password_hash, password)
        if password_hash is not None and is_right:
            return await self._begin_session(name, password_hash, now)
        # also for a name nobody has: it takes as long, and shows who guesses
        async with self._engine.begin() as connection:
            row = {"at": now, "actor": name[:100], "action": "log_in_refused", "detail": {}}
            await connection.execute(insert(AuditRow), [row])
        return None

    async def _begin_session(self, name: str, password_hash: str, now: datetime) -> str | None:
        """Begin a session unless the account changed meanwhile.

        No session begins if the account was disabled, or got another password, while this one was
        being checked.
        """
        token = secrets.token_urlsafe(32)
        expires_at = now + timedelta(hours=self._hours)
        session = {
            "token_hash": _hash(token),
            "account": name,
            "csrf": secrets.token_urlsafe(24),
            "expires_at": expires_at,
        }
        still = (
            AccountRow.name == name,
            AccountRow.password_hash == password_hash,
            AccountRow.disabled_at.is_(None),
        )
        async with self._engine.begin() as connection:
            if (
                await connection.execute(select(AccountRow.name).where(*still).with_for_update())
            ).first() is None:
                return None
            await connection.execute(delete(SessionRow).where(SessionRow.expires_at < now))
            await connection.execute(insert(SessionRow), [session])
            await connection.execute(
                insert(AuditRow), [{"at": now, "actor": name, "action": "log_in", "detail": {}}]
            )
        return token

    async def person(self, token: str, now: datetime) -> Person | None:
        """Whose session this is; asked on every request, so a disabled account is out at once."""
        query = (
            select(AccountRow.name, AccountRow.area, AccountRow.role, SessionRow.csrf)
            .join(SessionRow, SessionRow.account == AccountRow.name)
            .where(
                SessionRow.token_hash == _hash(token),
                SessionRow.expires_at > now,
                AccountRow.disabled_at.is_(None),
            )
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Person(row.name, row.area, Role(row.role), row.csrf)

    async def log_out(self, person: Person, token: str, now: datetime) -> None:
        """End the session."""
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(AuditRow),
                [{"at": now, "actor": person.name, "action": "log_out", "detail": {}}],
            )
            await connection.execute(
                delete(SessionRow).where(SessionRow.token_hash == _hash(token))
            )


def network_of(address: str) -> str:
    """Who counts as one: an IPv4 address, or the /64 an IPv6 host may take any address of."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)


DIGITS: Final = {Role.COUNTY: 6, Role.TOWNSHIP: 9, Role.VILLAGE: 12}
"""Of the area codes of each level (GB/T 2260 and GB/T 10114)."""


def role_of(area: str) -> Role | None:
    """The level an area is of, where nobody says otherwise; None for what is no area's code."""
    if not (area.isascii() and area.isdigit()):
        return None
    return next((role for role, digits in DIGITS.items() if digits == len(area)), None)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
