"""Why a service, or one of its commands, cannot go on through no fault of its own.

The reason is a sentence for the person at the terminal.
"""

from errno import EADDRINUSE


def unavailable_dependency(
    error: BaseException | None, database: tuple[type[BaseException], ...] = ()
) -> str | None:
    """Kafka, PostgreSQL or an address, where one of them is why.

    None for anything else, which is a bug and deserves its traceback.

    `database`: what the driver raises when the server is away, and, alas, when it refuses a
    statement; the two are told apart here.
    """
    while error is not None:
        if (sentence := _kafka(error)) is not None:
            return sentence
        if isinstance(error, database):
            from foothold_runtime.databases import is_away  # noqa: PLC0415 - risk has no database

            if is_away(error):
                return (
                    f"PostgreSQL does not serve ({str(error).partition(chr(10))[0]}). Start it,"
                    " then try again."
                )
        if isinstance(error, OSError) and error.errno == EADDRINUSE:
            return (
                f"another program has its address ({error.strerror}). End it, or choose another"
                " port."
            )
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__
    return None


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
