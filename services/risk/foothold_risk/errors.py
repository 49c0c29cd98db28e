"""Why risk cannot go on. Each ends the process with its sentence; anything else that is raised is a bug and ends it with a traceback.

CannotServe
├── MissingBundle    the log adopted a policy bundle this worker does not have
├── UnknownState     the changelog was written by a version this one cannot read
└── WrongPartitions  the topic has another number of partitions than the deployment was made for
"""

from errno import EADDRINUSE


def what_is_away(error: BaseException | None) -> str | None:
    """Kafka, where that is why; None for anything else, which is a bug and deserves its traceback."""
    from aiokafka.errors import (  # noqa: PLC0415 - a command that goes well does not wait for it
        GroupAuthorizationFailedError,
        KafkaConnectionError,
        KafkaTimeoutError,
        TopicAuthorizationFailedError,
        TransactionalIdAuthorizationFailed,
    )

    from foothold_runtime.kafka_clients import Unanswered  # noqa: PLC0415 - see above

    while error is not None:
        if isinstance(error, Unanswered):
            return f"Kafka did not answer {error}. Start again: it goes on from what is committed."
        if isinstance(error, KafkaConnectionError | KafkaTimeoutError):
            return f"Kafka does not answer ({error}). Start it, then try again."
        if isinstance(error, TopicAuthorizationFailedError | GroupAuthorizationFailedError | TransactionalIdAuthorizationFailed):
            return f"Kafka does not let it ({error}). Give it the rights that 'python -m deploy.kafka.access' prints."
        if isinstance(error, OSError) and error.errno == EADDRINUSE:
            return f"another program has its address ({error.strerror}). End it, or choose another port."
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__
    return None


class CannotServe(Exception):  # noqa: N818 - reads as what it says
    """Serving makes no sense until somebody changes something; the message says what."""


class MissingBundle(CannotServe):
    """Deploy the bundle to FOOTHOLD_POLICY_FOLDER and start again."""


class UnknownState(CannotServe):
    """Deploy the newer version again, or replay the log."""


class WrongPartitions(CannotServe):
    """Replay into new topics instead of growing them."""
