"""Finished pages kept in memory: a whole class opens the same home page at once. No Flask in here."""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

_MAX_PAGES = 128  # of some 8 kB each
_MAX_BYTES = 8 * 1024 * 1024  # long lists of a shelf, and another one for each `?x=…`
_GZIP_LEVEL = 6


@dataclass(frozen=True)
class Page:
    """One page as it is sent."""

    html: bytes
    etag: str

    @cached_property
    def gzipped(self) -> bytes:
        """The page in gzip form, made for the first who asks for it."""
        return gzip.compress(self.html, _GZIP_LEVEL, mtime=0)

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory with its gzip form, whether that is made already or not."""
        return len(self.html) * 4 // 3


def make_page(html: str) -> Page:
    """Return a page as it is sent."""
    data = html.encode()
    return Page(data, hashlib.sha256(data).hexdigest()[:24])


class PageCache:
    """The pages of one portal, the one used longest ago dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[Hashable, Page] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> Page | None:
        """Return a kept page, or None."""
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
            return page

    def put(self, key: Hashable, html: str) -> Page:
        """Keep a page."""
        page = make_page(html)
        with self._lock:
            if (before := self._pages.pop(key, None)) is not None:
                self._bytes -= before.size_bytes
            self._pages[key] = page
            self._bytes += page.size_bytes
            while len(self._pages) > _MAX_PAGES or self._bytes > _MAX_BYTES:
                self._bytes -= self._pages.popitem(last=False)[1].size_bytes
        return page
