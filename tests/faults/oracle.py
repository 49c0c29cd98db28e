"""What must hold after any fault.

A small, slow, obvious model over the ledger, written apart from the rules it checks.

O1 no loss · O2 no double effect · O3 one case per episode · O4 no phantom · O5 transition numbers
without holes · O6 offsets cover each partition · O7 quarantine holds exactly what was planted · O8
all of it within a minute of the last heal.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from confluent_kafka import Consumer, TopicPartition

from deploy.local.stack import Stack
from foothold_ingest.rules.accept import fact_id, household_id
from foothold_risk.rules.household.household import Household
from foothold_risk.worker.state import is_household, unpack
from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.wire.codec import decode_quarantined
from foothold_schemas.wire.topics import (
    EMBEDDED_PARTITIONS,
    HOUSEHOLD_FACTS,
    HOUSEHOLD_STATE,
    QUARANTINE,
)
from tests.faults.world import COUNTY, Happened, Ledger
from tests.support.running.sender import read_topic, transitions

LINE_FEN = 730_000
SELF_PAID_FEN = 2_000_000
HEAL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Expected:
    """Where a household must stand: status and group, and the sums of its distinct facts."""

    status: str
    group: str | None
    income: int
    own_shares: int
    facts: frozenset[bytes]


def expected(happened: Iterable[Happened]) -> Expected:
    """The model: one household's accepted events, each id once, each bill number once."""
    events = {e.event_id: e for e in happened}.values()
    members = max(e.members for e in events)
    income = sum(e.amount for e in events if e.kind == "IncomeReported")
    bills = {e.business_key: e.amount for e in events if e.kind == "MedicalClaimSettled"}
    own = sum(bills.values())
    is_struck = any(e.kind == "DisasterStruck" for e in events)
    is_costly = own >= SELF_PAID_FEN
    is_heavy = own * 100 > income * 70
    per_head, left_per_head = _rounded(income, members), _rounded(income - own, members)
    status, group = "clear", None
    if per_head < LINE_FEN and (is_costly or is_heavy or is_struck):
        status, group = "group", "marginal"
    elif (
        per_head >= LINE_FEN
        and (is_costly or is_heavy or is_struck)
        and (left_per_head < LINE_FEN or is_struck)
    ):
        status, group = "group", "sudden_hardship"
    elif is_costly or is_heavy or is_struck or per_head <= LINE_FEN:
        status = "watch"
    return Expected(status, group, income, own, frozenset(_identity(e) for e in events))


def _rounded(total: int, members: int) -> int:
    """To the nearest fen, halves away from zero."""
    whole = (2 * abs(total) + members) // (2 * members)
    return whole if total >= 0 else -whole


def _identity(e: Happened) -> bytes:
    return bytes.fromhex(fact_id(f"/agencies/{e.agency}", e.event_id))


def _states(stack: Stack) -> dict[str, Household]:
    newest: dict[bytes, tuple[int, bytes]] = {}
    for m in read_topic(stack.kafka.bootstrap, HOUSEHOLD_STATE.name):
        if is_household(m.key()) and m.offset() >= newest.get(m.key(), (-1, b""))[0]:
            newest[m.key()] = (m.offset(), m.value())
    return {key.decode(): unpack(value) for key, (_, value) in newest.items()}


