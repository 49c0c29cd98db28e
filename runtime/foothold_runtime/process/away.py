"""Why a service, or one of its commands, cannot go on through no fault of its own.

The reason is a sentence for the person at the terminal.
"""

import sys
from errno import EADDRINUSE


def unavailable_dependency(error: BaseException | None) -> str | None:
    """Kafka, PostgreSQL or an address, where one of them is why.

    None for anything else, which is a bug and deserves its traceback.
    """
    while error is not None:
        if (sentence := _kafka(error)) is not None:
            return sentence
        if (sentence := _database(error)) is not None:
            return sentence
        if isinstance(error, OSError) and error.errno == EADDRINUSE:
            return (
                f"another program has its address ({error.strerror}). End it, or choose another"
                " port."
            )
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__
    return None


def _database(error: BaseException) -> str | None:
    """The driver raises the same where the server is away and where it refuses a statement.

    A driver nobody has loaded has raised nothing, and a service without a database has none.
    """
    driver = sys.modules.get("psycopg")
    if driver is None or not isinstance(error, driver.OperationalError):
        return None
    from foothold_runtime.databases import is_away  # noqa: PLC0415 - risk has no database

    if not is_away(error):
        return None
    reason = str(error).partition("\n")[0]
    return f"PostgreSQL does not serve ({reason}). Start it, then try again."


def _kafka(error: BaseException) -> str | None:
    from aiokafka.errors import (  # noqa: PLC0415 - a command that goes well does not wait for it
        GroupAuthorizationFailedError,
        KafkaConnectionError,
        KafkaTimeoutError,
        TopicAuthorizationFailedError,
        TransactionalIdAuthorizationFailed,
    )

    from foothold_runtime.kafka_clients import Unanswered  # noqa: PLC0415 - see above

    if isinstance(error, Unanswered):
        return f"Kafka did not answer {error}. Start again: it goes on from what is committed."
    if isinstance(error, KafkaConnectionError | KafkaTimeoutError):
        return f"Kafka does not answer ({error}). Start it, then try again."
    if isinstance(
        error,
        TopicAuthorizationFailedError
        | GroupAuthorizationFailedError
        | TransactionalIdAuthorizationFailed,
    ):
        return (
            f"Kafka does not let it ({error}). Give it the rights that 'python -m"
            " deploy.kafka.access' prints."
        )
    return None
