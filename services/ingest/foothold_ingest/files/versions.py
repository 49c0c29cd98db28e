"""What a file's rows say beside the versions that count at this moment.

A row is new, changed, the same, or older. Only what says something new is written.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from foothold_ingest.people.register import PeopleRegister, entries
from foothold_ingest.rules.judgement import Accepted, Held, Judgement
from foothold_ingest.rules.rows.items import Item, Unjudged
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

    judged: list[Judgement | Unjudged]
    taken: list[Accepted | Held]
    counts: Counter[str]
    changes: dict[int, list[Difference]] = field(default_factory=dict)


class Versions:
    """Compares by name what is no register entry, and register entries by their household."""

    def __init__(self, statements: StatementBook, people: PeopleRegister) -> None:
        self._statements = statements
        self._people = people

    async def beside(
        self, batch: Sequence[Item], judged: Sequence[Judgement | Unjudged], mapping: Mapping
    ) -> Beside:
        """Compare a batch whose items were judged."""
        if mapping.rows is RowsAre.MEMBER:
            return Beside(
                list(judged),
                [judgement for judgement in judged if isinstance(judgement, Accepted | Held)],
                Counter(await self._entries(judged)),
            )
        named = [_named(item, judgement) for item, judgement in zip(batch, judged, strict=True)]
        standing = await self._statements.standing(
            {
                judgement.name
                for judgement in named
                if isinstance(judgement, Accepted | Held) and judgement.name is not None
            }
        )
        headers = {column.to: column.headers[0] for column in mapping.columns}
        done = Beside([], [], Counter())
        for item, judgement in zip(batch, named, strict=True):
            if not isinstance(judgement, Accepted | Held) or judgement.name is None:
                done.judged.append(judgement)
                done.taken.extend([judgement] if isinstance(judgement, Accepted | Held) else [])
                continue
            counts = standing.get(judgement.name)
            what = compared(judgement.record, counts)
            done.counts[what.value] += 1
            if what is Compared.CHANGED and counts is not None:
                done.changes[item.rows[0].number] = differences(judgement.record, counts, headers)
                judgement = _amending(judgement, counts.fact_id)  # noqa: PLW2901 - from here on it names what it replaces
            if what is Compared.OLDER:
                judgement = replace(judgement, warnings=(*judgement.warnings, older_warning()))  # noqa: PLW2901 - as above
            done.judged.append(judgement)
            if what in (Compared.NEW, Compared.CHANGED):
                done.taken.append(judgement)
        return done

    async def forget_old(self, now: datetime) -> None:
        """Versions nobody decides by any longer."""
        await self._statements.forget_old(now)

    async def _entries(self, judged: Sequence[Judgement | Unjudged]) -> dict[str, int]:
        """How many register entries are new, changed, or say what stands there already."""
        sent = {
            entry.household_id: entry.digest
            for entry in entries(
                judgement for judgement in judged if isinstance(judgement, Accepted)
            )
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


def _named(item: Item, judgement: Judgement | Unjudged) -> Judgement | Unjudged:
    """With the name the row is known by, unless its data has one of its own."""
    return (
        replace(judgement, name=name_of(judgement.record) or item.name)
        if isinstance(judgement, Accepted | Held)
        else judgement
    )


def _amending(judgement: Accepted | Held, fact_id: str) -> Accepted | Held:
    record = FactRecord(
        **{
            **judgement.record.__dict__,
            "withdraws": tuple(dict.fromkeys((*judgement.record.withdraws, fact_id))),
        }
    )
    return replace(judgement, record=record)
