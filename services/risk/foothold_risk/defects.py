"""What counts as a defect met in deciding a record."""

from typing import Final

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from foothold_runtime.kafka_clients import Unanswered
from foothold_runtime.process.errors import CannotServe

_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)


class Defect(CannotServe):
    """Deciding a record raised.

    It is tried again after the start; raising twice, it is set aside.
    """


def is_defect(error: BaseException) -> bool:
    """Whether the decision itself failed.

    It did not when Kafka or the deployment failed, or when somebody ended the process.

    What a record leads to may be too large for Kafka: that hangs on the record, although Kafka says
    it.
    """
    if isinstance(error, _TOO_LARGE):
        return True
    return isinstance(error, Exception) and not isinstance(
        error, CannotServe | KafkaError | Unanswered | OSError
    )
