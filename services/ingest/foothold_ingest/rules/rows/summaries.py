"""What an event says in plain words and numbers, so that its sender knows it again.

Nothing that names a person. Pure.
"""

from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import IncomeReported, MedicalClaimSettled
from foothold_schemas.values import Fen


def said_in(record: FactRecord) -> dict[str, str]:
    """The values of the event's own fields."""
    data = record.data.model_dump(
        mode="json", exclude={"kind", "person_ref"}, exclude_defaults=True
    )
    return {
        name: str(value)
        for name, value in data.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }


def amounts_in(record: FactRecord) -> dict[str, str]:
    """As `said_in`.

    Of a bill also what the payers covered together, of an income whether it is for twelve months.
    """
    match record.data:
        case MedicalClaimSettled(paid=paid):
            return said_in(record) | {"paid": str(Fen(paid.total))}
        case IncomeReported(is_yearly=True):
            return said_in(record) | {"is_yearly": "true"}
        case _:
            return said_in(record)
