"""Why risk cannot go on.

Each ends the process with its sentence; anything else that is raised is a bug and ends it with a
traceback.

CannotServe (every service's, in foothold_runtime)
├── MissingBundle  the log adopted a policy bundle this worker does not have
└── UnknownState   the changelog was written by a version this one cannot read
"""

from foothold_runtime.process.errors import CannotServe


class MissingBundle(CannotServe):
    """Deploy the bundle to FOOTHOLD_POLICY_FOLDER and start again."""


class UnknownState(CannotServe):
    """Deploy the newer version again, or replay the log."""
