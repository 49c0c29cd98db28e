"""Passwords as argon2id hashes, computed beside the event loop and never more than two at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE: Final = 2
"""A hash takes a whole core for tens of milliseconds, and 64 MB."""
WAITING: Final = 16
"""More than this wait for their turn already: the next is told to try again instead of waiting
unseen."""


class TryLater(Exception):  # noqa: N818 - an answer
    """Nothing was checked; it may be tried again in so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} s")
        self.seconds = seconds


class Passwords:
    """One for a process."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._hasher.hash, password
        )

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password; without a hash it never is, and takes as long to find out.

        Raise TryLater when too many wait.
        """
        if self._waiting >= WAITING:
            raise TryLater(2)
        self._waiting += 1
        try:
            work = partial(self._verify, password_hash, password)
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def _verify(self, password_hash: str | None, password: str) -> bool:
        if self._nobody is None:
            self._nobody = self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None
