"""The hub's own initramfs: written by us in a second, where mkinitramfs under emulation takes 20 minutes.

build_initramfs(kernel_dir, busybox_path, built_at=…)  →  the bytes of initrd.img
"""

from image.initramfs.build import build_initramfs

__all__ = ["build_initramfs"]