def _uncommitted(stack: Stack) -> list[str]:
    """O6: return the partitions of the log with records that risk has not committed.

    Each comes with how far it is.

    The end of a partition is no measure: what ends a transaction stands there too, and nobody
    commits it where no record follows.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": stack.kafka.bootstrap,
            "group.id": "risk",
            "enable.auto.commit": False,
        }
    )
    try:
        asked = consumer.committed(
            [TopicPartition(HOUSEHOLD_FACTS.name, n) for n in range(EMBEDDED_PARTITIONS)],
            timeout=10,
        )
    finally:
        consumer.close()
    reached = {p.partition: p.offset for p in asked}
    last = {
        m.partition(): m.offset() for m in read_topic(stack.kafka.bootstrap, HOUSEHOLD_FACTS.name)
    }
    return [
        f"partition {n}: {reached[n]} of {offset + 1}"
        for n, offset in sorted(last.items())
        if reached[n] <= offset
    ]


def wait_healed(stack: Stack, ledger: Ledger) -> float:
    """Until every accepted event is in a state and every transition in the desk's table.

    Return the seconds. O8.
    """
    began = time.monotonic()
    missing = "?"
    while time.monotonic() - began < HEAL_SECONDS:
        missing = _missing(stack, ledger)
        if not missing:
            return time.monotonic() - began
        time.sleep(0.5)
    raise AssertionError(f"O8: not within {HEAL_SECONDS} seconds: {missing}")


def _missing(stack: Stack, ledger: Ledger) -> str:
    known = {f for home in _states(stack).values() for f in _facts(home)}
    repeats = _repeats(ledger)
    if lost := [
        e.event_id
        for e in ledger.accepted.values()
        if _identity(e) not in known and e.event_id not in repeats
    ]:
        return f"O1: {len(lost)} facts in no state, such as {lost[:3]}"
    if behind := _uncommitted(stack):
        return f"O6: risk has not committed everything: {behind}"
    aside = {
        decode_quarantined(m.value()).source_id
        for m in read_topic(stack.kafka.bootstrap, QUARANTINE.name)
    }
    if len(aside) < len(ledger.planted):
        return f"O7: {len(ledger.planted) - len(aside)} bad records not yet set aside"
    written = {t.transition_id for t in transitions(stack.kafka.bootstrap)}
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        taken = {row[0] for row in connection.execute("select transition_id from transitions")}
    return f"O3: {len(written - taken)} transitions not taken" if written - taken else ""


def _repeats(ledger: Ledger) -> set[str]:
    """Bills that came under several ids: whichever came first stands for them."""
    by_number = defaultdict(set)
    for e in ledger.accepted.values():
        if e.business_key:
            by_number[e.business_key].add(e.event_id)
    return {event_id for ids in by_number.values() if len(ids) > 1 for event_id in ids}


def _facts(home: Household) -> set[bytes]:
    held = (
        {i.fact_id for i in home.incomes}
        | {c.fact_id for c in home.claims}
        | {d.fact_id for d in home.disasters}
    )
    return held | ({home.register.fact_id} if home.register is not None else set())


def check_all(stack: Stack, ledger: Ledger) -> None:
    """O1 to O7."""
    secret = stack.secrets["FOOTHOLD_HOUSEHOLD_SECRET"].encode()
    by_household: defaultdict[str, list[Happened]] = defaultdict(list)
    for e in ledger.accepted.values():
        by_household[household_id(secret, COUNTY, f"F-{e.household}")].append(e)
    states = _states(stack)
    model = {key: expected(events) for key, events in by_household.items()}

    assert set(states) == set(model), "O1, O4: the households are those of the ledger"
    for key, want in model.items():
        home = states[key]
        got = (home.position.status.value, home.position.group and home.position.group.value)
        assert (want.status, want.group) == got, f"O2: {key} stands elsewhere"
        assert want.income == sum(i.amount for i in home.incomes), f"O2: income of {key}"
        assert want.own_shares == sum(c.own_share for c in home.bills), f"O2: own shares of {key}"
        assert _facts(home) <= want.facts, f"O4: {key} holds a fact nobody sent"
    check_numbers(stack)
    _check_cases(stack, model)
    _check_quarantine(stack, ledger)


def check_numbers(stack: Stack) -> None:
    """O5: 1, 2, 3 … for each household, each once."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for t in transitions(stack.kafka.bootstrap):
        numbers[t.household_id].append(t.number)
    for key, in_order in numbers.items():
        assert in_order == list(range(1, len(in_order) + 1)), f"O5: {key} {in_order}"


def _check_cases(stack: Stack, model: dict[str, Expected]) -> None:
    """O3: one open case for each household in a group.

    Every transition taken once; relief for a cause once.
    """
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        cases = connection.execute(
            "select household_id, episode, priority_group, stage from cases"
        ).fetchall()
        relief = connection.execute(
            "select household_id, cause, count(*) from relief group by 1, 2 having count(*) > 1"
        ).fetchall()
        taken = connection.execute("select transition_id from transitions").fetchall()
    assert len({(c[0], c[1]) for c in cases}) == len(cases), "O3: one case per episode"
    open_groups = {(c[0], c[2]) for c in cases if c[2] is not None and c[3] == "lead"}
    assert open_groups == {(k, m.group) for k, m in model.items() if m.group}, (
        "O3: the groups of the cases"
    )
    assert {t.transition_id for t in transitions(stack.kafka.bootstrap)} == {
        row[0] for row in taken
    }, "O3, O4: what was said is what was taken"
    assert relief == [], "O3: relief for one cause twice"


def _check_quarantine(stack: Stack, ledger: Ledger) -> None:
    """O7: exactly the planted ones, their bytes recoverable, nothing of them in the reason."""
    seal = Seal(stack.secrets["FOOTHOLD_QUARANTINE_SECRET"].encode(), Purpose.QUARANTINE)
    by_source = {
        q.source_id: q
        for q in (
            decode_quarantined(m.value())
            for m in read_topic(stack.kafka.bootstrap, QUARANTINE.name)
        )
    }
    assert sorted(q.open(seal).value or b"" for q in by_source.values()) == sorted(
        ledger.planted
    ), "O7: what lies in quarantine"
    assert not any("planted" in q.detail for q in by_source.values()), (
        "O7: a reason repeats what was sent"
    )
