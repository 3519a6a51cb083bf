"""What is handed out: the image packed, hashes, block map, the entry for Imager, what is in it."""

import subprocess
from email.parser import HeaderParser
from pathlib import Path

from image import bmap, oslist, sbom
from image.config import ImageConfig
from image.errors import ToolError
from image.hashes import hash_file
from image.step import Action, Build, Call, Run, Step
from image.steps.packages import data_debs
from image.steps.software import software_dir
from image.steps.wheels import ENVIRONMENTS

SUFFIXES = (".img.xz", ".sha256", ".bmap", ".os_list.json", ".packages.txt", ".spdx.json")


def artefact(config: ImageConfig, suffix: str) -> Path:
    """Where a finished file goes."""
    return config.out / f"{config.name}{suffix}"


def find_packages(config: ImageConfig) -> list[sbom.Package]:
    """Return everything that the image holds."""
    debs = [*config.debs.glob("*.deb"), *data_debs(config).glob("*.deb")]
    hashes = {_deb_key(path): hash_file(path) for path in debs}
    packages = sbom.read_debs(config.root, hashes)
    for path in sorted(data_debs(config).glob("*.deb")):
        packages.append(sbom.deb(config.root, HeaderParser().parsestr(_control(path)), hashes))
    for name in ENVIRONMENTS:
        packages += sbom.read_python(software_dir(config, name) / "opt" / name)
    return sorted(set(packages))


def _deb_key(path: Path) -> str:
    name, version, _ = path.name.split("_", 2)
    return f"{name}_{version.replace('%3a', ':')}"


def _control(path: Path) -> str:
    done = subprocess.run(["dpkg-deb", "--field", str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"dpkg-deb --field {path}: {done.stderr.strip()}")
    return done.stdout


def _plan(build: Build) -> tuple[Action, ...]:
    config = build.config
    packed = artefact(config, ".img.xz")
    return (
        Call(f"make {config.out}", lambda: config.out.mkdir(parents=True, exist_ok=True)),
        Run(("cp", "--sparse=always", str(config.image), str(packed.with_suffix("")))),
        # Blocks of one size give the same bytes on any number of processors.
        Run(
            (
                "xz",
                "--force",
                f"-{config.xz_level}",
                "--threads=0",
                "--block-size=16MiB",
                str(packed.with_suffix("")),
            )
        ),
        Call("write hashes, block map, os_list.json", lambda: _write(config)),
        Call(
            "write the list of packages with versions and licences, and as SPDX",
            lambda: _write_packages(config),
        ),
    )


def _write(config: ImageConfig) -> None:
    image, packed = config.image, artefact(config, ".img.xz")
    hashes = f"{hash_file(image)}  {packed.stem}\n{hash_file(packed)}  {packed.name}\n"
    artefact(config, ".sha256").write_text(hashes)
    artefact(config, ".bmap").write_text(bmap.make_bmap(image))
    listed = oslist.make_os_list(image, packed, version=config.version, epoch=config.epoch)
    artefact(config, ".os_list.json").write_text(listed, encoding="utf-8")


def _write_packages(config: ImageConfig) -> None:
    packages = find_packages(config)
    artefact(config, ".packages.txt").write_text(sbom.write_list(packages), encoding="utf-8")
    document = sbom.write_spdx(packages, name=config.name, epoch=config.epoch)
    artefact(config, ".spdx.json").write_text(document, encoding="utf-8")


STEP = Step(
    name="publish",
    about="the packed image, its hashes, block map, os_list.json, packages and licences",
    plan=_plan,
    makes=lambda config: tuple(artefact(config, suffix) for suffix in SUFFIXES),
    reads=lambda config: (),
    after=("disk",),
)
