"""What every channel says when a notice did not go out (发送失败)."""

from __future__ import annotations


class DeliveryFailed(Exception):
    """The notice did not go out; `final` = trying again cannot help; `down` = the other side was not there at all."""

    def __init__(self, reason: str, final: bool = False, down: bool = False) -> None:
        super().__init__(reason)
        self.final = final
        self.down = down
