"""Which of two versions of one statement counts: one table for ingest's register and for risk."""

from datetime import UTC, datetime, timedelta

AT = datetime(2026, 6, 1, 4, tzinfo=UTC)
TICK = timedelta(microseconds=1)
LATER: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"time": AT + TICK}, {"time": AT}),
    ({"time": AT, "recorded_time": AT + TICK}, {"time": AT, "recorded_time": AT}),
    (
        {"time": AT + TICK, "recorded_time": AT},
        {"time": AT, "recorded_time": AT + timedelta(days=1)},
    ),
    ({"place": (8,)}, {"place": (7,)}),
    ({"place": (10,)}, {"place": (9,)}),
    ({"place": (0,)}, {"place": None}),
    ({"place": (1, 2)}, {"place": (1, 1)}),
    ({"place": (2, 0)}, {"place": (1, 99)}),
    ({"recorded_time": AT + TICK, "place": (0,)}, {"recorded_time": AT, "place": (9,)}),
]
"""Fields of a fact record: those of the later version, and of the earlier one."""
