"""Whom to visit: name, address and telephone of a household, sealed.

They are sealed under a key of the household's own, so that destroying the key erases them.
"""

import unicodedata
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints

from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.values import Hex128, Message, Moment


def _normal(text: str) -> str:
    """One spelling for one name (Unicode NFC), whatever keyboard it came from."""
    return unicodedata.normalize("NFC", text.strip())


PersonName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=60),
    AfterValidator(_normal),
    Field(examples=["王建国"]),
]
Address = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_normal)]
Telephone = Annotated[str, Field(pattern=r"^[+0-9][0-9 -]{4,19}$")]


class Contact(Message):
    """Personal data.

    Stands in agencies' events and under seal; in no log, key, metric or address.
    """

    name: PersonName = Field(description="The head of the household (户主).")
    address: Address | None = None
    telephone: Telephone | None = None


class DirectoryEntry(Message):
    """A household's contact under the household's data key.

    That key is under the deployment's directory secret.
    """

    household_id: Hex128
    registered_at: Moment = Field(
        description="`time` of the register entry it comes from; the latest one holds."
    )
    wrapped_key: str
    sealed: str

    @classmethod
    def of(
        cls,
        household_id: str,
        registered_at: Moment,
        contact: Contact,
        *,
        wrapped_key: str,
        seal: Seal,
    ) -> Self:
        """Seal a contact under the household's key.

        Raise BrokenSeal when that key is not this deployment's.
        """
        sealed = Seal(seal.open(wrapped_key), Purpose.CONTACT).close(
            contact.model_dump_json(exclude_none=True).encode()
        )
        return cls(
            household_id=household_id,
            registered_at=registered_at,
            wrapped_key=wrapped_key,
            sealed=sealed,
        )

    def open(self, seal: Seal) -> Contact:
        """The contact; raise BrokenSeal."""
        return Contact.model_validate_json(
            Seal(seal.open(self.wrapped_key), Purpose.CONTACT).open(self.sealed)
        )
