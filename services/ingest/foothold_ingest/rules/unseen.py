"""Characters nobody sees, in what is sent.

At the ends of a text they are taken off and the sender is told; inside, the text is refused. Pure.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from foothold_ingest.rules.judgement import FieldProblem, Rejected
from foothold_ingest.rules.names import repeatable
from foothold_schemas.characters import has_unseen, trimmed
from foothold_schemas.values import JsonObject
from foothold_schemas.wire.quarantine import RefusalReason

TAKEN_OFF: Final = (
    "首尾有看不见的字符，已去掉 characters nobody sees stood at its ends and were taken off"
)
INSIDE: Final = (
    "中间有看不见的字符，请删去后再报送 a character nobody sees stands inside: delete it and send"
    " again"
)
_DETAIL: Final = "Texts hold characters nobody sees. See `fields`."
_FIELDS: Final = 20


@dataclass(slots=True)
class Seen:
    """One reading of an event's data: what was taken off where, and what cannot be taken off."""

    warnings: list[FieldProblem] = field(default_factory=list)
    problems: list[FieldProblem] = field(default_factory=list)

    def data(self, data: JsonObject) -> JsonObject:
        """The data without what nobody sees at the ends of its texts.

        What was sent stays as it is.
        """
        result: JsonObject = self._value(data, "/data")
        return result

    @property
    def refusal(self) -> Rejected | None:
        """Why the event is refused, if it is."""
        return (
            Rejected(RefusalReason.INVALID_FIELD, _DETAIL, tuple(self.problems[:_FIELDS]))
            if self.problems
            else None
        )

    def _value(self, value: Any, where: str) -> Any:  # noqa: ANN401 - a JSON value
        if isinstance(value, str):
            return value if value.isprintable() else self._text(value, where)
        if isinstance(value, dict):
            return {
                name: self._value(item, f"{where}/{repeatable(name)}")
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._value(item, f"{where}/{place}") for place, item in enumerate(value)]
        return value

    def _text(self, text: str, where: str) -> str:
        kept = trimmed(text)
        if has_unseen(kept):
            self.problems.append(FieldProblem(where, INSIDE))
        elif kept != text:
            self.warnings.append(FieldProblem(where, TAKEN_OFF))
        return kept
