"""What came last, and whether it comes again: for the answer at the door, and for nothing else."""

from typing import Final

AT_LEAST: Final = 100_000


class Recent:
    """The facts taken last, so that a sender learns of a repeat.

    A courtesy: what a repeat changes is decided in risk alone.
    """

    def __init__(self, at_least: int = AT_LEAST) -> None:
        self._at_least = at_least
        self._newer: dict[str, int] = {}
        self._older: dict[str, int] = {}

    def seen(self, fact_id: str, content: str) -> bool | None:
        """Whether it was among them and said the same; None: it was not.

        From now on it is, as it came first.
        """
        known = self._newer.get(fact_id, self._older.get(fact_id))
        if known is not None:
            return known == hash(content)
        self._newer[fact_id] = hash(content)
        if len(self._newer) >= self._at_least:
            self._older, self._newer = self._newer, {}
        return None
