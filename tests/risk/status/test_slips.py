"""An entry of the register is known by what it says, whoever sent it when."""

from datetime import date

from msgspec.structs import replace

from foothold_risk.rules.household.facts import Member, Register
from foothold_risk.rules.household.packed import Version
from foothold_risk.rules.status.slips import is_named, name_of
from foothold_schemas.values import Standing

MEMBERS = tuple(Member(person, None, None, is_counted=True) for person in ("p0", "p1"))
ENTRY = Register(b"first", 0, "370399", "V1", "370399101201", Standing.ORDINARY, MEMBERS)


def test_the_same_said_twice_has_one_name() -> None:
    again = replace(ENTRY, fact_id=b"again", day=date(2026, 6, 12), version=Version(5, 6, (7,)))
    assert name_of(again) == name_of(ENTRY)


def test_what_says_something_else_has_another_name() -> None:
    others = (
        replace(ENTRY, members=ENTRY.members[:1]),
        replace(ENTRY, standing=Standing.EX_POOR),
        replace(ENTRY, area="370399101202"),
    )
    assert len({name_of(entry) for entry in (ENTRY, *others)}) == 4


def test_a_state_of_before_knew_an_entry_by_the_id_of_its_fact() -> None:
    assert is_named(b"first", ENTRY)
    assert not is_named(b"", ENTRY)
    assert not is_named(b"again", ENTRY)
