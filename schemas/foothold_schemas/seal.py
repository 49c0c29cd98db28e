"""How a message carries what only some may read.

It is sealed with Fernet (AES-128-CBC with HMAC-SHA-256), the key derived from a secret of the
deployment.
"""

import base64
from enum import StrEnum

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Purpose(StrEnum):
    """What a seal is for.

    Part of the format: whoever closes and whoever opens must say the same.
    """

    QUARANTINE = "quarantine"
    DIRECTORY = "directory"
    CONTACT = "contact"
    PERSON = "person"
    HELD = "held"
    FILE = "file"
    NOTICE = "notice"
    STATEMENT = "statement"


class BrokenSeal(Exception):  # noqa: N818 - named for what it says about the text
    """The text was sealed under another secret, or changed since."""


class Seal:
    """Closes bytes into text and opens them again. `purpose` keeps one secret's uses apart."""

    def __init__(self, secret: bytes, purpose: Purpose) -> None:
        key = HKDF(
            algorithm=SHA256(), length=32, salt=None, info=f"foothold/{purpose.value}".encode()
        ).derive(secret)
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, plain: bytes) -> str:
        """Seal the bytes; the same bytes give another text each time."""
        return self._fernet.encrypt(plain).decode()

    def open(self, sealed: str) -> bytes:
        """The bytes; raise BrokenSeal."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise BrokenSeal(
                "this text was sealed under another secret, or changed since"
            ) from None
