"""The state of one partition.

It has households packed as bytes, the control record, and the indexes that follow from them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from foothold_risk.errors import MissingBundle, UnknownState
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.incidents import Incident, IncidentIndex
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.due import next_due

CONTROL_KEY: Final = b"~control"
INCIDENT_KEY: Final = b"~incident "
"""Before an incident's name. One more costs the changelog one small record, not all of them once
more."""
STATE_VERSION: Final = b"\x01"

_encoder: Final = Encoder()
_household: Final = Decoder(Household)


_control: Final = Decoder(Control)
_incident: Final = Decoder(Incident)


def is_household(key: bytes) -> bool:
    """Whether a record of the changelog is a household's."""
    return not key.startswith(b"~")


def pack(state: Household | Control | Incident) -> bytes:
    """One version byte, then MessagePack."""
    return STATE_VERSION + _encoder.encode(state)


def unpack(packed: bytes) -> Household:
    """The household; raise UnknownState."""
    return _household.decode(_body(packed))


def unpack_control(packed: bytes) -> Control:
    """The control record; raise UnknownState."""
    return _control.decode(_body(packed))


def _body(packed: bytes) -> memoryview:
    if packed[:1] != STATE_VERSION:
        raise UnknownState(
            f"state version {packed[:1].hex()}, this worker reads {STATE_VERSION.hex()}"
        )
    return memoryview(packed)[1:]


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction writes, and what becomes visible once it is committed.

    `records`: what the changelog gets, the last version of each household, then the incidents and
    the control record if they changed. `due`: when each household is looked at next.
    """

    households: Mapping[bytes, Household]
    due: Mapping[bytes, date | None]
    packed: Mapping[bytes, bytes]
    control: Control | None
    records: tuple[tuple[bytes, bytes], ...]


class Households:
    """Reads see what is committed.

    Writes are gathered in a `Batch` and become visible when the transaction has been committed.

    `written`: the incidents as they stand in records of their own; one that stands only in an older
    control record has none yet.
    """

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self.control = Control()
        self.registered: Counter[str] = Counter()
        self.policies = policies
        self.not_judged: set[bytes] = set()
        self.written: dict[str, Incident] = {}
        self._packed: dict[bytes, bytes] = {}
        self._due: defaultdict[date, set[bytes]] = defaultdict(set)
        self._due_on: dict[bytes, date] = {}
        self._area: dict[bytes, str] = {}

    @property
    def policy(self) -> Policy | None:
        """The bundle in force; raise MissingBundle when this worker does not have it."""
        return self.policy_under(self.control)

    def policy_under(self, control: Control) -> Policy | None:
        """The bundle a control record puts in force; raise MissingBundle."""
        if control.bundle is None:
            return None
        try:
            return self.policies[control.bundle]
        except KeyError:
            raise MissingBundle(
                f"policy bundle {control.bundle} is in force but not in this worker's policy folder"
            ) from None

    def get(self, key: bytes) -> Household:
        """The household, empty if unknown."""
        packed = self._packed.get(key)
        return Household() if packed is None else unpack(packed)

    def keys(self) -> list[bytes]:
        """Every household it knows, in a stable order."""
        return sorted(self._packed)

    def restore(self, key: bytes, packed: bytes) -> None:
        """Take over a record of the changelog; call `restored` after the last one."""
        if key == CONTROL_KEY:
            self.control = unpack_control(packed)
        elif key.startswith(INCIDENT_KEY):
            self.written[key.removeprefix(INCIDENT_KEY).decode()] = _incident.decode(_body(packed))
        else:
            self._packed[key] = packed

    def restored(self) -> None:
        """Every record was taken over: put together what follows from them."""
        self.control = replace(
            self.control, incidents=IncidentIndex({**self.control.incidents, **self.written})
        )
        self.plan_anew()

    def take_over(self, commit: Commit) -> None:
        """Make what was committed visible."""
        for key, household in commit.households.items():
            self._packed[key] = commit.packed[key]
            self._index(key, household, commit.due[key])
        if commit.control is not None:
            is_other_policy = commit.control.bundle != self.control.bundle
            self.control = commit.control
            self.written = dict(commit.control.incidents)
            if is_other_policy:
                self.plan_anew()

    def _index(self, key: bytes, household: Household, due: date | None) -> None:
        area = household.register.area if household.register is not None else None
        if area != (before := self._area.get(key)):
            if self._area.pop(key, None) is not None and before is not None:
                self.registered[before] -= 1
            if area is not None:
                self._area[key] = area
                self.registered[area] += 1
        if household.unjudged is None:
            self.not_judged.discard(key)
        else:
            self.not_judged.add(key)
        self._plan(key, due)

    def _plan(self, key: bytes, due: date | None) -> None:
        if (planned := self._due_on.pop(key, None)) is not None:
            self._due[planned].discard(key)
            if not self._due[planned]:
                del self._due[planned]
        if due is not None:
            self._due_on[key] = due
            self._due[due].add(key)

    def due_of(self, household: Household) -> date | None:
        """When time alone may change something about it.

        It may raise, so it is asked before the commit: planning is part of deciding.
        """
        policy, register = self.policy, household.register
        place = None if policy is None or register is None else policy.place(register.area)
        if household.as_of is None or place is None or household.unjudged is not None:
            return None
        return next_due(household, household.as_of, place.on(household.as_of))

    def plan_anew(self) -> None:
        """Build the indexes.

        This is done after a restore, and when another policy moves the days on which things fall
        due.

        A household that cannot be planned is due on the next day: it then fails where failing is
        counted, and stops nobody here.
        """
        for key, packed in self._packed.items():
            household = unpack(packed)
            self._index(key, household, self._due_or_next_day(household))

    def _due_or_next_day(self, household: Household) -> date | None:
        try:
            return self.due_of(household)
        except MissingBundle:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, judging the household will meet it again
            return None if household.as_of is None else household.as_of + timedelta(days=1)

    def due(self, day: date) -> list[bytes]:
        """Registered households to look at on this day, in a stable order."""
        keys = {key for planned, waiting in self._due.items() if planned <= day for key in waiting}
        return sorted(keys & self._area.keys())

    def in_area(self, area: str) -> list[bytes]:
        """Registered households whose village lies in the area; "" means all."""
        return sorted(key for key, village in self._area.items() if village.startswith(area))

    def registered_by_village(self) -> dict[str, int]:
        """How many households are registered where."""
        return {area: count for area, count in sorted(self.registered.items()) if count}


class Batch:
    """What one transaction will change. Later reads in the batch see earlier writes."""

    def __init__(self, households: Households) -> None:
        self.changed: dict[bytes, Household] = {}
        self.due: dict[bytes, date | None] = {}
        self.control: Control | None = None
        self._households = households

    def get(self, key: bytes) -> Household:
        """The household with this batch's changes."""
        return self.changed.get(key) or self._households.get(key)

    def put(self, key: bytes, household: Household) -> None:
        """Change it in this batch; nothing is changed where planning it raises."""
        self.due[key] = self._households.due_of(household)
        self.changed[key] = household

    def drop(self, key: bytes) -> None:
        """Take back what the batch changed of a household."""
        self.changed.pop(key, None)
        self.due.pop(key, None)

    def commit(self) -> Commit:
        """What the batch comes to, packed once."""
        packed = {key: pack(household) for key, household in self.changed.items()}
        control = () if self.control is None else self._control_records(self.control)
        return Commit(
            households=self.changed,
            due=self.due,
            packed=packed,
            control=self.control,
            records=(*packed.items(), *control),
        )

    def _control_records(self, control: Control) -> Iterator[tuple[bytes, bytes]]:
        """The incidents that changed, then the control record."""
        written = self._households.written
        for name, incident in control.incidents.items():
            if written.get(name) is not incident:
                yield INCIDENT_KEY + name.encode(), pack(incident)
        yield CONTROL_KEY, pack(replace(control, incidents={}))
