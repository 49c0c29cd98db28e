"""The demonstration county, in CloudEvents.

It has 5,999 surveyed households as agencies would report them.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from foothold_schemas.facts.envelope import event_type

COUNTY: Final = "370399"
DATA: Final = Path(__file__).with_name("data") / "vlss1998.csv"
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
COMMUNES_A_TOWNSHIP: Final = 20

_SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫"
_GIVEN: Final = "安和平福康宁丰禾田春林泉"

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One line of the survey. Money in thousand dong."""

    number: str
    commune: int
    members: int
    total_spending: Decimal
    health_spending: Decimal

    @property
    def village(self) -> str:
        """The commune as a village of the demo county, twenty communes a township."""
        return (
            f"{COUNTY}{101 + (self.commune - 1) // COMMUNES_A_TOWNSHIP:03d}{200 + self.commune:03d}"
        )

    @property
    def subject(self) -> str:
        """The CloudEvents subject."""
        return f"{COUNTY}/{self.number}"


def area_names(households: list[Surveyed]) -> Iterator[tuple[str, str, str]]:
    """Code, name and English name of the county, its townships and its villages; all invented."""
    yield COUNTY, "示范县", "Demonstration county"
    villages = {household.village: household.commune for household in households}
    for township in sorted({code[:9] for code in villages}):
        number = int(township[6:]) - 100
        yield township, f"示范{number}乡", f"township {number}"
    for code, commune in sorted(villages.items()):
        yield code, f"第{commune}村", f"village {commune}"


def survey() -> list[Surveyed]:
    """All households of the survey."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return [
            Surveyed(
                row["household"],
                int(row["commune"]),
                int(row["members"]),
                Decimal(row["total_spending_12m"]),
                Decimal(row["health_spending_12m"]),
            )
            for row in csv.DictReader(file)
        ]


def month_before(day: date, months: int) -> date:
    """The first day of the month so many months before the day's."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def contact(household: Surveyed) -> Event:
    """An invented head of household, the same for the same register number.

    The survey itself names nobody.
    """
    chosen = int.from_bytes(hashlib.blake2b(household.number.encode(), digest_size=4).digest())
    name = _SURNAMES[chosen % len(_SURNAMES)] + "示" + _GIVEN[chosen // 64 % len(_GIVEN)]
    return {
        "name": name,
        "address": f"示范县第{household.commune}村{chosen % 300 + 1}号",
        "telephone": f"000-{chosen % 10**7:07d}",
    }


def registrations(households: list[Surveyed], now: datetime) -> Iterator[Event]:
    """One register entry each: everybody ordinary, the contact invented."""
    for h in households:
        members = [{"person_ref": f"{h.number}-{n}"} for n in range(1, h.members + 1)]
        data: Event = {
            "authority": COUNTY,
            "register_number": h.number,
            "area": h.village,
            "standing": "ordinary",
            "members": members,
        }
        data["contact"] = contact(h)
        yield _event("statistics", "HouseholdRegistered", f"reg-{h.number}", h, now, data)


def incomes(households: list[Surveyed], today: date, now: datetime) -> Iterator[Event]:
    """One yearly figure each, covering the twelve whole months before today."""
    last = month_before(today, 1)
    for h in households:
        data: Event = {
            "category": "operating",
            "item": "survey",
            "amount": f"{h.total_spending:.2f}",
            "earned_month": f"{last:%Y-%m}",
            "is_yearly": True,
        }
        yield _event("statistics", "IncomeReported", f"inc-{h.number}", h, now, data)


def claims(households: list[Surveyed], today: date) -> Iterator[Event]:
    """One bill each, on the 15th of a middle month, covered by nobody.

    None where the survey reports no health spending.
    """
    settled = month_before(today, 6).replace(day=15)
    at = datetime(settled.year, settled.month, settled.day, 12, tzinfo=SHANGHAI)
    for h in households:
        if h.health_spending > 0:
            data: Event = {
                "claim_number": f"C-{h.number}",
                "settled_on": settled.isoformat(),
                "setting": "inpatient",
                "total": f"{h.health_spending:.2f}",
            }
            yield _event(
                "health-insurance", "MedicalClaimSettled", f"claim-{h.number}", h, at, data
            )


def storm(households: list[Surveyed], today: date, now: datetime) -> Iterator[Event]:
    """A storm that destroys every one of these homes; verified, no spending."""
    for h in households:
        data: Event = {
            "hazard": "storm",
            "struck_on": today.isoformat(),
            "home": "destroyed",
            "is_verified": True,
        }
        yield _event("emergency-management", "DisasterStruck", f"storm-{h.number}", h, now, data)


def operator_event(kind: str, event_id: str, now: datetime, data: Event) -> Event:
    """An event of the operator: a day opened, a policy adopted."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/agencies/foothold-operator",
        "type": event_type(kind),
        "time": now.isoformat(),
        "data": data,
    }


def _event(  # noqa: PLR0913, PLR0917 - an event's own parts
    agency: str, kind: str, event_id: str, household: Surveyed, at: datetime, data: Event
) -> Event:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/agencies/{agency}",
        "type": event_type(kind),
        "time": (at - timedelta(seconds=1)).isoformat(),
        "subject": household.subject,
        "datacontenttype": "application/json",
        "data": data,
    }
