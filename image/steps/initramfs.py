"""What the kernel starts with: image/initramfs, written in a second."""

from pathlib import Path

from image.config import ImageConfig
from image.initramfs import build_initramfs
from image.step import Action, Build, Call, Step
from image.steps.root import unpacked_dir


def initrd(config: ImageConfig) -> Path:
    """Where it lies."""
    return config.work / "initrd.img"


def kernel_dir(config: ImageConfig) -> Path:
    """The modules as the kernel's package brings them."""
    kernel = unpacked_dir(config) / "linux-image-arm64"
    return next(
        path for folder in ("usr/lib/modules", "lib/modules") for path in sorted((kernel / folder).glob("*"))
    )


def _write(config: ImageConfig) -> None:
    busybox = unpacked_dir(config) / "busybox-static"
    program = next(path for path in (busybox / "usr/bin/busybox", busybox / "bin/busybox") if path.exists())
    initrd(config).write_bytes(build_initramfs(kernel_dir(config), program, built_at=config.epoch))


def _plan(build: Build) -> tuple[Action, ...]:
    config = build.config
    return (Call(f"write {initrd(config)}, built at {config.epoch}", lambda: _write(config)),)


STEP = Step(
    name="initramfs",
    about="what finds, checks and mounts the root",
    plan=_plan,
    makes=lambda config: (initrd(config),),
    reads=lambda config: (config.source / "image" / "initramfs",),
    after=("root",),
)
