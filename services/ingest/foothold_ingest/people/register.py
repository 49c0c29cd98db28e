"""The register of people: who belongs to which household, since when and until when.

Numbers are kept under seal, here and nowhere else.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.database import HouseholdRow, MembershipRow, PersonRow
from foothold_ingest.people import doubles
from foothold_ingest.rules.judgement import Accepted, Place
from foothold_ingest.rules.people.earlier import Earlier, Kept, Version, of_members, read
from foothold_ingest.rules.people.placing import Membership
from foothold_runtime.databases import rows_of, whole
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.register import HouseholdRegistered
from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.wire.codec import encode

_CACHE_SECONDS: Final = 10.0
_CACHED: Final = 200_000
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Entry(NamedTuple):
    """A register entry as it came in."""

    household_id: str
    accepted: Accepted
    data: HouseholdRegistered

    @property
    def version(self) -> tuple[datetime, datetime, tuple[int, ...], str]:
        """Which of two entries of a household counts: the greater."""
        return self.accepted.record.version_key

    @property
    def digest(self) -> bytes:
        """What the entry says, its contact included: two equal ones change nothing."""
        contact = b"" if self.accepted.contact is None else encode(self.accepted.contact)
        return blake2b(encode(self.data) + contact, digest_size=16).digest()


class PeopleRegister:
    """The people register in PostgreSQL, remembered for ten seconds.

    An entry another replica has taken holds here within ten.
    """

    def __init__(self, engine: AsyncEngine, secret: bytes) -> None:
        self._engine = engine
        self._seal = Seal(secret, Purpose.PERSON)
        self._known: dict[str, tuple[float, tuple[Membership, ...]]] = {}
        self._named: dict[str, tuple[float, frozenset[str] | None]] = {}

    async def memberships(self, people: Collection[str]) -> dict[str, tuple[Membership, ...]]:
        """Where these people belong; who is in no register is left out."""
        now = time.monotonic()
        by_person = {
            ref: cached[1]
            for ref in people
            if (cached := self._known.get(ref)) is not None and cached[0] > now
        }
        if missing := [ref for ref in people if ref not in by_person]:
            if len(self._known) > _CACHED:
                self._known.clear()
            async with self._engine.connect() as connection:
                asked = await _ask(connection, missing)
            self._known |= {ref: (now + _CACHE_SECONDS, held) for ref, held in asked.items()}
            by_person |= asked
        return by_person

    async def enter(self, accepted: Sequence[Accepted]) -> None:
        """Take in the register entries among these, each household's latest.

        Entries older than what stands change nothing.
        """
        latest = {
            entry.household_id: entry
            for entry in sorted(entries(accepted), key=lambda e: e.version)
        }
        if not latest:
            return
        async with self._engine.begin() as connection:
            newer = await self._changed(connection, latest)
            if newer:
                await self._write(connection, newer)
        for entry in latest.values():
            self._named.pop(entry.household_id, None)
            for person in entry.accepted.people:
                self._known.pop(person.person_ref, None)

    async def members(
        self, households: Collection[str], coming: Sequence[Entry]
    ) -> dict[str, frozenset[str]]:
        """Whom these households' entries name, with those that are just coming.

        A household nobody has entered is left out.
        """
        now = time.monotonic()
        if missing := [
            household
            for household in households
            if self._named.get(household, (0.0, None))[0] <= now
        ]:
            if len(self._named) > _CACHED:
                self._named.clear()
            query = select(HouseholdRow.household_id, HouseholdRow.members).where(
                HouseholdRow.household_id.in_(missing)
            )
            async with self._engine.connect() as connection:
                rows = {row.household_id: row.members for row in await connection.execute(query)}
            for household in missing:
                named = rows.get(household)
                self._named[household] = (
                    now + _CACHE_SECONDS,
                    None if named is None else frozenset(named),
                )
        known = {
            household: named
            for household in households
            if (named := self._named[household][1]) is not None
        }
        for entry in coming:
            if entry.household_id in households:
                known[entry.household_id] = known.get(entry.household_id, frozenset()) | frozenset(
                    of_members(entry.data.members)
                )
        return known

    async def take_back(self, records: Iterable[FactRecord]) -> None:
        """These records are in the log.

        Of a household whose entry one of them takes back the entry before counts again; without
        one, nobody's does.
        """
        facts: dict[str, set[str]] = {}
        for record in records:
            if record.withdraws and record.household_id is not None:
                facts.setdefault(record.household_id, set()).update(record.withdraws)
        if not facts:
            return
        async with self._engine.begin() as connection:
            query = (
                whole(HouseholdRow)
                .where(HouseholdRow.household_id.in_(facts))
                .order_by(HouseholdRow.household_id)
            )
            rows = await rows_of(connection, query.with_for_update())
            again = [
                change
                for row in rows
                if (change := await _taken_back(connection, row, facts[row.household_id]))
            ]
            if again:
                await doubles.look(connection, again, datetime.now(UTC))
        if again:
            self._known.clear()
            self._named.clear()

    async def standing(self, households: Collection[str]) -> dict[str, bytes]:
        """What these households' entries say at this moment, as digests.

        One that has no entry is left out.
        """
        query = select(HouseholdRow.household_id, HouseholdRow.digest).where(
            HouseholdRow.household_id.in_(households), HouseholdRow.digest.is_not(None)
        )
        async with self._engine.connect() as connection:
            return {row.household_id: bytes(row.digest) for row in await connection.execute(query)}

    async def erase(self, household_id: str) -> bool:
        """Forget the household's entry and the numbers of people who stand in no other.

        Tell whether there was one.
        """
        async with self._engine.begin() as connection:
            people = (
                delete(MembershipRow)
                .where(MembershipRow.household_id == household_id)
                .returning(MembershipRow.person_ref)
            )
            left = {row.person_ref for row in await connection.execute(people)}
            elsewhere = select(MembershipRow.person_ref)
            await connection.execute(
                delete(PersonRow).where(
                    PersonRow.person_ref.in_(left), PersonRow.person_ref.not_in(elsewhere)
                )
            )
            await doubles.end(connection, household_id, datetime.now(UTC))
            gone = await connection.execute(
                delete(HouseholdRow)
                .where(HouseholdRow.household_id == household_id)
                .returning(HouseholdRow.household_id)
            )
            was_there = gone.first() is not None
        self._known.clear()
        return was_there

    def subject_of(self, sealed: str) -> str:
        """`<county>/<register number>`; raise BrokenSeal."""
        return self._seal.open(sealed).decode()

    async def _changed(self, connection: AsyncConnection, latest: dict[str, Entry]) -> list[Entry]:
        """The entries that are newer than what stands, under their households' locks."""
        rows = [
            {
                "household_id": h,
                "county": latest[h].data.authority,
                "sealed_subject": self._subject(latest[h].data),
            }
            for h in sorted(latest)
        ]
        await connection.execute(upsert(HouseholdRow).on_conflict_do_nothing(), rows)
        query = whole(HouseholdRow).where(HouseholdRow.household_id.in_(latest))
        ordered = query.order_by(HouseholdRow.household_id)
        held = await rows_of(connection, ordered.with_for_update())
        newer = []
        for row in held:
            entry, earlier = latest[row.household_id], read(row.earlier)
            if entry.version[3] in earlier.gone:
                continue
            is_newer = row.registered_at is None or _version(row) <= entry.version
            if is_newer:
                newer.append(entry)
            if row.registered_at is not None and row.fact_id != entry.version[3]:
                kept = earlier.beside(await _kept(connection, row) if is_newer else _kept_of(entry))
                await connection.execute(
                    update(HouseholdRow)
                    .where(HouseholdRow.household_id == entry.household_id)
                    .values(earlier=kept.as_json())
                )
        return newer

    def _subject(self, data: HouseholdRegistered) -> str:
        return self._seal.close(f"{data.authority}/{data.register_number}".encode())

    async def _write(self, connection: AsyncConnection, newer: Sequence[Entry]) -> None:
        update_query = update(HouseholdRow).where(
            HouseholdRow.household_id == bindparam("household")
        )
        columns = ("registered_at", "recorded_at", "place", "fact_id", "digest", "members")
        values_of = [(e, (*e.version, e.digest, list(of_members(e.data.members)))) for e in newer]
        changed = [
            {"household": e.household_id}
            | {f"new_{c}": v for c, v in zip(columns, values, strict=True)}
            for e, values in values_of
        ]
        await connection.execute(
            update_query.values({column: bindparam(f"new_{column}") for column in columns}), changed
        )
        await self._write_people(connection, newer)
        households = [e.household_id for e in newer]
        await connection.execute(
            delete(MembershipRow).where(MembershipRow.household_id.in_(households))
        )
        if rows := [row for entry in newer for row in _intervals(entry)]:
            await connection.execute(insert(MembershipRow), rows)
        await doubles.look(connection, households, datetime.now(UTC))

    async def _write_people(self, connection: AsyncConnection, newer: Sequence[Entry]) -> None:
        people = {person.person_ref: person for entry in newer for person in entry.accepted.people}
        rows = [
            {
                "person_ref": ref,
                "sealed": self._seal.close(people[ref].number.encode()),
                "is_derived": people[ref].is_derived,
            }
            for ref in sorted(people)
        ]
        if rows:
            known = upsert(PersonRow)
            await connection.execute(
                known.on_conflict_do_update(
                    index_elements=["person_ref"],
                    set_={"is_derived": PersonRow.is_derived & known.excluded.is_derived},
                ),
                rows,
            )


