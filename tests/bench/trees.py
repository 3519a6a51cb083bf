"""Folders of files: copied, packed as one tar, and how small one can be beside another."""

import stat
import subprocess
from pathlib import Path

from bench.measure import run


def copy_tree(folder: Path, target: Path) -> Path:
    """Copy a folder, hard links as such; the copy may be written to and removed, whatever the original."""
    subprocess.run(["cp", "-a", folder, target], check=True)
    for path in (target, *target.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
    return target


def is_same_tree(one: Path, other: Path) -> bool:
    """Tell whether two folders hold the same files with the same bytes, links followed."""
    done = subprocess.run(["diff", "-rq", f"{one}/", f"{other}/"], capture_output=True)
    return done.returncode == 0


def write_tar(tree: Path, target: Path) -> Path:
    """Write a tar of a folder that says nothing but names and bytes; return `target`."""
    same = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"]
    subprocess.run(["tar", *same, "-cf", target, "-C", tree, "."], check=True)
    return target


def floor_bytes(folder: Path, new: Path, old: Path | None) -> int:
    """Return what zstd makes of a tree by itself, or knowing the old one; files are made in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    options: list[object] = ["-19", "--long=27", "-q", "-f"]
    if old is not None:
        options.append(f"--patch-from={write_tar(old, folder / 'old.tar')}")
    packed = folder / "floor.zst"
    run(["zstd", *options, write_tar(new, folder / "new.tar"), "-o", packed])
    return packed.stat().st_size
