"""Write an initramfs: python -m image.initramfs KERNEL_DIR BUSYBOX -o initrd.img --built-at SECONDS."""

import argparse
from pathlib import Path

from image.initramfs import build_initramfs


def main() -> None:
    """Read the arguments, write the file."""
    parser = argparse.ArgumentParser(prog="python -m image.initramfs", description=__doc__)
    parser.add_argument("kernel_dir", type=Path, help="lib/modules/<release> of the unpacked kernel package")
    parser.add_argument("busybox", type=Path, help="a static busybox for arm64")
    parser.add_argument("--output", "-o", type=Path, required=True)
    parser.add_argument("--built-at", type=int, required=True, help="seconds since 1970: SOURCE_DATE_EPOCH")
    given = parser.parse_args()
    given.output.write_bytes(build_initramfs(given.kernel_dir, given.busybox, built_at=given.built_at))


if __name__ == "__main__":
    main()
