"""Checks whether whoever acts may still act.

It asks again in the transaction of the act, since the account can end while it is under way.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from foothold_alerts.rules.case import Role
from foothold_alerts.tables.accounts import AccountRow


class Gone(Exception):  # noqa: N818 - an answer
    """The account was disabled, or got another area or role, while its act was under way."""


async def must_be_here(
    connection: AsyncConnection, name: str, area: str, role: Role | None = None
) -> None:
    """Raise Gone unless the account is as it was when the request came.

    It stays so until the transaction ends.

    Whoever disables it waits for the act, or the act for them: nothing is done or left behind in
    the name of somebody who has left.
    """
    asked = (
        select(AccountRow.area, AccountRow.role, AccountRow.disabled_at)
        .where(AccountRow.name == name)
        .with_for_update(read=True)
    )
    row = (await connection.execute(asked)).one_or_none()
    if row is not None and (
        row.disabled_at is not None
        or row.area != area
        or (role is not None and row.role != role.value)
    ):
        raise Gone
