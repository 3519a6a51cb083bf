"""The read-only root: Debian, the kernel's modules, our software, and what the layers add and leave out."""

import os
import shutil
from functools import partial
from pathlib import Path

from image.config import BASE_EPOCH, PYTHON, ImageConfig
from image.errors import LayerError
from image.layer import Layer, find_unclaimed, takes
from image.step import Action, Build, Call, Run, Step
from image.steps.packages import base_tar, data_debs
from image.steps.software import software_dir
from image.steps.tools import compile_modules
from image.steps.wheels import ENVIRONMENTS

# What Debian leaves that differs from build to build, or that no card may share with another.
_COPIES = "/etc/*-"  # shadow-, passwd-
_PERSONAL = (
    "/etc/machine-id",
    "/var/lib/dbus/machine-id",
    "/etc/ssh/ssh_host_*",
    "/var/lib/systemd/random-seed",
    "/var/cache/*",
    "/var/log/*",
    "/var/lib/apt/*",
    _COPIES,
    "/var/lib/dpkg/*-old",
    "/var/cache/ldconfig/aux-cache",
    "/etc/apt",
    "/etc/hostname",
    "/etc/resolv.conf",
)


def unpacked_dir(config: ImageConfig) -> Path:
    """Kernel and firmware as they are in their packages."""
    return config.work / "kernel"


def _plan(build: Build) -> tuple[Action, ...]:
    config, root = build.config, build.config.root
    units = _units(build)
    return (
        Call(f"check that a layer takes each file of {config.files}", lambda: check_files(build)),
        Call(f"make {root}", root.mkdir),
        Run(("tar", "--extract", f"--file={base_tar(config)}", f"--directory={root}", "--numeric-owner")),
        *(_unpack(config, name) for layer in build.layers for name in layer.unpacked),
        Call("copy the kernel's modules and each board's Wi-Fi settings", lambda: _copy_unpacked(config)),
        *(
            Run(("cp", "--archive", "--no-target-directory", str(software_dir(config, name)), str(root)))
            for name in ENVIRONMENTS
        ),
        Run(("chown", "--recursive", "0:0", f"{root}/opt")),
        Call(
            "remove what no two cards may share: machine id, host keys, seeds, logs",
            lambda: _impersonal(root),
        ),
        Call(
            f"say in os-release that this is image {config.version}",
            lambda: _name_image(root, config.version),
        ),
        *(
            Call(f"layer {layer.name}: {layer.about}", partial(_apply, build, layer))
            for layer in build.layers
        ),
        Call(
            f"write which image this is: {config.version}, last changed at {config.epoch}",
            lambda: _write_version(config),
        ),
        Run(("systemd-sysusers", f"--root={root}"), {"SOURCE_DATE_EPOCH": str(BASE_EPOCH)}),
        Call("remove the copies of accounts that this leaves", lambda: _remove(root, _COPIES)),
        *(
            Run(("systemctl", f"--root={root}", "--no-reload", verb, *names))
            for verb, names in units
            if names
        ),
        Run(
            (
                "find",
                f"{root}/usr/lib/python3",
                f"{root}/usr/lib/python{PYTHON}",
                "-name",
                "__pycache__",
                "-prune",
                "-exec",
                "rm",
                "-r",
                "{}",
                "+",
            )
        ),
        compile_modules(config, root, f"/usr/lib/python{PYTHON}"),
        Run(("sh", "-c", 'exec depmod --basedir "$1" "$(ls "$1/usr/lib/modules")"', "sh", str(root))),
    )


def _units(build: Build) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(
        (verb, tuple(unit for layer in build.layers for unit in getattr(layer.units, verb)))
        for verb in ("disable", "mask", "enable")
    )


def _unpack(config: ImageConfig, name: str) -> Run:
    """Take a package apart; linux-image-arm64 stands for the kernel that it depends on."""
    pattern = name.replace("linux-image-arm64", "linux-image-[0-9]*") + "_*.deb"
    script = 'mkdir -p "$3"; for deb in "$1"/$2; do dpkg-deb --extract "$deb" "$3"; done'
    return Run(("sh", "-c", script, "sh", str(data_debs(config)), pattern, str(unpacked_dir(config) / name)))


