"""An agency at the file door, in the test's own process."""

from typing import Any

import httpx

from foothold_ingest.build import Built

AGENCY = "clinic"
AT = "2026-01-20T09:00:00+08:00"


class Clerk:
    """An agency at the file door."""

    def __init__(self, ingest: Built, client: httpx.AsyncClient) -> None:
        self.ingest = ingest
        self.client = client

    async def send(self, mapping: str, body: bytes, **more: str) -> str:
        """Upload; return the file's id."""
        answer = await self.client.post(
            "/v1/files", params={"mapping": mapping, "as_of": AT, **more}, content=body
        )
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return str(answer.json()["upload"])

    async def result(self, upload: str) -> dict[str, Any]:
        """What the door says of it."""
        answer: dict[str, Any] = (await self.client.get(f"/v1/files/{upload}")).json()
        return answer

    async def done(self, mapping: str, body: bytes, **more: str) -> dict[str, Any]:
        """Upload and work through."""
        upload = await self.send(mapping, body, **more)
        assert await self.ingest.files.work_once()
        return await self.result(upload)


def counts(result: dict[str, Any]) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: count for name, count in result["counts"].items() if count}
