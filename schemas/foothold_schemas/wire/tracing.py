"""W3C trace context: one id from an agency's request to the case it leads to.

It travels beside a message, never in it.

Source: W3C Trace Context, level 1; the CloudEvents extension "Distributed Tracing". Reading is
OpenTelemetry's, so a collector can be joined later.
"""

import secrets
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT: Final = "traceparent"
"""The name of the header, over HTTP and in Kafka, and of the CloudEvents attribute."""
_MAX_LENGTH: Final = 200
_propagator: Final = TraceContextTextMapPropagator()

Headers = list[tuple[str, bytes]]


def begin() -> str:
    """A trace of our own, marked as recorded nowhere: `00-<32 hex digits>-<16 hex digits>-00`."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"


def read(sent: object) -> str:
    """A sender's trace context as it is handed on.

    Empty where there is none or it is not one, which is never a reason to refuse a message.
    """
    return _read(sent) if isinstance(sent, str) and 0 < len(sent) <= _MAX_LENGTH else ""


@lru_cache(maxsize=4096)
def _read(sent: str) -> str:
    span = get_current_span(_propagator.extract({TRACEPARENT: sent})).get_span_context()
    if not span.is_valid:
        return ""
    flags = f"{span.trace_flags & 1:02x}"
    return f"00-{format_trace_id(span.trace_id)}-{format_span_id(span.span_id)}-{flags}"


def trace_id(traceparent: str) -> str:
    """The 32 hex digits by which logs are searched; empty without a trace."""
    return traceparent[3:35]


def to_headers(traceparent: str) -> Headers:
    """The header of a Kafka record; none without a trace."""
    return [(TRACEPARENT, traceparent.encode())] if traceparent else []


def from_headers(headers: Iterable[tuple[str, bytes | None]] | None) -> str:
    """The trace a Kafka record belongs to; empty without one."""
    sent = next(
        (value for name, value in headers or () if name == TRACEPARENT and value is not None), b""
    )
    return read(sent.decode("ascii", errors="replace"))
