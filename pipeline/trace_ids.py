"""The trace id (追踪号): one short mark that a document carries through the logs to the mail it led to.

It is worked out from the document's id, so that doing a step again gives the same one, and it holds nothing of what was
collected: it may stand in a log and in a mail's header.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import structlog

from pipeline.document import Alert

LENGTH = 16


def trace_of(document_id: str) -> str:
    """The trace id of a document."""
    return sha256(f"trace\x1f{document_id}".encode()).hexdigest()[:LENGTH]


def trace_of_alert(alert: Alert) -> str:
    """That of the latest document which the alert was raised about; '' when it is about none (a silent source)."""
    return trace_of(alert.evidence[-1]) if alert.evidence else ""


@contextmanager
def traced(trace: str) -> Iterator[None]:
    """Every line logged inside, by whatever room, carries the trace id."""
    with structlog.contextvars.bound_contextvars(**({"trace": trace} if trace else {})):
        yield
