"""The store: each file of each pack once, named by its SHA-256, and what is still on its way there.

    store/<hh>/<sha256>              verified and on the disk; read-only
    store/.part/<boot id>/<name>.part     what has come of a block, an object, a patch or a delta's head; an
                                          object's <name>.map says which slices: hub/library/parts.py
    store/.part/<boot id>/<sha256>   whole and verified in this boot, perhaps not yet on the disk

After a power cut the boot id is another one: what lies under an old id is hashed again before it is used.
"""

import hashlib
import shutil
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from content_packs.depot import MIB
from hub.clock import read_boot_id
from hub.library.parts import SlicedPart, map_path, mapped_bytes

_PART = ".part"


@dataclass(frozen=True, slots=True)
class Store:
    """The files below one `store` folder."""

    dir: Path
    boot_id: str

    @property
    def incoming(self) -> Path:
        """Where this boot's downloads lie."""
        return self.dir / _PART / self.boot_id

    def path(self, sha256: str) -> Path:
        """Where a stored file lies, or would lie."""
        return self.dir / sha256[:2] / sha256

    def find(self, sha256: str, size: int) -> Path | None:
        """Return the file of that hash, stored or still incoming; None where there is none of that size.

        It was verified when it came. A file that a power cut or a dying card has cut since then is not taken.
        """
        for path in (self.path(sha256), self.incoming / sha256):
            try:
                if path.stat().st_size == size:
                    return path
            except FileNotFoundError:
                continue
        return None

    def part_path(self, sha256: str) -> Path:
        """Where the bytes of what is not finished are collected."""
        return self.incoming / f"{sha256}.part"

    def part_size(self, sha256: str) -> int:
        """Return how many bytes of it are there, those from before a power cut included."""
        for path in (self.unsure_path(sha256), self.part_path(sha256)):
            if not path.is_file():
                continue
            if map_path(path).is_file():
                return mapped_bytes(path)
            return path.stat().st_size
        return 0

    def open_sliced(self, sha256: str, size: int, slices: tuple[str, ...]) -> SlicedPart:
        """Return the part of a large file; what a power cut may have damaged of it is looked at first."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        path, unsure = self.part_path(sha256), self.unsure_path(sha256)
        if unsure.is_file():
            SlicedPart(unsure, size, slices, unsure=True).close()
            if unsure.is_file():
                unsure.replace(path)
        return SlicedPart(path, size, slices)

    def resume_part(self, name: str, size: int) -> Path:
        """Return the part of what has no slices: whoever reads it to the end can tell whether it is right."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        path, unsure = self.part_path(name), self.unsure_path(name)
        if unsure.is_file():
            unsure.replace(path)
        if path.is_file() and path.stat().st_size > size:
            path.unlink()
        return path

    def drop_part(self, name: str) -> None:
        """Forget what has come of something."""
        for path in (self.part_path(name), self.unsure_path(name), map_path(self.part_path(name))):
            path.unlink(missing_ok=True)

    def add(self, sha256: str, data: bytes) -> None:
        """Keep verified bytes as an incoming file."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        temporary = self.incoming / f"{sha256}.tmp"
        temporary.write_bytes(data)
        temporary.replace(self.incoming / sha256)

    def finish_part(self, sha256: str) -> None:
        """Turn a part, whole and verified by the caller, into an incoming file."""
        part = self.part_path(sha256)
        part.replace(self.incoming / sha256)
        map_path(part).unlink(missing_ok=True)

    def keep(self, sha256: str) -> None:
        """Move an incoming file to its place for good; call only after the disk has it (syncfs)."""
        source = self.incoming / sha256
        if source.is_file():
            target = self.path(sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.chmod(0o444)
            source.replace(target)

    def adopt_earlier_boots(self) -> Iterator[str]:
        """Hash again what an earlier boot left incoming: keep what is right, yield what was dropped.

        Parts are compared with the index when the fetch goes on with them.
        """
        self.incoming.mkdir(parents=True, exist_ok=True)
        for folder in sorted((self.dir / _PART).iterdir()):
            if folder.name == self.boot_id or not folder.is_dir():
                continue
            for path in sorted(folder.iterdir()):
                if not self._adopt(path):
                    yield path.name
            shutil.rmtree(folder)

    def _adopt(self, path: Path) -> bool:
        target = self.incoming / path.name
        if target.exists():
            return True
        if path.suffix in (".part", ".unsure"):
            path.replace(target.with_name(f"{path.stem}.unsure"))
            return True
        if path.suffix == ".map":
            path.replace(target)
            return True
        if path.suffix or hash_file(path) != path.name:
            return False
        path.replace(target)
        return True

    def unsure_path(self, sha256: str) -> Path:
        """A part from before a power cut, whose bytes may be damaged."""
        return self.incoming / f"{sha256}.unsure"

    def sweep(self, *, keep: Container[str]) -> int:
        """Delete stored files that no tree links to and that `keep` does not name; return the bytes freed."""
        freed = 0
        for path in self.list_files():
            status = path.stat()
            if status.st_nlink == 1 and path.name not in keep:
                freed += status.st_size
                path.unlink()
        return freed

    def clear_incoming(self, *, keep: Container[str] = ()) -> None:
        """Delete what was fetched and is not in `keep`: only when nothing is left to fetch, or for space."""
        for path in self.incoming.iterdir():
            if path.name.partition(".")[0] not in keep:
                path.unlink()

    def set_aside(self, sha256: str, *, resumable: bool) -> None:
        """Take a damaged file out of the store; with `resumable` what is right of it need not come again."""
        path, unsure = self.path(sha256), self.unsure_path(sha256)
        if not resumable:
            path.unlink()
            return
        self.drop_part(sha256)
        path.chmod(0o644)
        path.replace(unsure)

    def list_files(self) -> Iterator[Path]:
        """Yield every stored file."""
        if self.dir.is_dir():
            for folder in sorted(self.dir.iterdir()):
                if folder.name != _PART and folder.is_dir():
                    yield from sorted(folder.iterdir())


def open_store(folder: Path) -> Store:
    """Return the store below `folder` for this boot."""
    return Store(folder, read_boot_id())


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(MIB):
            digest.update(piece)
    return digest.hexdigest()
