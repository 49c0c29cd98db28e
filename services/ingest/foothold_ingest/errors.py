"""Why ingest, or one of its commands, cannot go on: answers for the person at the terminal."""

from errno import EADDRINUSE


def what_is_away(error: BaseException | None) -> str | None:
    """Kafka or PostgreSQL, where one of them is why; None for anything else, which is a bug and deserves its traceback."""
    from aiokafka.errors import (  # noqa: PLC0415 - a command that goes well does not wait for it
        GroupAuthorizationFailedError,
        KafkaConnectionError,
        KafkaTimeoutError,
        TopicAuthorizationFailedError,
        TransactionalIdAuthorizationFailed,
    )
    from psycopg import OperationalError  # noqa: PLC0415 - see above

    from foothold_runtime.databases import is_away  # noqa: PLC0415 - see above
    from foothold_runtime.kafka_clients import Unanswered  # noqa: PLC0415 - see above

    while error is not None:
        if isinstance(error, Unanswered):
            return f"Kafka did not answer {error}. Start again: it goes on from what is committed."
        if isinstance(error, KafkaConnectionError | KafkaTimeoutError):
            return f"Kafka does not answer ({error}). Start it, then try again."
        if isinstance(error, TopicAuthorizationFailedError | GroupAuthorizationFailedError | TransactionalIdAuthorizationFailed):
            return f"Kafka does not let it ({error}). Give it the rights that 'python -m deploy.kafka.access' prints."
        if isinstance(error, OperationalError) and is_away(error):
            return f"PostgreSQL does not serve ({str(error).partition(chr(10))[0]}). Start it, then try again."
        if isinstance(error, OSError) and error.errno == EADDRINUSE:
            return f"another program has its address ({error.strerror}). End it, or choose another port."
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__
    return None


class Refused(Exception):  # noqa: N818 - an answer for the person at the terminal
    """The command cannot be done; the message says why and what to do."""


class WrongPartitions(Exception):  # noqa: N818 - says what is wrong
    """The topic has another number of partitions than the deployment was made for."""
