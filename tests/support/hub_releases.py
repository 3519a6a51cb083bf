"""Newer versions of the hub itself: what a build of the card left for packs, made newer still."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

from image.steps.update_packs import KINDS

_LATER_S = 600  # than the build, for each version
_NO_PORTAL = "\n\ndef serve(*_args, **_more):\n    raise SystemExit('this version serves nobody')\n"


def find_source(image: Path, kind: str) -> Path:
    """Return the source that the build of `image` left: the newest."""
    found = sorted(image.parent.glob(f"out/*.{KINDS[kind]}"), key=lambda path: path.stat().st_mtime)
    assert found, f"no pack source *.{KINDS[kind]} in {image.parent}/out: `make image` leaves it"
    return found[-1]


def later_source(image: Path, kind: str, folder: Path, number: int) -> Path:
    """Copy a source to `folder` and make it `number` versions newer than the build."""
    source = folder / f"{kind}-{number}"
    shutil.copytree(find_source(image, kind), source)
    toml = source / "pack.toml"
    text = toml.read_text(encoding="utf-8")
    version = int(text.partition("version = ")[2].partition("\n")[0])
    toml.write_text(text.replace(f"version = {version}", f"version = {version + number}"), encoding="utf-8")
    place = source / "content" / "manifest.json"
    manifest = json.loads(place.read_text(encoding="utf-8"))
    manifest |= {"built_at": manifest["built_at"] + number * _LATER_S, kind: f"later-{number}"}
    place.write_text(json.dumps(manifest), encoding="utf-8")
    return source


def break_portal(source: Path) -> None:
    """Let the program of a software source start, and then serve nobody."""
    (wheel,) = (source / "content").glob("classroom_hub-*.whl")
    whole = wheel.with_suffix(".whole")
    wheel.rename(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data + _NO_PORTAL.encode() if name == "hub/serve.py" else data)
    whole.unlink()


def name_root(source: Path, folder: Path) -> None:
    """Let the root of an image source say that it is that image."""
    content = source / "content"
    manifest = json.loads((content / "manifest.json").read_text(encoding="utf-8"))
    root, tree = content / "root.squashfs", folder / "root"
    subprocess.run(["unsquashfs", "-quiet", "-no-progress", "-dest", tree, root], check=True)
    (tree / "usr/lib/hub/version").write_text(f"{manifest['image']}\n", encoding="ascii")
    (tree / "usr/lib/hub/built-at").write_text(f"{manifest['built_at']}\n", encoding="ascii")
    root.unlink()
    words = ("-quiet", "-no-progress", "-noappend", "-comp", "zstd", "-Xcompression-level", "1")
    subprocess.run(["mksquashfs", tree, root, *words], check=True)
    shutil.rmtree(tree)
