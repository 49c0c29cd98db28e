"""What a file's rows say beside the versions that count at this moment.

A row is new, changed, the same, or older. Only what says something new is written.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from foothold_ingest.people.register import PeopleRegister, entries
from foothold_ingest.rules.judgement import Accepted, Held, Judgement
from foothold_ingest.rules.rows.items import Item, Repeat
from foothold_ingest.rules.rows.mapping import Mapping, RowsAre
from foothold_ingest.rules.statements import (
    Compared,
    Difference,
    compared,
    differences,
    name_of,
    older_warning,
)
from foothold_ingest.statements.versions import StatementBook
from foothold_schemas.facts.envelope import FactRecord


@dataclass(frozen=True, slots=True)
class Beside:
    """A batch beside what counts.

    `taken`: what is to be kept. `changes`: row → in what it differs. `counts` by Compared.
    """

    judged: list[Judgement | Repeat]
    taken: list[Accepted | Held]
    counts: Counter[str]
    changes: dict[int, list[Difference]] = field(default_factory=dict)


class Versions:
    """Compares by name what is no register entry, and register entries by their household."""

    def __init__(self, statements: StatementBook, people: PeopleRegister) -> None:
        self._statements = statements
        self._people = people

    async def beside(
        self, batch: Sequence[Item], judged: Sequence[Judgement | Repeat], mapping: Mapping
    ) -> Beside:
        """Compare a batch whose items were judged."""
        if mapping.rows is RowsAre.MEMBER:
            return Beside(
                list(judged),
                [one for one in judged if isinstance(one, Accepted | Held)],
                Counter(await self._entries(judged)),
            )
        named = [_named(item, one) for item, one in zip(batch, judged, strict=True)]
        standing = await self._statements.standing(
            {one.name for one in named if isinstance(one, Accepted | Held) and one.name is not None}
        )
        headers = {column.to: column.headers[0] for column in mapping.columns}
        done = Beside([], [], Counter())
        for item, one in zip(batch, named, strict=True):
            if not isinstance(one, Accepted | Held) or one.name is None:
                done.judged.append(one)
                done.taken.extend([one] if isinstance(one, Accepted | Held) else [])
                continue
            counts = standing.get(one.name)
            what = compared(one.record, counts)
            done.counts[what.value] += 1
            if what is Compared.CHANGED and counts is not None:
                done.changes[item.rows[0].number] = differences(one.record, counts, headers)
                one = _amending(one, counts.fact_id)  # noqa: PLW2901 - from here on it names what it replaces
            if what is Compared.OLDER:
                one = replace(one, warnings=(*one.warnings, older_warning()))  # noqa: PLW2901 - as above
            done.judged.append(one)
            if what in (Compared.NEW, Compared.CHANGED):
                done.taken.append(one)
        return done

    async def forget_old(self, now: datetime) -> None:
        """Versions nobody decides by any longer."""
        await self._statements.forget_old(now)

    async def _entries(self, judged: Sequence[Judgement | Repeat]) -> dict[str, int]:
        """How many register entries are new, changed, or say what stands there already."""
        sent = {
            entry.household_id: entry.digest
            for entry in entries(one for one in judged if isinstance(one, Accepted))
        }
        if not sent:
            return {}
        standing = await self._people.standing(sent)
        same = sum(standing.get(household) == digest for household, digest in sent.items())
        return {
            Compared.NEW: len(sent) - len(standing),
            Compared.SAME: same,
            Compared.CHANGED: len(standing) - same,
        }


def _named(item: Item, one: Judgement | Repeat) -> Judgement | Repeat:
    """With the name the row is known by, unless its data has one of its own."""
    return (
        replace(one, name=name_of(one.record) or item.name)
        if isinstance(one, Accepted | Held)
        else one
    )


def _amending(one: Accepted | Held, fact_id: str) -> Accepted | Held:
    record = FactRecord(
        **{
            **one.record.__dict__,
            "withdraws": tuple(dict.fromkeys((*one.record.withdraws, fact_id))),
        }
    )
    return replace(one, record=record)
