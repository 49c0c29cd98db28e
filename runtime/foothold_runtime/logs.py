"""How every service writes its log, and what a log may say of an exception.

Its type and where it was raised: its message may repeat what somebody sent.
"""

import logging
import sys
import traceback
from typing import Final

import structlog


def configure_logging() -> None:
    """JSON lines on standard output, one canonical line for each thing done.

    Libraries' lines join the stream.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    finish: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        render,
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=finish, foreign_pre_chain=shared)
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


_PACKAGE: Final = "foothold_"


MOST_FRAMES: Final = 30


def place_of(error: BaseException) -> str:
    """The exception's type and where it was raised, in our own code."""
    ours = [place for place in frames_of(error) if place.startswith(_PACKAGE)]
    return (
        f"{type(error).__name__} at {ours[-1].partition(' ')[0]}" if ours else type(error).__name__
    )


def frames_of(error: BaseException) -> list[str]:
    """File, line and function of each frame, outermost first.

    Neither the message nor the text of a line.
    """
    frames = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), lookup_lines=False
    )
    return [f"{_short(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]


def where_raised(error: BaseException) -> list[str]:
    """The way to an exception: its frames and type, then those of what caused it."""
    trail: list[str] = []
    current: BaseException | None = error
    while current is not None and len(trail) < MOST_FRAMES:
        trail += [*frames_of(current)[-MOST_FRAMES:], type(current).__name__]
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return trail


def _short(filename: str) -> str:
    """From our own package's name on."""
    at = filename.rfind(_PACKAGE)
    return filename[at:] if at >= 0 else filename.rpartition("site-packages/")[2]