def _version(row: HouseholdRow) -> Version:
    """What the household stands at.

    What was entered before the rest was kept comes before what is entered since.
    """
    return (
        row.registered_at or _LONG_AGO,
        row.recorded_at or _LONG_AGO,
        tuple(row.place or ()),
        row.fact_id or "",
    )


async def _kept(connection: AsyncConnection, row: HouseholdRow) -> Kept:
    """The entry the household stands at."""
    which = (MembershipRow.person_ref, MembershipRow.joined_on, MembershipRow.left_on)
    people = await connection.execute(
        select(*which)
        .where(MembershipRow.household_id == row.household_id)
        .order_by(MembershipRow.membership_id)
    )
    members = None if row.members is None else tuple(row.members)
    return Kept(
        _version(row),
        row.digest,
        members,
        tuple(
            (membership.person_ref, membership.joined_on, membership.left_on)
            for membership in people
        ),
    )


def _kept_of(entry: Entry) -> Kept:
    """An entry that came after one that counts before it."""
    numbered = {person.person_ref for person in entry.accepted.people}
    intervals = tuple(
        (m.person_ref, m.joined_on, m.left_on)
        for m in entry.data.members
        if m.person_ref in numbered
    )
    return Kept(entry.version, entry.digest, of_members(entry.data.members), intervals)


