"""Why ingest, or one of its commands, cannot go on: answers for the person at the terminal."""


class Refused(Exception):  # noqa: N818 - an answer for the person at the terminal
    """The command cannot be done; the message says why and what to do."""


class WrongPartitions(Exception):  # noqa: N818 - says what is wrong
    """The topic has another number of partitions than the deployment was made for."""
