"""Who is at the desk, and whether a request is really theirs."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi import Request

from foothold_alerts.area_names import AreaNames
from foothold_alerts.areas.incidents import Incidents
from foothold_alerts.areas.warnings import Areas
from foothold_alerts.cases.back import TakingBack
from foothold_alerts.cases.disputes import Disputes
from foothold_alerts.cases.plan import Plan
from foothold_alerts.cases.relief import ReliefDesk
from foothold_alerts.cases.steps import Work
from foothold_alerts.metrics import Metrics
from foothold_alerts.people.accounts import Accounts, Person
from foothold_alerts.queries.inbox import Inbox
from foothold_alerts.queries.lists import Lists
from foothold_alerts.queries.projects import Projects
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.rules.workflow import Workflows
from foothold_alerts.web.live import Pulse
from foothold_schemas.seal import Seal


class NotLoggedIn(Exception):  # noqa: N818 - an answer
    """No session, or one that ended."""


class Forged(Exception):  # noqa: N818 - an answer
    """A change without the session's token, or from another site."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    accounts: Accounts
    work: Work
    back: TakingBack
    relief: ReliefDesk
    plan: Plan
    disputes: Disputes
    lists: Lists
    areas: Areas
    incidents: Incidents
    projects: Projects
    checklists: Mapping[str, Sequence[tuple[str, str]]]
    workflows: Workflows
    calendar: WorkDays
    inbox: Inbox
    metrics: Metrics
    pulse: Pulse
    directory_seal: Seal
    is_production: bool
    area_names: AreaNames = field(default_factory=AreaNames.load)

    @property
    def cookie(self) -> str:
        """`__Host-` ties the cookie to this host and HTTPS.

        Plain HTTP on a developer's machine cannot carry it.
        """
        return "__Host-foothold" if self.is_production else "foothold"


async def person_of(desk: Desk, request: Request) -> Person:
    """Whose session the request carries; raise NotLoggedIn."""
    token = request.cookies.get(desk.cookie)
    person = await desk.accounts.person(token, datetime.now(UTC)) if token else None
    if person is None:
        raise NotLoggedIn
    return person


def require_csrf(request: Request, person: Person, csrf: str) -> None:
    """Raise Forged unless the form is one of ours, made for this session."""
    require_same_origin(request)
    if not hmac.compare_digest(csrf.encode(), person.csrf.encode()):
        raise Forged


def require_same_origin(request: Request) -> None:
    """Browsers say where a form comes from; a form from elsewhere is refused.

    Programs that say nothing still need the token.
    """
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise Forged
