"""What an agency may ask about its topic: whether it is read, and if not, why and what to do."""

from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse

from foothold_ingest.agencies.readers import ReaderBook, ReaderState
from foothold_ingest.doors.uploads import FileDoor
from foothold_ingest.rules.judgement import Caller
from foothold_schemas.wire.topics import agency_card


class TopicDoor:
    """An agency sees its own topic only."""

    def __init__(self, files: FileDoor, readers: ReaderBook) -> None:
        self._files = files
        self._readers = readers

    def add_to(self, app: FastAPI) -> None:
        """Its route."""
        name = "How the agency's own topic is read"
        app.add_api_route(
            "/v1/topic",
            self._files.known(self.show),
            methods=["GET"],
            summary=name,
            response_model=None,
            name=name,
        )

    async def show(self, _: Request, caller: Caller) -> Response:
        """Bad records in a row, since when it is paused, and what was lost."""
        state = await self._readers.state(caller.agency)
        moments = {
            name: None if at is None else at.isoformat()
            for name, at in (("paused_at", state.paused_at), ("lost_at", state.lost_at))
        }
        numbers = {"bad_in_a_row": state.bad_in_a_row, "lost": state.lost}
        return JSONResponse(
            {
                "topic": agency_card(caller.agency).name,
                **numbers,
                **moments,
                "problem": problem_of(state),
            }
        )


def problem_of(state: ReaderState) -> str | None:
    """What is wrong and what to do, for the agency; None where all is well."""
    if state.paused_at is not None:
        return (
            f"本单位主题连续 {state.bad_in_a_row} 条数据有误，已暂停读取；请在报送台查看退回原因，"
            f"改正后联系运维恢复。 {state.bad_in_a_row} records in a row were bad, so the topic is"
            " read no further: see in the console why, mend the sender, then ask the operators to"
            " resume it."
        )
    if state.lost:
        return (
            f"本单位主题有 {state.lost} 条数据在读取前已超过保存期限；请补报。 {state.lost} records"
            " of the topic were gone before they were read; send again what was sent in those"
            " days."
        )
    return None
