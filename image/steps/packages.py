"""Debian as mmdebstrap makes it: minutes under emulation, so kept while the layers name the same packages."""

from pathlib import Path

from image.config import ARCHITECTURE, BASE_EPOCH, COMPONENTS, SUITE, ImageConfig
from image.step import Action, Build, Run, Step


def base_tar(config: ImageConfig) -> Path:
    """Where Debian's tree lies."""
    return config.work / "base.tar"


def data_debs(config: ImageConfig) -> Path:
    """Where the packages lie that are taken apart."""
    return config.work / "unpacked"


def _plan(build: Build) -> tuple[Action, ...]:
    config = build.config
    installed = sorted(name for layer in build.layers for name in layer.packages)
    unpacked = sorted(name for layer in build.layers for name in layer.unpacked)
    folders = (config.debs, data_debs(config))
    return (
        Run(("mkdir", "--parents", *map(str, folders))),
        Run(
            (
                "mmdebstrap",
                f"--architectures={ARCHITECTURE}",
                "--variant=essential",  # no apt on the card: a root that nobody writes to installs nothing
                f"--components={','.join(COMPONENTS)}",
                f"--include={','.join(installed)}",
                *(f"--dpkgopt=path-exclude={path}" for path in _exclusions(build)),
                "--dpkgopt=path-include=/usr/share/doc/*/copyright",
                '--aptopt=APT::Install-Recommends "false"',
                "--skip=download/empty,essential/unlink",
                *_cached(config.debs),
                f"--customize-hook={_download(config, unpacked)}",
                '--customize-hook=umount "$1/var/cache/apt/archives"',
                SUITE,
                str(base_tar(config)),
                *config.mirrors,
            ),
            {"SOURCE_DATE_EPOCH": str(BASE_EPOCH)},
        ),
    )


def _exclusions(build: Build) -> list[str]:
    return sorted(path for layer in build.layers for path in layer.exclude if path.startswith("/usr/share/"))


def _cached(debs: Path) -> tuple[str, str]:
    archives = '"$1/var/cache/apt/archives"'
    return (f"--setup-hook=mkdir -p {archives}", f'--setup-hook=mount -o bind "{debs}" {archives}')


def _download(config: ImageConfig, names: list[str]) -> str:
    """The command that fetches packages which are not installed; of an empty one what it depends on."""
    apt = 'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"'
    kernel = f"$({apt} apt-cache depends --important linux-image-{ARCHITECTURE} | sed -n 's/.*Depends: //p')"
    wanted = " ".join(kernel if name == f"linux-image-{ARCHITECTURE}" else name for name in names)
    return f'cd "{data_debs(config)}" && {apt} apt-get download {wanted}'


STEP = Step(
    name="base",
    about="Debian's packages, installed under emulation (minutes; the next build keeps it)",
    plan=_plan,
    makes=lambda config: (base_tar(config), data_debs(config)),
    reads=lambda config: (),
    hint="Is a mirror reachable (apt-get update)? Does `arch-test arm64` say ok? Is there 3 GB of room?",
)
