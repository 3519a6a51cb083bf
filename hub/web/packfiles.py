"""From an address to a file of an installed pack, and never to any other file of this machine."""

import os
import stat
from pathlib import Path

from content_packs.depot import is_pack_id
from hub.library.installed import EXTRAS, FILES, current_version, list_versions
from hub.settings import HubPaths

_UNUSABLE = frozenset({"", ".", ".."})  # as a name in an address


class PackFiles:
    """Finds files below packs/<id>/<version>/files, and those made at build below …/extras."""

    def __init__(self, paths: HubPaths) -> None:
        self._paths = paths
        self._packs = Path(os.path.realpath(paths.packs))

    @property
    def folder(self) -> Path:
        """The folder that `find` looks in, without any link on the way to it."""
        return self._packs

    def find(self, pack_id: str, path: str) -> Path | None:
        """Return the regular file or folder at `path` of the current version, or None.

        A path that the current version no longer has is looked up in the version before it, which stays on
        the disk until the next install: a learner who has the old page open can finish it. A later version,
        from which somebody rolled back, is never served.
        """
        return self._find(pack_id, FILES, path)

    def find_extra(self, pack_id: str, path: str) -> Path | None:
        """Return what a build made, such as the picture of a page, in the same way."""
        return self._find(pack_id, EXTRAS, path)

    def _find(self, pack_id: str, tree: str, path: str) -> Path | None:
        version = current_version(self._paths, pack_id) if is_pack_id(pack_id) else None
        if version is None or "\0" in path:
            return None
        found = self._in_version(pack_id, version, tree, path)
        if found is not None:
            return found
        earlier = [v for v in reversed(list_versions(self._paths, pack_id)) if v < version]
        return next(filter(None, (self._in_version(pack_id, v, tree, path) for v in earlier)), None)

    def _in_version(self, pack_id: str, version: int, tree: str, path: str) -> Path | None:
        # Looked at name by name, and never followed: no link, `..` or empty name lies on the way.
        names = path.rstrip("/").split("/") if path.strip("/") else []
        if path and (not names or not _UNUSABLE.isdisjoint(names)):
            return None
        place, mode = str(self._packs), 0
        try:
            for name in (pack_id, str(version), tree, *names):
                place = f"{place}/{name}"
                mode = os.lstat(place).st_mode  # not Path.lstat: three times as long, for every file
                if stat.S_ISLNK(mode):
                    return None
        except OSError:
            return None
        return None if path.endswith("/") and not stat.S_ISDIR(mode) else Path(place)
