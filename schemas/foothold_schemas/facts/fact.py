"""What every fact says of itself: the day it speaks of."""

from datetime import date
from typing import Any, ClassVar

from foothold_schemas.values import Message


class FactBody(Message):
    """Base of every fact.

    `day_field`: the field with the day or month it speaks of; None: the time of its event says so.
    A kind that does not answer that is refused where it is defined.
    """

    day_field: ClassVar[str | None]

    kind: str

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - pydantic's own
        """Raise TypeError for a kind without `day_field`."""
        super().__pydantic_init_subclass__(**kwargs)
        if not hasattr(cls, "day_field"):
            raise TypeError(f"{cls.__name__} does not say which field has its day: `day_field`")

    def day_said(self) -> tuple[date, str] | None:
        """The day it speaks of, of a month the first, and the field that says so.

        None where no field does.
        """
        named: date | str | None = None if self.day_field is None else getattr(self, self.day_field)
        if named is None or self.day_field is None:
            return None
        return first_of(named) if isinstance(named, str) else named, self.day_field


def first_of(month: str) -> date:
    """The first day of "YYYY-MM"."""
    return date(int(month[:4]), int(month[5:]), 1)
