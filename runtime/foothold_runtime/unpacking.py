"""How large a compressed batch may become in memory.

The broker bounds a batch as it was sent, and a few KB of zstd become gigabytes.

aiokafka unpacks a whole batch at once and knows no bound, so its decoders are replaced by ones that
have one.
"""

import importlib
import mmap
from collections.abc import Callable
from typing import Any, Final

from aiokafka.codec import cramjam

UNPACKED_BYTES: Final = 64 * 1024 * 1024
"""Of one batch; sixty times what a broker takes by default."""
_MODULES: Final = (
    "aiokafka.record._crecords.default_records",
    "aiokafka.record._crecords.legacy_records",
    "aiokafka.record.default_records",
    "aiokafka.record.legacy_records",
)
_CODECS: Final = ("gzip", "lz4", "zstd")
"""Snappy makes at most twenty-one bytes of one."""


class BatchTooLarge(Exception):  # noqa: N818 - says what holds
    """A batch becomes larger than UNPACKED_BYTES, or is broken.

    It cannot be read, and nothing behind it.
    """


def bound() -> None:
    """From now on no consumer of this process unpacks more of one batch.

    A second call changes nothing.
    """
    for name in _MODULES:
        module = importlib.import_module(name)
        for codec in _CODECS:
            if hasattr(module, f"{codec}_decode"):
                setattr(module, f"{codec}_decode", _DECODERS[codec])


def _decoder(codec: str) -> Callable[[Any], bytes]:
    unpack_into = getattr(cramjam, codec).decompress_into

    def decode(payload: Any) -> bytes:  # noqa: ANN401 - whatever holds bytes
        # only the pages that are written to take memory
        with mmap.mmap(-1, UNPACKED_BYTES) as room:
            try:
                size = unpack_into(bytes(payload), room)
            except cramjam.DecompressionError as error:
                raise BatchTooLarge(
                    f"a batch in {codec} becomes more than {UNPACKED_BYTES} bytes, or is broken"
                ) from error
            return room[:size]

    return decode


_DECODERS: Final = {codec: _decoder(codec) for codec in _CODECS}
