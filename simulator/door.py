"""A sender as an agency would write it.

It sends batches over HTTP, sends the same events again on a 503, and stops clearly on a refusal.
"""

import json
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

import httpx

from simulator.county import Event

BATCH: Final = 500
GIVE_UP_SECONDS: Final = 60


class Refused(Exception):  # noqa: N818 - the door's answer
    """The door refused an event of the demonstration; the message is its answer."""


class Door:
    """One agency's connection to ingest."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(
            base_url=url, timeout=30, headers={"authorization": f"Bearer {key}"}
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def send(
        self, events: Iterable[Event], on_batch: Callable[[int], None] = lambda _n: None
    ) -> int:
        """Send everything in batches; return how many were accepted."""
        accepted, waiting = 0, iter(events)
        while batch := tuple(islice(waiting, BATCH)):
            accepted += self._send_batch(batch)
            on_batch(len(batch))
        return accepted

    def _send_batch(self, batch: tuple[Event, ...]) -> int:
        body = json.dumps(batch).encode()
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                answer = self._client.post(
                    "/v1/events",
                    content=body,
                    headers={"content-type": "application/cloudevents-batch+json"},
                )
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
                continue
            if (
                answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
                and time.monotonic() < deadline
            ):
                time.sleep(float(answer.headers.get("retry-after", "1")))
                continue
            if answer.status_code != httpx.codes.ACCEPTED:
                raise Refused(answer.text[:2000])
            return int(answer.json()["accepted"])
