"""The FAT partition: the Pi's own boot files, one folder a slot, and what a person reads in Windows.

Written by us and not by raspi-firmware's scripts, which need an initrd of initramfs-tools and guess the root
from the machine that builds: field-notes/image.md §1.3.
"""

import shutil
from pathlib import Path

from image.config import ImageConfig
from image.step import Action, Build, Call, Step
from image.steps.initramfs import initrd
from image.steps.root import unpacked_dir

CONFIG_TXT = """\
# How the Raspberry Pi starts this hub. Nothing here is for you to change: yours is hub-config.txt.
[all]
arm_64bit=1
# device trees by their names in Linux: bcm2837-rpi-3-b.dtb, bcm2711-rpi-4-b.dtb
upstream_kernel=1
enable_uart=1
gpu_mem=16
# the slot: a/ or b/
os_prefix=a/
kernel=vmlinuz
initramfs initrd.img followkernel
"""
# Raspberry Pi Imager 1.x writes its own words into this file; the hub never reads it.
DECOY_CMDLINE = "This hub starts with cmdline.txt of folder a or b.\n"
SLOTS = ("a", "b")
FOR_PEOPLE = ("docs/hub-config.html",)  # makes the school's file, without Internet, in any browser


def cmdline(slot: str, disk_id: int) -> str:
    """Return the kernel's command line of a slot: one line, as the firmware wants it."""
    return (
        f"console=tty0 console=ttyS1,115200 hub.slot={slot} hub.disk={disk_id:08x} "
        "panic=10 net.ifnames=0 quiet\n"
    )


def _plan(build: Build) -> tuple[Action, ...]:
    config = build.config
    return (
        Call(
            "copy the Pi's boot files: bootcode.bin, start*.elf, fixup*.dat", lambda: _copy_firmware(config)
        ),
        Call(
            "write config.txt, which starts slot a, and a cmdline.txt that nothing reads",
            lambda: _write(config),
        ),
        Call(
            "write slot a: vmlinuz, initrd.img, cmdline.txt, device trees", lambda: _write_slot(config, "a")
        ),
    )


def _copy_firmware(config: ImageConfig) -> None:
    config.fat.mkdir()
    source = unpacked_dir(config) / "raspi-firmware" / "usr/lib/raspi-firmware"
    for path in sorted(source.iterdir()):
        if path.suffix in (".bin", ".elf", ".dat"):
            shutil.copyfile(path, config.fat / path.name)


def _write(config: ImageConfig) -> None:
    (config.fat / "config.txt").write_text(CONFIG_TXT, encoding="ascii")
    (config.fat / "cmdline.txt").write_text(DECOY_CMDLINE, encoding="ascii")
    for slot in SLOTS:
        (config.fat / slot).mkdir()
    for path in FOR_PEOPLE:
        shutil.copyfile(config.source / path, config.fat / Path(path).name)


def _write_slot(config: ImageConfig, slot: str) -> None:
    kernel = unpacked_dir(config) / "linux-image-arm64"
    place = config.fat / slot
    shutil.copyfile(next(kernel.glob("boot/vmlinuz-*")), place / "vmlinuz")
    shutil.copyfile(initrd(config), place / "initrd.img")
    (place / "cmdline.txt").write_text(cmdline(slot, config.disk_id), encoding="ascii")
    for tree in sorted(kernel.glob("usr/lib/linux-image-*/broadcom/bcm2*-rpi-*.dtb")):
        if any(model in tree.name for model in ("rpi-3", "rpi-4", "rpi-cm", "rpi-zero-2", "rpi-400")):
            shutil.copyfile(tree, place / tree.name)


STEP = Step(
    name="boot",
    about="the FAT partition: the Pi's boot files, kernel and command line of slot a",
    plan=_plan,
    makes=lambda config: (config.fat,),
    reads=lambda config: (Path(__file__), *(config.source / path for path in FOR_PEOPLE)),
    after=("initramfs",),
)
