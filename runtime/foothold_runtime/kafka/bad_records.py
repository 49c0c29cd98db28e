"""How many bad records in a row a reader bears before it stops.

A record that is wrong by itself is set aside. Many in a row mean that their writer is broken, and
setting a whole topic aside would only hide that.
"""

from collections.abc import Sequence

from aiokafka import TopicPartition


class BadRecords:
    """Counts bad records in a row, for each partition; from `limit` on a partition is over."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._in_a_row: dict[TopicPartition, int] = {}

    def count(self, source: TopicPartition, *, is_bad: bool) -> None:
        """One record more of the partition; a good one begins the count anew."""
        self._in_a_row[source] = self.in_a_row(source) + 1 if is_bad else 0

    def in_a_row(self, source: TopicPartition) -> int:
        """How many of the partition's last records were bad."""
        return self._in_a_row.get(source, 0)

    def is_over(self, source: TopicPartition) -> bool:
        """Whether the partition is read no further until somebody has mended its writer."""
        return self.in_a_row(source) >= self.limit


def up_to_limit(is_bad: Sequence[bool], before: int, limit: int) -> tuple[int, int]:
    """Return how many records are taken until so many in a row are bad.

    Also return how many in a row are bad then. `before`: how many were bad before the first.
    """
    bad = before
    for count, is_this_bad in enumerate(is_bad, start=1):
        bad = bad + 1 if is_this_bad else 0
        if bad >= limit:
            return count, bad
    return len(is_bad), bad
