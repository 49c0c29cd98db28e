"""What every partition of a worker stands in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from foothold_risk.metrics import Metrics
from foothold_risk.rules.policy import Policy
from foothold_risk.worker.quarantine import Shelf
from foothold_runtime.broker import Broker


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The broker, the policies, the meters and the shelf a worker's partitions share.

    `partitions`: how many the log has. `on_commit`: told of each commit, of which partition.
    """

    broker: Broker
    partitions: int
    policies: Mapping[str, Policy]
    metrics: Metrics
    shelf: Shelf
    on_commit: Callable[[TopicPartition], None]
