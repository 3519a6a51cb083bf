"""Python packages for the card, fetched here for its machine: nothing is compiled or emulated."""

import re
import sys
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement

from image.config import MACHINE, PYTHON, ImageConfig
from image.step import Action, Build, Call, Run, Step

# Markers are judged for the card and not for this machine, which pip would do.
_ENVIRONMENT = {
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.0",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "platform_machine": MACHINE,
    "platform_system": "Linux",
    "sys_platform": "linux",
    "os_name": "posix",
}
_GLIBC = 41  # minor version of trixie's: wheels made for it or an older one
_OLDEST_GLIBC = 17
ENVIRONMENTS = ("hub", "kolibri")
_BLOCK = re.compile(
    r"^(?P<requirement>[^\s#][^\\]*?)\s*\\\n(?P<hashes>(?:    --hash=[^\n]*\n)+)", re.MULTILINE
)


def pins(config: ImageConfig, environment: str) -> Path:
    """The recorded versions and hashes."""
    return config.source / "requirements" / f"{environment}.txt"


def wheel_dir(config: ImageConfig, environment: str) -> Path:
    """Where an environment's wheels lie."""
    return config.wheels / environment


def choose(text: str) -> str:
    """Return the lines of a requirements file that hold on the card, without markers."""
    chosen = []
    for block in _BLOCK.finditer(text):
        requirement = Requirement(block["requirement"])
        if requirement.marker is None or _holds(requirement.marker):
            chosen.append(f"{requirement.name}{requirement.specifier} \\\n{block['hashes']}")
    return "".join(chosen)


def _holds(marker: Marker) -> bool:
    return marker.evaluate(_ENVIRONMENT)


def _plan(build: Build) -> tuple[Action, ...]:
    return tuple(action for name in ENVIRONMENTS for action in _fetch(build.config, name))


def _fetch(config: ImageConfig, environment: str) -> tuple[Action, ...]:
    folder = wheel_dir(config, environment)
    wanted = folder / "wanted.txt"

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        wanted.write_text(choose(pins(config, environment).read_text(encoding="utf-8")), encoding="utf-8")

    return (
        Call(
            f"write {wanted}: what of {pins(config, environment)} holds on {MACHINE}, Python {PYTHON}", write
        ),
        Run(
            (
                *download_words(MACHINE),
                f"--dest={folder}",
                f"--requirement={wanted}",
            )
        ),
    )


def download_words(machine: str) -> tuple[str, ...]:
    """Return the command that fetches wheels for a machine with this Debian; which and where to is added."""
    platforms = (
        f"--platform=manylinux_2_{minor}_{machine}" for minor in range(_GLIBC, _OLDEST_GLIBC - 1, -1)
    )
    return (
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary=:all:", "--require-hashes"),
        *(f"--python-version={PYTHON}", "--implementation=cp"),
        *(*platforms, f"--platform=manylinux2014_{machine}"),
    )


STEP = Step(
    name="wheels",
    about="Python packages for the card's machine, by their recorded hashes",
    plan=_plan,
    makes=lambda config: tuple(wheel_dir(config, name) for name in ENVIRONMENTS),
    reads=lambda config: tuple(pins(config, name) for name in ENVIRONMENTS),
    hint=f"Is the package registry reachable, and is there a wheel of that package for {MACHINE}?",
)
