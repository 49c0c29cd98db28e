"""What can keep the parts from starting, in words for the person at the keyboard."""

import errno


class CannotStart(Exception):  # noqa: N818 - reads as the sentence it prints
    """`what` went wrong and `remedy`, what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n  -> {remedy}")
        self.what = what
        self.remedy = remedy


def from_os_error(error: OSError, doing: str) -> CannotStart:
    """Name the two causes people meet, a full disk and missing rights.

    Else say what the system said.
    """
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return CannotStart(
                f"The disk is full ({doing}).",
                "Free some space (about 1 GB) and run the command again.",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return CannotStart(
                f"No right to write ({doing}): {error.filename}.",
                "Give yourself write access there, or clone into a folder of yours.",
            )
        case _:
            return CannotStart(f"{doing} failed: {error}.", "Mend that and run the command again.")
