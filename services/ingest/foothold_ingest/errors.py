"""Why ingest, or one of its commands, cannot go on: answers for the person at the terminal."""

from foothold_runtime import away


def unavailable_dependency(error: BaseException | None) -> str | None:
    """Kafka or PostgreSQL, where one of them is why.

    None for anything else, which is a bug and deserves its traceback.
    """
    from psycopg import (  # noqa: PLC0415 - a command that goes well does not wait for it
        OperationalError,
    )

    return away.unavailable_dependency(error, (OperationalError,))


class Refused(Exception):  # noqa: N818 - an answer for the person at the terminal
    """The command cannot be done; the message says why and what to do."""


class WrongPartitions(Exception):  # noqa: N818 - says what is wrong
    """The topic has another number of partitions than the deployment was made for."""
