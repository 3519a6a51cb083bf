"""The whole card: four partitions as genimage lays them out, each made by the tool of its file system."""

from pathlib import Path

from image.config import DATA_LABEL, DATA_UUID, FAT_ID, FAT_LABEL, ImageConfig
from image.step import Action, Build, Call, Run, Step
from image.steps.squashfs import squashfs

# The partition types of an MBR. A Pi 3 starts from no GPT, and Debian 13's start4.elf from none with a 0xEE.
_LAYOUT = """\
image hub.img {{
    hdimage {{
        partition-table-type = mbr
        disk-signature = 0x{disk_id:08x}
        align = {align}
    }}
    partition boot {{
        partition-type = 0x0C
        bootable = true
        image = boot.vfat
        offset = {align}
        size = {boot}
    }}
    partition root-a {{
        partition-type = 0x83
        image = root.squashfs
        size = {root}
    }}
    partition root-b {{
        partition-type = 0x83
        image = empty
        size = {root}
    }}
    partition data {{
        partition-type = 0x83
        image = data.ext4
        size = {data}
    }}
}}
"""

_EXT4 = (
    f"hash_seed={DATA_UUID}",
    f"resize={(512 << 30) // 4096}",  # room to grow to a card of 512 GB at one go
    "lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0,nodiscard",
)


def layout(config: ImageConfig) -> str:
    """Return genimage's configuration of the card."""
    sizes = config.sizes
    return _LAYOUT.format(
        disk_id=config.disk_id, align=sizes.align, boot=sizes.boot, root=sizes.root, data=sizes.data
    )


def _plan(build: Build) -> tuple[Action, ...]:
    config = build.config
    parts = parts_dir(config)
    return (
        Call(f"make {parts} with genimage.cfg", lambda: _prepare(config)),
        *fat_actions(config.fat, parts / "boot.vfat", config.sizes.boot, config.epoch),
        *ext4_actions(parts / "data.ext4", config.sizes.data, config.epoch),
        Run(("cp", "--sparse=always", str(squashfs(config)), str(parts / "root.squashfs"))),
        Run(
            (
                "genimage",
                f"--config={parts / 'genimage.cfg'}",
                f"--inputpath={parts}",
                f"--outputpath={config.work}",
                f"--tmppath={parts / 'tmp'}",
                f"--rootpath={parts / 'none'}",
            )
        ),
    )


def fat_actions(tree: Path, target: Path, size: int, epoch: int) -> tuple[Action, ...]:
    """Return what makes a FAT32 file system of a tree, the same bytes each time."""
    at = {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    touch = 'find "$1" -exec touch --no-dereference --date=@"$3" {} +'
    copy = f'{touch} && cd "$1" && LC_ALL=C mcopy -s -m -i "$2" * ::/'
    return (
        Run(
            (
                "mkfs.vfat",
                "-F",
                "32",
                "-s",
                "1",
                "--invariant",
                "-i",
                f"{FAT_ID:08x}",
                "-n",
                FAT_LABEL,
                "-C",
                str(target),
                str(size // 1024),
            ),
            at,
        ),
        Run(("sh", "-c", copy, "sh", str(tree), str(target), str(epoch)), at),
    )


def ext4_actions(target: Path, size: int, epoch: int) -> tuple[Action, ...]:
    """Return what makes the empty data partition, the same bytes each time."""
    return (
        Run(
            (
                "mke2fs",
                "-q",
                "-F",
                "-t",
                "ext4",
                "-T",
                "default",
                "-b",
                "4096",
                "-m",
                "1",
                "-J",
                "size=16",
                "-L",
                DATA_LABEL,
                "-U",
                DATA_UUID,
                "-O",
                "metadata_csum,64bit",
                "-E",
                ",".join(_EXT4),
                str(target),
                f"{size // 1024}k",
            ),
            {"E2FSPROGS_FAKE_TIME": str(epoch), "SOURCE_DATE_EPOCH": str(epoch)},
        ),
    )


def parts_dir(config: ImageConfig) -> Path:
    """Where the partitions lie before they are one image."""
    return config.work / "parts"


def _prepare(config: ImageConfig) -> None:
    parts = parts_dir(config)
    (parts / "none").mkdir(parents=True)
    (parts / "genimage.cfg").write_text(layout(config))
    (parts / "empty").touch()


STEP = Step(
    name="disk",
    about="the card: FAT, root A, root B (empty), data",
    plan=_plan,
    makes=lambda config: (config.image, parts_dir(config)),
    reads=lambda config: (),
    after=("squashfs", "boot"),
)
