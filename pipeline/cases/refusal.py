"""What the rules refuse (拒绝): the one exception of this room."""

from __future__ import annotations

from pipeline.errors import HuiyingError


class Refused(HuiyingError):
    """An action the rules do not allow; the message is one Chinese line that says why and what to do instead."""
