"""The city over HTTP (演示城市): thirteen sites on loopback that show only what is published by the clock.

`City(clock).start()` → addresses by site name; `.stop()` ends it. Nothing outside this machine is listened to or fetched.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from demo.sites.canary import canary
from demo.sites.desk import disclosure, mailbox
from demo.sites.forum import forum
from demo.sites.hotline import hotline
from demo.sites.news import news_site
from demo.sites.video import video
from demo.sites.wechat import wechat
from demo.sites.weibo import weibo
from demo.web import Seen, Site, SiteServer
from pipeline.clock import Clock

SITES: dict[str, Site] = {
    **{name: news_site(name) for name in ("gov", "daily", "metro", "online", "harbour")},
    "weibo": weibo,
    "wechat": wechat,
    "mailbox": mailbox,
    "disclosure": disclosure,
    "forum": forum,
    "video": video,
    "hotline": hotline,
    "canary": canary,
}
SOURCES = Path(__file__).parent / "sources"


class City:
    """All sites, started and stopped together.

    `first_port` gives the sites this port and the following ones, so that addresses (and ids made from them) are the same
    every time; 0 takes any free ports. OSError when a port is taken.
    """

    def __init__(self, clock: Clock, first_port: int = 0) -> None:
        self._clock = clock
        self._first_port = first_port
        self._servers: dict[str, SiteServer] = {}
        self.seen: list[Seen] = []

    def start(self) -> dict[str, str]:
        """Start every site; address by site name, without a slash at the end."""
        try:
            for number, (name, site) in enumerate(SITES.items()):
                port = self._first_port + number if self._first_port else 0
                server = SiteServer(name, site, self._clock, port, self.seen.append)
                server.start()
                self._servers[name] = server
        except OSError:
            self.stop()
            raise
        return self.addresses

    @property
    def addresses(self) -> dict[str, str]:
        """Address by site name; these fill the {name} places of the files in demo/sources."""
        return {name: server.address for name, server in self._servers.items()}

    def stop(self) -> None:
        """Stop every site that runs; safe to call twice."""
        if self._servers:
            with ThreadPoolExecutor(len(self._servers)) as pool:
                list(pool.map(SiteServer.stop, self._servers.values()))
        self._servers.clear()

    def __enter__(self) -> City:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
