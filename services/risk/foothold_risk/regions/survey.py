"""What the log of signals and the warnings already said say of a partition, before it is folded."""

import contextlib
from collections import defaultdict
from datetime import date

import structlog
from aiokafka import TopicPartition

from foothold_risk.rules.areas.levels import GRAVITY
from foothold_risk.rules.areas.windows import Remembered
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import reading
from foothold_schemas.messages.areas import AreaDay, Direction, WarningLevel
from foothold_schemas.wire.codec import decode_area, decode_warning
from foothold_schemas.wire.topics import AREA_SIGNALS, REGION_WARNINGS

log = structlog.get_logger()


async def survey(broker: Broker, partition: int) -> tuple[int, int, set[str]]:
    """Return where the log begins, its first committed record, and known warnings' ids.

    The ids are those of all warnings said of this partition's counties.
    """
    signals, warnings = (
        TopicPartition(AREA_SIGNALS.name, partition),
        TopicPartition(REGION_WARNINGS.name, partition),
    )
    async with reading(broker) as reader:
        reader.assign([signals])
        beginning = (await reader.beginning_offsets([signals]))[signals]
        first = (await reader.getone()).offset
        reader.assign([warnings])
        end = (await reader.end_offsets([warnings]))[warnings]
        warning_ids: set[str] = set()
        await reader.seek_to_beginning(warnings)
        while await reader.position(warnings) < end:
            for records in (await reader.getmany(timeout_ms=200)).values():
                warning_ids.update(filter(None, (_warning_id(record.value) for record in records)))
    return beginning, first, warning_ids


def is_day(value: bytes | None) -> bool:
    """Whether the record opens a day; what cannot be read opens none."""
    try:
        return isinstance(decode_area(value), AreaDay)
    except Exception:  # noqa: BLE001 - as above
        return False


def _warning_id(value: bytes | None) -> str | None:
    """The id.

    None for a count, and for a record that cannot be read, which stops nobody: at worst one warning
    is said again.
    """
    try:
        warning = decode_warning(value)
    except Exception as error:  # noqa: BLE001 - whatever it is, the windows are worth more
        log.warning("risk.warning_unreadable", error=type(error).__name__)
        return None
    return None if warning.direction is Direction.SAME else warning.warning_id


def remembered(warning_ids: set[str]) -> Remembered:
    """Return the published levels, in the order in which they were reached.

    On a day that is first down, then up.
    """
    reached: defaultdict[tuple[str, str, int], list[tuple[date, bool, int]]] = defaultdict(list)
    for warning_id in warning_ids:
        with contextlib.suppress(ValueError):  # an id of another shape says nothing of a level
            area, cause, window, day, direction, level = warning_id.split(":")
            gravity = GRAVITY.index(None if level == "none" else WarningLevel(level))
            reached[area, cause, int(window)].append(
                (date.fromisoformat(day), direction == Direction.UP, gravity)
            )
    return {
        key: [(day, GRAVITY[gravity]) for day, _, gravity in sorted(steps)]
        for key, steps in reached.items()
    }