def check_files(build: Build) -> None:
    """Raise LayerError where a file of image/files is of no layer, and so would be forgotten."""
    files = build.config.files
    paths = sorted(
        str(path.relative_to(files)) for path in files.rglob("*") if path.is_file() or path.is_symlink()
    )
    if lost := find_unclaimed(build.layers, paths):
        raise LayerError(
            f"image/files: no layer takes {', '.join(lost)}", hint="Name it in `files` of a layer."
        )


def _copy_unpacked(config: ImageConfig) -> None:
    kernel, firmware = (unpacked_dir(config) / name for name in ("linux-image-arm64", "raspi-firmware"))
    modules = kernel / "usr/lib/modules" if (kernel / "usr/lib/modules").exists() else kernel / "lib/modules"
    shutil.copytree(modules, config.root / "usr/lib/modules", dirs_exist_ok=True, symlinks=True)
    for settings in sorted(firmware.glob("**/lib/firmware/brcm/*")):
        target = config.root / "usr/lib/firmware/brcm" / settings.name
        if not target.exists():
            shutil.copy2(settings, target, follow_symlinks=False)
    for package in unpacked_dir(config).iterdir():
        shutil.copytree(
            package / "usr/share/doc", config.root / "usr/share/doc", dirs_exist_ok=True, symlinks=True
        )


def _apply(build: Build, layer: Layer) -> None:
    root, files = build.config.root, build.config.files
    for path in sorted(files.rglob("*")):
        name = str(path.relative_to(files))
        if not path.is_dir() and takes(layer, name):
            _install(path, root / name)
    for folder in layer.folders:
        (root / folder[1:]).mkdir(parents=True, exist_ok=True)
    for link, target in layer.links.items():
        place = root / link[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(target)
    for name, mode in layer.modes.items():
        (root / name[1:]).chmod(int(mode, 8))
    for pattern in layer.exclude:
        _remove(root, pattern)


def _write_version(config: ImageConfig) -> None:
    """What /usr/bin/hub compares newer software with, and an update another image: docs/adr/0019."""
    place = config.root / "usr/lib/hub"
    place.mkdir(parents=True, exist_ok=True)
    (place / "version").write_text(f"{config.version}\n", encoding="ascii")
    (place / "built-at").write_text(f"{config.epoch}\n", encoding="ascii")


def _install(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if path.is_symlink():
        target.symlink_to(path.readlink())
    else:
        shutil.copyfile(path, target)
        target.chmod(0o755 if os.access(path, os.X_OK) else 0o644)


def _remove(root: Path, pattern: str) -> None:
    kept = "copyright"  # what the list of licences is made of
    for path in sorted(root.glob(pattern[1:]), reverse=True):
        if not path.parent.resolve().is_relative_to(root):
            continue  # a link of the card leads to this machine's own files
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != kept:
            path.unlink(missing_ok=True)


def _impersonal(root: Path) -> None:
    for pattern in _PERSONAL:
        _remove(root, pattern)
    (root / "etc/machine-id").write_text("uninitialized\n")
    (root / "etc/hostname").write_text("hub\n")
    for folder in ("etc", "var"):  # else systemd makes caches anew at each start: nothing is kept of them
        (root / folder / ".updated").touch()


def _name_image(root: Path, version: str) -> None:
    with (root / "usr/lib/os-release").open("a", encoding="utf-8") as file:
        file.write(f'IMAGE_ID=classroom-hub\nIMAGE_VERSION="{version}"\n')


STEP = Step(
    name="root",
    about="the read-only root: kernel modules, software, layers, accounts, units",
    plan=_plan,
    makes=lambda config: (config.root, unpacked_dir(config)),
    reads=lambda config: (Path(__file__), config.layers, config.files),
    after=("base", "hub", "kolibri"),
)
