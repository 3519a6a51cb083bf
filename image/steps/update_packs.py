"""What hubs that are in use already are updated with: two pack sources of this build, software and image.

`packs build` and `central publish` make of them what travels, signed as every pack: docs/howto/admin.en.md.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from image.config import MACHINE, PYTHON, ImageConfig
from image.step import Action, Build, Call, Step
from image.steps.squashfs import squashfs
from image.steps.wheels import wheel_dir

KINDS = {"software": "hub-software", "image": "hub-image"}
# Below this, software of this build misses something: raise it when it needs a newer unit, program or layer.
NEEDS_IMAGE = 0
_PACK_TOML = """\
id = "{pack_id}"
# Hubs take one version after another: seconds since 1970 of the last commit, in ten-minute steps.
version = {version}
kind = "{kind}"
title = "{title}"
language = "uk"
licence = "GPL-3.0-or-later"
content = "content"
"""
_TITLES = {"software": "Програма хаба {version}", "image": "Система хаба {version}"}
_STEP_S = 600  # a version is at most 2^31 - 1


def source_dir(config: ImageConfig, kind: str) -> Path:
    """Where the pack source of a kind goes."""
    return config.out / f"{config.name}.{KINDS[kind]}"


def manifest(config: ImageConfig, kind: str) -> dict[str, object]:
    """Return what the source says of itself: docs/format/pack-v1.md §7."""
    common: dict[str, object] = {kind: config.version, "built_at": config.epoch, "machine": MACHINE}
    return common | {"python": PYTHON, "needs_image": NEEDS_IMAGE} if kind == "software" else common


def contents(config: ImageConfig, kind: str) -> Mapping[str, Path]:
    """Return the files of a source: name → where they lie."""
    if kind == "software":
        return {path.name: path for path in (*sorted(wheel_dir(config, "hub").glob("*.whl")), config.wheel)}
    started = {path.name: path for path in sorted((config.fat / "a").iterdir())}
    return started | {"root.squashfs": squashfs(config)}


def _write(config: ImageConfig, kind: str) -> None:
    place = source_dir(config, kind)
    (place / "content").mkdir(parents=True)
    for name, path in contents(config, kind).items():
        shutil.copyfile(path, place / "content" / name)
    said = json.dumps(manifest(config, kind), indent=1, ensure_ascii=False)
    (place / "content" / "manifest.json").write_text(said + "\n", encoding="utf-8")
    title = _TITLES[kind].format(version=config.version)
    text = _PACK_TOML.format(pack_id=KINDS[kind], version=config.epoch // _STEP_S, kind=kind, title=title)
    (place / "pack.toml").write_text(text, encoding="utf-8")


def _plan(build: Build) -> tuple[Action, ...]:
    config = build.config
    return (
        Call(f"write {source_dir(config, 'software')}: the hub's wheels", lambda: _write(config, "software")),
        Call(f"write {source_dir(config, 'image')}: root and slot files", lambda: _write(config, "image")),
    )


STEP = Step(
    name="updates",
    about="pack sources of kind software and image, for hubs that are in use already",
    plan=_plan,
    makes=lambda config: tuple(source_dir(config, kind) for kind in KINDS),
    reads=lambda config: (Path(__file__), config.wheel),
    after=("wheels", "squashfs", "boot"),
)