async def _taken_back(
    connection: AsyncConnection, row: HouseholdRow, facts: set[str]
) -> str | None:
    """Without the entries among these facts.

    The household, where another entry counts now or none.
    """
    household, earlier = row.household_id, read(row.earlier)
    withdrawn = facts & {row.fact_id, *(entry.fact_id for entry in earlier.entries)}
    if not withdrawn:
        return None
    left = earlier.without(withdrawn)
    values: dict[str, object] = {}
    if row.fact_id in withdrawn:
        last = left.entries[-1] if left.entries else None
        left = Earlier(left.entries[:-1], left.gone)
        values = dict.fromkeys(
            ("registered_at", "recorded_at", "place", "fact_id", "digest", "members")
        )
        if last is not None:
            at, recorded, place, fact_id = last.version
            members = None if last.members is None else list(last.members)
            values = {
                "registered_at": at,
                "recorded_at": recorded,
                "place": list(place),
                "fact_id": fact_id,
                "digest": last.digest,
                "members": members,
            }
        await connection.execute(
            delete(MembershipRow).where(MembershipRow.household_id == household)
        )
        if last is not None and last.intervals:
            known = set(
                (
                    await connection.execute(
                        select(PersonRow.person_ref).where(
                            PersonRow.person_ref.in_([i[0] for i in last.intervals])
                        )
                    )
                ).scalars()
            )
            rows = [
                {"household_id": household, "person_ref": ref, "joined_on": j, "left_on": gone}
                for ref, j, gone in last.intervals
                if ref in known
            ]
            await connection.execute(insert(MembershipRow), rows)
    await connection.execute(
        update(HouseholdRow)
        .where(HouseholdRow.household_id == household)
        .values(**values, earlier=left.as_json())
    )
    return household if values else None


def entries(accepted: Iterable[Accepted]) -> list[Entry]:
    """The register entries among these."""
    return [
        Entry(a.record.household_id, a, a.record.data)
        for a in accepted
        if isinstance(a.record.data, HouseholdRegistered) and a.record.household_id is not None
    ]


def _intervals(entry: Entry) -> list[dict[str, object]]:
    numbered = {person.person_ref for person in entry.accepted.people}
    return [
        {
            "household_id": entry.household_id,
            "person_ref": m.person_ref,
            "joined_on": m.joined_on,
            "left_on": m.left_on,
        }
        for m in entry.data.members
        if m.person_ref in numbered
    ]


async def _ask(
    connection: AsyncConnection, people: Collection[str]
) -> dict[str, tuple[Membership, ...]]:
    query = (
        select(
            *MembershipRow.__table__.columns,
            HouseholdRow.county,
            HouseholdRow.registered_at,
            doubles.open_for(MembershipRow.person_ref).label("disputed"),
        )
        .join(HouseholdRow, HouseholdRow.household_id == MembershipRow.household_id)
        .where(MembershipRow.person_ref.in_(people))
    )
    memberships: dict[str, tuple[Membership, ...]] = {}
    for row in await connection.execute(query):
        membership = Membership(
            Place(row.household_id, row.county),
            row.joined_on,
            row.left_on,
            row.registered_at,
            row.disputed,
        )
        memberships[row.person_ref] = (*memberships.get(row.person_ref, ()), membership)
    return memberships
