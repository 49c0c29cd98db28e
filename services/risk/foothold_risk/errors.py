"""Why risk cannot go on.

Each ends the process with its sentence; anything else that is raised is a bug and ends it with a
traceback.

CannotServe
├── MissingBundle    the log adopted a policy bundle this worker does not have
├── UnknownState     the changelog was written by a version this one cannot read
└── WrongPartitions  the topic has another number of partitions than the deployment was made for
"""


class CannotServe(Exception):  # noqa: N818 - reads as what it says
    """Serving makes no sense until somebody changes something; the message says what."""


class MissingBundle(CannotServe):
    """Deploy the bundle to FOOTHOLD_POLICY_FOLDER and start again."""


class UnknownState(CannotServe):
    """Deploy the newer version again, or replay the log."""


class WrongPartitions(CannotServe):
    """Replay into new topics instead of growing them."""
