"""The agency's own keys.

An agency makes another one while it changes over, and ends the one it no longer uses.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fastapi import Request, Response

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.agencies.register import LIVE_KEYS, AgencyRegister, NotPossible
from foothold_ingest.console.pages import Pages, require_csrf
from foothold_ingest.console.sessions import Person

MAX_KEY: Final = 200


@dataclass(frozen=True, slots=True)
class KeyOutcome:
    """What came of a form.

    It is the new key, which is never shown again, the prefix of the ended one, or why nothing was
    done.
    """

    new_key: str = ""
    ended: str = ""
    refused: str = ""


class KeyPages:
    """An open browser is not enough to make a key: the one in use is asked for again.

    The key signed in with cannot be ended, so one always stays.
    """

    def __init__(self, register: AgencyRegister, agencies: Agencies, pages: Pages) -> None:
        self._register = register
        self._agencies = agencies
        self._pages = pages

    async def show(self, _: Request, person: Person) -> Response:
        """The live keys."""
        return await self._page(person, KeyOutcome())

    async def make(self, request: Request, person: Person) -> Response:
        """Another key, shown this once."""
        form = await require_csrf(request, person)
        caller = await self._agencies.caller(
            f"Bearer {str(form.get('key') or '').strip()[:MAX_KEY]}"
        )
        if caller is None or caller.agency != person.agency:
            return await self._page(person, KeyOutcome(refused="wrong_key"), 403)
        try:
            key = await self._register.rotate(person.agency, by=person.actor, now=datetime.now(UTC))
        except NotPossible:
            return await self._page(person, KeyOutcome(refused="two_live"), 409)
        return await self._page(person, KeyOutcome(new_key=key))

    async def end(self, request: Request, person: Person) -> Response:
        """One key less, never the one signed in with."""
        form = await require_csrf(request, person)
        prefix = str(form.get("prefix") or "")
        try:
            await self._register.disable_key(
                person.agency, prefix, by=person.actor, now=datetime.now(UTC), keeping=person.key
            )
        except NotPossible:
            return await self._page(person, KeyOutcome(refused="not_live"), 409)
        return await self._page(person, KeyOutcome(ended=prefix))

    async def _page(self, person: Person, outcome: KeyOutcome, status: int = 200) -> Response:
        entry = next(row for row in await self._register.entries() if row.agency == person.agency)
        return self._pages.render(
            "keys.html",
            status,
            person=person,
            keys=entry.keys,
            may_make=len(entry.keys) < LIVE_KEYS,
            outcome=outcome,
        )
