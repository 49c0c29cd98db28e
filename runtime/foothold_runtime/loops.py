"""When a loop that has no end of its own ends."""

import asyncio


def goes_on() -> bool:
    """Whether nobody has told the running task to end.

    Python 3.11's `wait_for`, under every request to Kafka and PostgreSQL, loses a cancelling that comes in the same turn as the answer (CPython gh-86296).
    The task still counts it: a loop that asks here ends at its next turn, and one that is `while True` goes on for ever.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() == 0
