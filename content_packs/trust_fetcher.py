"""Gives TUF's client the metadata files it asks for: from the head first, then from the depot."""

import re
from collections.abc import Iterator, Mapping

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface

from content_packs.depot import metadata_path
from content_packs.errors import BadDataError
from content_packs.transports.transport import Transport

METADATA_URL = "tuf/"  # what the client puts before a name; also the depot's folder
MAX_METADATA_BYTES = 5_000_000
MAX_ROOT_BYTES = 512_000  # these are read many at once, before the first of them is verified
MAX_ROOT_ROTATIONS = 1024  # at once; three a year for as long as anybody will run this
_ROOTS_AT_ONCE = 64
_ROOT = re.compile(r"(\d{1,9})\.root\.json")
_HTTP_NOT_FOUND = 404  # how TUF's client wants to hear of a missing file


class HeadFirstFetcher(FetcherInterface):
    """Serves files of a head, and through `transport` what the head leaves out; None: there is none."""

    def __init__(self, head: Mapping[str, bytes] | None, transport: Transport | None) -> None:
        self._files = dict(head or {})
        self._transport = transport
        self._newest_root = None if head is None else max(map(_root_version, head), default=0)

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(METADATA_URL)
        if name not in self._files and self._transport is not None:
            self._read(self._transport, name)
        if name not in self._files:
            raise DownloadHTTPError(f"{url} is not in the depot", _HTTP_NOT_FOUND)
        return iter((self._files[name],))

    def _read(self, transport: Transport, name: str) -> None:
        names, max_bytes = [name], MAX_METADATA_BYTES
        if asked := _root_version(name):
            names, max_bytes = self._roots_from(asked), MAX_ROOT_BYTES
        paths = [metadata_path(name) for name in names]
        contents = transport.read_files(paths, max_bytes=max_bytes) if paths else []
        self._files |= {name: data for name, data in zip(names, contents, strict=True) if data is not None}

    def _roots_from(self, asked: int) -> list[str]:
        """Return the roots to read now, from version `asked` on.

        A head names the newest root (none: it is the first), so "is there a newer one?" costs no round
        trip, and those that lie between are read together. The head is not signed: what it names is
        bounded before anything is made of it.
        """
        if self._newest_root is None:
            return [f"{asked}.root.json"]
        if self._newest_root - asked >= MAX_ROOT_ROTATIONS:
            raise BadDataError(
                f"head: names root {self._newest_root}, but this hub knows root {asked - 1}: "
                f"expected at most {MAX_ROOT_ROTATIONS} newer ones"
            )
        end = min(self._newest_root, asked + _ROOTS_AT_ONCE)
        return [f"{version}.root.json" for version in range(asked, end)]


def _root_version(name: str) -> int:
    found = _ROOT.fullmatch(name)
    return int(found[1]) if found else 0
