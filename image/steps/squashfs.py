"""The root in one compressed file that nothing can write to."""

from pathlib import Path

from image.config import ImageConfig
from image.step import Action, Build, Run, Step


def squashfs(config: ImageConfig) -> Path:
    """Where the root's file lies."""
    return config.work / "root.squashfs"


def _plan(build: Build) -> tuple[Action, ...]:
    config = build.config
    return (
        Run(
            (
                "mksquashfs", str(config.root), str(squashfs(config)),
                "-noappend", "-no-progress", "-no-xattrs",
                "-comp", "zstd", "-Xcompression-level", str(config.zstd_level), "-b", "256K",
                "-mkfs-time", str(config.epoch), "-all-time", str(config.epoch),
            )
        ),
    )  # fmt: skip


STEP = Step(
    name="squashfs",
    about="the root, compressed",
    plan=_plan,
    makes=lambda config: (squashfs(config),),
    reads=lambda config: (),
    after=("root",),
)
