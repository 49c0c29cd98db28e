"""The state of one partition: households packed as bytes, the control record, and the indexes that follow from them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import msgspec
from msgspec.msgpack import Decoder, Encoder

from foothold_risk.errors import UnknownState
from foothold_risk.rules.due import next_due
from foothold_risk.rules.heard import Span
from foothold_risk.rules.household import Household
from foothold_risk.rules.incidents import Look
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.struck import Incident

CONTROL_KEY: Final = b"~control"
STATE_VERSION: Final = b"\x01"

_encoder: Final = Encoder()
_household: Final = Decoder(Household)


class Control(msgspec.Struct, frozen=True):
    """What holds for every household of the partition: day, bundle, what feeds have said and when, incidents, and whom to look at because of them."""

    open_day: date | None = None
    bundle: str | None = None
    heard: dict[str, tuple[Span, ...]] = {}
    spoke: dict[str, date] = {}
    incidents: dict[str, Incident] = {}
    looks: tuple[Look, ...] = ()


_control: Final = Decoder(Control)


def pack(state: Household | Control) -> bytes:
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
        raise UnknownState(f"state version {packed[:1].hex()}, this worker reads {STATE_VERSION.hex()}")
    return memoryview(packed)[1:]


class Households:
    """Reads see what is committed. Writes are gathered in a `Batch` and become visible when the transaction has been committed."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self.control = Control()
        self.registered: Counter[str] = Counter()
        self.policies = policies
        self._packed: dict[bytes, bytes] = {}
        self._due: defaultdict[date, set[bytes]] = defaultdict(set)
        self._due_on: dict[bytes, date] = {}
        self._area: dict[bytes, str] = {}

    @property
    def policy(self) -> Policy | None:
        """The bundle in force; KeyError when this worker does not have it."""
        return None if self.control.bundle is None else self.policies[self.control.bundle]

    def get(self, key: bytes) -> Household:
        """The household, empty if unknown."""
        packed = self._packed.get(key)
        return Household() if packed is None else unpack(packed)

    def restore(self, key: bytes, packed: bytes) -> None:
        """Take over a record of the changelog; call `plan_anew` after the last one."""
        if key == CONTROL_KEY:
            self.control = unpack_control(packed)
        else:
            self._packed[key] = packed

    def take_over(self, batch: "Batch") -> None:
        """Make a committed batch visible."""
        for key, household in batch.changed.items():
            self._packed[key] = batch.packed[key]
            self._index(key, household)
        if batch.control is not None:
            is_other_policy = batch.control.bundle != self.control.bundle
            self.control = batch.control
            if is_other_policy:
                self.plan_anew()

    def _index(self, key: bytes, household: Household) -> None:
        area = household.register.area if household.register is not None else None
        if area != (before := self._area.get(key)):
            if before is not None:
                self.registered[before] -= 1
            if area is not None:
                self._area[key] = area
                self.registered[area] += 1
        self._plan(key, household)

    def _plan(self, key: bytes, household: Household) -> None:
        if (planned := self._due_on.pop(key, None)) is not None:
            self._due[planned].discard(key)
            if not self._due[planned]:
                del self._due[planned]
        place = None if self.policy is None or household.register is None else self.policy.place(household.register.area)
        if household.as_of is None or place is None:
            return
        due = next_due(household, household.as_of, place.on(household.as_of))
        self._due_on[key] = due
        self._due[due].add(key)

    def plan_anew(self) -> None:
        """Build the indexes: after a restore, and when another policy moves the days on which things fall due."""
        for key, packed in self._packed.items():
            self._index(key, unpack(packed))

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
        self.packed: dict[bytes, bytes] = {}
        self.control: Control | None = None
        self._households = households

    def get(self, key: bytes) -> Household:
        """The household with this batch's changes."""
        return self.changed.get(key) or self._households.get(key)

    def put(self, key: bytes, household: Household) -> None:
        """Change it in this batch."""
        self.changed[key] = household

    def records(self) -> Iterable[tuple[bytes, bytes]]:
        """What the changelog gets: the last version of each household, then the control record if it changed."""
        self.packed = {key: pack(household) for key, household in self.changed.items()}
        yield from self.packed.items()
        if self.control is not None:
            yield CONTROL_KEY, pack(self.control)
