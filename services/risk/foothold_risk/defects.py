"""What counts as a defect met in deciding a record, and what is written down of it."""

import traceback
from types import TracebackType
from typing import Final

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from foothold_risk.errors import CannotServe

_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
_PACKAGE: Final = "foothold_"


class Defect(CannotServe):
    """Deciding a record raised. It is tried again after the start; raising twice, it is set aside."""


def is_defect(error: BaseException) -> bool:
    """Whether the decision itself failed: not Kafka, not the deployment, not somebody who ended the process.

    What a record leads to may be too large for Kafka: that hangs on the record, although Kafka says it.
    """
    if isinstance(error, _TOO_LARGE):
        return True
    return isinstance(error, Exception) and not isinstance(error, CannotServe | KafkaError | OSError)


def place_of(error: BaseException) -> str:
    """The exception's type and where it was raised, in our own code. Its message may repeat what was sent, so it stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _PACKAGE in frame.filename]
    if not ours:
        return type(error).__name__
    last = ours[-1]
    at = last.filename.rindex(_PACKAGE)
    return f"{type(error).__name__} at {last.filename[at:]}:{last.lineno}"


def stack_of(trace: TracebackType | None) -> str:
    """The frames without the exception's message."""
    return "".join(traceback.format_tb(trace))
