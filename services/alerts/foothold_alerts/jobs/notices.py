"""Tells caseworkers: one digest a place and event for many cases.

A digest goes by Apprise or a signed webhook, until it is taken. Cases never wait for it.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import apprise
import httpx
import structlog
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from standardwebhooks import Webhook

from foothold_alerts.area_names import AreaNames
from foothold_alerts.jobs.queue import AskedToWait, Away, Jobs
from foothold_alerts.metrics import Metrics
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.rules.notices import Event, Note, TargetKind, receivers, send_at, words
from foothold_alerts.tables.notices import DigestRow, NoticeRow, TargetRow
from foothold_schemas.seal import Seal

GATHER: Final = "gather_notices"
SEND: Final = "send_digest"
LINGER_SECONDS: Final = 60
"""So long others of the same place and event are waited for: one message, not a hundred."""
WAIT_SECONDS: Final = 20.0
LONGEST_ASKED: Final = 3_600
HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})

log = structlog.get_logger()


class NotTaken(Away):
    """The other side did not take the message; it is tried again, later each time."""


class Notices:
    """What there is to tell.

    Works in the caller's transaction: a case and its notice are kept together, or neither is.
    """

    def __init__(self, jobs: Jobs, calendar: WorkDays) -> None:
        self._jobs = jobs
        self._calendar = calendar

    async def add(self, connection: AsyncConnection, notes: Sequence[Note], now: datetime) -> None:
        """Keep them, and a job for each place and event."""
        if not notes:
            return
        await connection.execute(
            insert(NoticeRow),
            [
                {"number": n.number, "place": n.place, "event": n.event.value, "at": now}
                for n in notes
            ],
        )
        for place, event in sorted({(n.place, n.event) for n in notes}):
            at = send_at(event, now, self._calendar) + timedelta(seconds=LINGER_SECONDS)
            await self._jobs.defer(
                connection,
                GATHER,
                lock=f"{place} {event.value}",
                at=at,
                place=place,
                event=event.value,
            )


class Notifier:
    """The jobs, and the list of who is told."""

    def __init__(  # noqa: PLR0913, PLR0917 - wiring
        self,
        engine: AsyncEngine,
        jobs: Jobs,
        seal: Seal,
        desk: str,
        metrics: Metrics | None = None,
        names: AreaNames | None = None,
    ) -> None:
        self._engine = engine
        self._jobs = jobs
        self._seal = seal
        self._desk = desk.rstrip("/")
        self._metrics = metrics
        self._names = names or AreaNames.load()
        jobs.task(GATHER, self.gather)
        jobs.task(SEND, self.send)

    async def add(self, area: str, kind: TargetKind, address: str) -> tuple[int, str | None]:
        """Tell this address of an area from now on.

        The secret a webhook is signed with, shown once. Raise ValueError for no such address.
        """
        secret = None
        if kind is TargetKind.WEBHOOK:
            parts = urlsplit(address)
            if parts.scheme != "https" and parts.hostname not in HERE:
                raise ValueError("a webhook's address begins with https://")
            secret = f"whsec_{b64encode(token_bytes(32)).decode()}"
        elif not apprise.Apprise().add(address):
            raise ValueError(
                "Apprise knows no such address; see https://github.com/caronc/apprise for the forms"
                " it takes"
            )
        sealed = self._seal.close(json.dumps({"address": address, "secret": secret}).encode())
        async with self._engine.begin() as connection:
            statement = (
                insert(TargetRow)
                .values(area=area, kind=kind.value, sealed=sealed)
                .returning(TargetRow.target_id)
            )
            return int((await connection.execute(statement)).scalar_one()), secret

    async def targets(self) -> list[tuple[int, str, str, bool]]:
        """Id, area, kind and whether it is in use; never the address."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(TargetRow).order_by(TargetRow.target_id))
            return [(r.target_id, r.area, r.kind, r.disabled_at is None) for r in rows]

    async def remove(self, target_id: int) -> bool:
        """Tell it no more; False if there is none."""
        async with self._engine.begin() as connection:
            return (
                await connection.execute(
                    delete(TargetRow)
                    .where(TargetRow.target_id == target_id)
                    .returning(TargetRow.target_id)
                )
            ).first() is not None

    async def gather(self, place: str, event: str) -> None:
        """Gather all waiting notices of the place into one digest for each who listens.

        This is the job. A digest has an id that stays the same however often it is sent.
        """
        async with self._engine.begin() as connection:
            waiting = update(NoticeRow).where(
                NoticeRow.place == place, NoticeRow.event == event, NoticeRow.taken_at.is_(None)
            )
            numbers = sorted(
                set(
                    (
                        await connection.execute(
                            waiting.values(taken_at=func.now()).returning(NoticeRow.number)
                        )
                    ).scalars()
                )
            )
            if not numbers:
                return
            rows = (
                await connection.execute(
                    select(TargetRow.target_id, TargetRow.area).where(
                        TargetRow.disabled_at.is_(None)
                    )
                )
            ).all()
            areas = receivers(place, (row.area for row in rows))
            text = words(self._names.of(place).texts, Event(event), numbers, self._desk)
            body = {
                "place": place,
                "event": event,
                Event(event).path: numbers,
                "title": text.title,
                "lines": list(text.lines),
            }
            for target_id in (row.target_id for row in rows if row.area in areas):
                digest = {"digest_id": f"msg_{uuid4().hex}", "target_id": target_id, "body": body}
                await connection.execute(insert(DigestRow).values(**digest, at=func.now()))
                await self._jobs.defer(connection, SEND, digest_id=digest["digest_id"])
        if not areas:
            log.warning(
                "alerts.nobody_told",
                place=place,
                event_kind=event,
                count=len(numbers),
                do="add a target: foothold-alerts notify add",
            )

    async def send(self, digest_id: str) -> None:
        """The job: until the other side has taken it. A gone webhook is asked no more."""
        query = select(
            DigestRow.body,
            DigestRow.at,
            DigestRow.sent_at,
            TargetRow.target_id,
            TargetRow.kind,
            TargetRow.sealed,
            TargetRow.disabled_at,
        )
        async with self._engine.connect() as connection:
            row = (
                await connection.execute(
                    query.join(TargetRow).where(DigestRow.digest_id == digest_id)
                )
            ).one_or_none()
        if row is None or row.sent_at is not None or row.disabled_at is not None:
            return
        known = json.loads(self._seal.open(row.sealed))
        try:
            is_gone = await self._deliver(TargetKind(row.kind), known, digest_id, row.body, row.at)
        except NotTaken:
            self._count(row.kind, "failed")
            raise
        except AskedToWait:
            self._count(row.kind, "rate_limited")
            raise
        self._count(row.kind, "gone" if is_gone else "sent")
        async with self._engine.begin() as connection:
            if is_gone:
                await connection.execute(
                    update(TargetRow)
                    .where(TargetRow.target_id == row.target_id)
                    .values(disabled_at=func.now())
                )
            else:
                await connection.execute(
                    update(DigestRow)
                    .where(DigestRow.digest_id == digest_id)
                    .values(sent_at=func.now())
                )
        log.info(
            "alerts.notice",
            digest_id=digest_id,
            target_id=row.target_id,
            outcome="gone" if is_gone else "sent",
        )

    async def _deliver(
        self,
        kind: TargetKind,
        known: dict[str, str],
        digest_id: str,
        body: dict[str, object],
        at: datetime,
    ) -> bool:
        """Whether the address is gone for good; raise NotTaken."""
        if kind is TargetKind.APPRISE:
            messenger = apprise.Apprise()
            messenger.add(known["address"])
            lines = body["lines"] if isinstance(body["lines"], list) else []
            if not await messenger.async_notify(
                title=str(body["title"]), body="\n".join(map(str, lines))
            ):
                raise NotTaken
            return False
        payload = json.dumps(
            {
                "type": f"{Event(str(body['event'])).path}.{body['event']}",
                "timestamp": at.isoformat(),
                "data": body,
            },
            ensure_ascii=False,
        )
        headers = {
            "webhook-id": digest_id,
            "webhook-timestamp": str(int((now := datetime.now(at.tzinfo)).timestamp())),
            "webhook-signature": Webhook(known["secret"]).sign(digest_id, now, payload),
            "content-type": "application/json",
        }
        try:
            async with httpx.AsyncClient(timeout=WAIT_SECONDS, follow_redirects=False) as client:
                answer = await client.post(
                    known["address"], content=payload.encode(), headers=headers
                )
        except httpx.HTTPError as error:
            raise NotTaken from error
        if answer.status_code == httpx.codes.GONE:
            return True
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise AskedToWait(_seconds(answer.headers.get("retry-after", "")))
        if not answer.is_success:
            raise NotTaken
        return False

    def _count(self, kind: str, outcome: str) -> None:
        if self._metrics is not None:
            self._metrics.notices.labels(kind, outcome).inc()


def _seconds(header: str) -> int | None:
    """Whole seconds of a `Retry-After`, at most an hour.

    None for a date or nothing, and then our own waiting holds.
    """
    return (
        min(int(header), LONGEST_ASKED) or None
        if header.isascii() and header.isdigit() and len(header) <= 9  # noqa: PLR2004 - no number of seconds is longer
        else None
    )
