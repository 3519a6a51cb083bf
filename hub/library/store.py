"""The store: each file of each pack once, named by its SHA-256, and what is still on its way there.

    store/<hh>/<sha256>              verified and on the disk; read-only
    store/.part/<boot id>/<sha256>.part   a piece of a block or object that is being fetched
    store/.part/<boot id>/<sha256>   whole and verified in this boot, perhaps not yet on the disk

After a power cut the boot id is another one: what lies under an old id is hashed again before it is used.
"""

import hashlib
import shutil
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from content_packs.depot import MIB, SLICE_BYTES

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PART = ".part"


def read_boot_id() -> str:
    """Return what the kernel calls this boot."""
    return _BOOT_ID.read_text(encoding="ascii").strip()


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
        """Where the bytes of an unfinished block or object are collected."""
        return self.incoming / f"{sha256}.part"

    def part_size(self, sha256: str) -> int:
        """Return how many bytes of it are there, those from before a power cut included."""
        for path in (self.unsure_path(sha256), self.part_path(sha256)):
            if path.is_file():
                return path.stat().st_size
        return 0

    def add(self, sha256: str, data: bytes) -> None:
        """Keep verified bytes as an incoming file."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        temporary = self.incoming / f"{sha256}.tmp"
        temporary.write_bytes(data)
        temporary.replace(self.incoming / sha256)

    def finish_part(self, sha256: str) -> None:
        """Turn a part, whole and verified by the caller, into an incoming file."""
        self.part_path(sha256).replace(self.incoming / sha256)

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

        Parts are cut to whole slices, which the fetch compares with the index before it goes on.
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


def whole_slices(path: Path, slices: tuple[str, ...]) -> int:
    """Return how many bytes from the start of `path` are right, counted in whole slices."""
    good = 0
    with path.open("rb") as file:
        for wanted in slices:
            piece = file.read(SLICE_BYTES)
            if hashlib.sha256(piece).hexdigest() != wanted:
                break
            good += len(piece)
    return good
