"""Why a service, or one of its commands, ends with a sentence instead of a traceback.

CannotServe
└── WrongPartitions  the topic has another number of partitions than the deployment was made for
Refused

A service adds its own beneath CannotServe. Anything else that is raised is a bug.
"""


class CannotServe(Exception):  # noqa: N818 - reads as what it says
    """Serving makes no sense until somebody changes something; the message says what."""


class WrongPartitions(CannotServe):
    """Replay into new topics instead of growing them."""

    @classmethod
    def of(cls, topic: str, counted: int, expected: int) -> "WrongPartitions":
        """Of a topic with so many partitions, where FOOTHOLD_PARTITIONS expects others."""
        return cls(
            f"{topic} has {counted} partitions, FOOTHOLD_PARTITIONS says {expected}: a"
            " household's order hangs on that number; replay into new topics instead of growing"
            " them."
        )


class Refused(Exception):  # noqa: N818 - an answer for the person at the terminal
    """The command cannot be done; the message says why and what to do."""
