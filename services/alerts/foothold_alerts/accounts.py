"""Local accounts and their log-ins: argon2id, a hashed session token, and a brake on guessing."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.database import AccountRow, AuditRow, CaseRow, SessionRow
from foothold_alerts.rules.case import OPEN, Role

MAX_FAILURES: Final = 8
LOCK_MINUTES: Final = 5
_NOBODY: Final = PasswordHasher().hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is at the desk: the account, the area it may see, whose steps it may take, and the token its forms must carry."""

    name: str
    area: str
    role: Role
    csrf: str


class Accounts:
    """Argon2id is deliberately slow; call `log_in` and `add` for people only."""

    def __init__(self, engine: AsyncEngine, session_hours: int) -> None:
        self._engine = engine
        self._hours = session_hours
        self._hasher = PasswordHasher()

    async def add(self, name: str, area: str, role: Role, now: datetime) -> str:
        """Make the account, or give it a new password; return the password, which cannot be shown again."""
        password = secrets.token_urlsafe(9)
        statement = upsert(AccountRow).values(name=name, password_hash=self._hasher.hash(password), area=area, role=role.value, failures=0)
        async with self._engine.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["name"],
                    set_={
                        "password_hash": statement.excluded.password_hash,
                        "area": area,
                        "role": role.value,
                        "failures": 0,
                        "locked_until": None,
                        "disabled_at": None,
                    },
                )
            )
            await connection.execute(delete(SessionRow).where(SessionRow.account == name))
            detail = {"account": name, "area": area, "role": role.value}
            await connection.execute(insert(AuditRow), [{"at": now, "actor": "operator", "action": "account_set", "detail": detail}])
        return password

    async def disable(self, name: str, now: datetime) -> int | None:
        """End an account: its log-ins end at once, its cases go back to the queue. How many; None if there is no such account."""
        async with self._engine.begin() as connection:
            gone = update(AccountRow).where(AccountRow.name == name, AccountRow.disabled_at.is_(None)).values(disabled_at=now)
            if (await connection.execute(gone.returning(AccountRow.name))).first() is None:
                return None
            await connection.execute(delete(SessionRow).where(SessionRow.account == name))
            left = update(CaseRow).where(CaseRow.assigned_to == name, CaseRow.stage.in_([s.value for s in OPEN]))
            cases = (await connection.execute(left.values(assigned_to=None, version=CaseRow.version + 1).returning(CaseRow.case_id))).scalars().all()
            rows = [{"at": now, "actor": "operator", "action": "unassigned", "case_id": case_id, "detail": {"note": name}} for case_id in cases]
            rows.append({"at": now, "actor": "operator", "action": "account_disabled", "case_id": None, "detail": {"account": name}})
            await connection.execute(insert(AuditRow), rows)
        return len(cases)

    async def log_in(self, name: str, password: str, now: datetime) -> str | None:
        """A session token, or None: wrong name, wrong password and locked account look the same and take the same time."""
        async with self._engine.begin() as connection:
            row = (await connection.execute(select(*AccountRow.__table__.columns).where(AccountRow.name == name).with_for_update())).one_or_none()
            is_right = self._matches(_NOBODY if row is None else row.password_hash, password)
            if row is None or row.disabled_at is not None or (row.locked_until is not None and row.locked_until > now):
                return None
            if not is_right:
                failures = row.failures + 1
                locked = now + timedelta(minutes=LOCK_MINUTES) if failures % MAX_FAILURES == 0 else None
                await connection.execute(update(AccountRow).where(AccountRow.name == name).values(failures=failures, locked_until=locked))
                await connection.execute(insert(AuditRow), [{"at": now, "actor": name, "action": "log_in_refused", "detail": {"failures": failures}}])
                return None
            token = secrets.token_urlsafe(32)
            await connection.execute(update(AccountRow).where(AccountRow.name == name).values(failures=0, locked_until=None))
            await connection.execute(delete(SessionRow).where(SessionRow.expires_at < now))
            session = {"token_hash": _hash(token), "account": name, "csrf": secrets.token_urlsafe(24), "expires_at": now + timedelta(hours=self._hours)}
            await connection.execute(insert(SessionRow), [session])
            await connection.execute(insert(AuditRow), [{"at": now, "actor": name, "action": "log_in", "detail": {}}])
        return token

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False

    async def person(self, token: str, now: datetime) -> Person | None:
        """Whose session this is; asked on every request, so a disabled account is out at once."""
        wanted = (
            select(AccountRow.name, AccountRow.area, AccountRow.role, SessionRow.csrf)
            .join(SessionRow, SessionRow.account == AccountRow.name)
            .where(SessionRow.token_hash == _hash(token), SessionRow.expires_at > now, AccountRow.disabled_at.is_(None))
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return None if row is None else Person(row.name, row.area, Role(row.role), row.csrf)

    async def log_out(self, person: Person, token: str, now: datetime) -> None:
        """End the session."""
        async with self._engine.begin() as connection:
            await connection.execute(insert(AuditRow), [{"at": now, "actor": person.name, "action": "log_out", "detail": {}}])
            await connection.execute(delete(SessionRow).where(SessionRow.token_hash == _hash(token)))


def role_of(area: str) -> Role:
    """The level an area is of, where nobody says otherwise: township codes have nine digits, village codes twelve."""
    return {9: Role.TOWNSHIP, 12: Role.VILLAGE}.get(len(area), Role.COUNTY)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
