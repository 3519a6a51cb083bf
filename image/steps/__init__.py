"""The steps of a build, in their order: a new one is a module here and a line."""

from image.step import Step
from image.steps import (
    boot,
    disk,
    initramfs,
    packages,
    publish,
    root,
    software,
    squashfs,
    tools,
    update_packs,
    wheels,
)

STEPS: tuple[Step, ...] = (
    packages.STEP,
    tools.STEP,
    wheels.STEP,
    software.KOLIBRI,
    software.HUB,
    root.STEP,
    squashfs.STEP,
    initramfs.STEP,
    boot.STEP,
    disk.STEP,
    publish.STEP,
    update_packs.STEP,
)
