"""Which addresses may be fetched (地址安全): public ones only, unless a source names a private host.

Three layers, because a name can lie: the URL's host before the request (crawlers.middlewares.Guard), the address that the
name resolves to (the resolver below, which also sees odd spellings such as 2130706433), and the address that answered.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_allowed: Counter[str] = Counter()
_lock = threading.Lock()


def is_private(address: str) -> bool:
    """True for every address that is not on the public internet: private, loopback, link-local, metadata, reserved."""
    try:
        parsed = ipaddress.ip_address(address.strip("[]").split("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return not (mapped or parsed).is_global or parsed.is_multicast


def looks_private(host: str) -> bool:
    """True for a host that is private by its spelling, before any look-up."""
    host = host.lower().rstrip(".")
    return is_private(host) or host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".lan"))


@contextmanager
def allowing(hosts: Iterable[str]) -> Iterator[None]:
    """Let the resolver answer private addresses for these names while the block runs."""
    names = [host.lower() for host in hosts]
    with _lock:
        _allowed.update(names)
    try:
        yield
    finally:
        with _lock:
            _allowed.subtract(names)


def may_resolve_to(name: str, address: str) -> bool:
    return not is_private(address) or _allowed[name.lower()] > 0


def guard_addresses(reactor: Any) -> None:
    """Install on the reactor a caching resolver that refuses private answers for names that no source allows."""
    from scrapy.resolver import CachingThreadedResolver
    from twisted.internet.error import DNSLookupError

    class GuardedResolver(CachingThreadedResolver):
        def getHostByName(self, name: str, timeout: Any = ()) -> Any:
            return super().getHostByName(name, timeout).addCallback(self._refuse_private, name)

        @staticmethod
        def _refuse_private(address: str, name: str) -> str:
            if not may_resolve_to(name, address):
                raise DNSLookupError(f"private address {address} of {name} refused")
            return address

    GuardedResolver(reactor, 10_000, 15).install_on_reactor()
