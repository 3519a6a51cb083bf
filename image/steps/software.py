"""The hub's software and Kolibri, each in an environment of its own, from wheels."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

from image.config import PYTHON, ImageConfig
from image.step import Action, Build, Call, Step
from image.steps.tools import compile_modules
from image.steps.wheels import ENVIRONMENTS, wheel_dir

# Kolibri brings C extensions for 40 Pythons and machines, none of them Python 3.13: 212 MB that it never loads.
_UNUSED = {"kolibri": ("kolibri/dist/cext", "kolibri/dist/**/tests", "kolibri/**/test")}
_PROGRAMS = {"hub": {"hub"}, "kolibri": {"kolibri"}}  # the others' commands are not for a card


def software_dir(config: ImageConfig) -> Path:
    """The tree with /opt."""
    return config.work / "software"


def make_environment(prefix: Path, tree: Path, wheels: Iterable[Path], programs: set[str]) -> None:
    """Write a virtual environment for `prefix` of the card below `tree`, with these wheels.

    The same wheels give the same bytes: no path of this machine, no time, nothing compiled.
    """
    place = tree / prefix.relative_to("/")
    packages = place / "lib" / f"python{PYTHON}" / "site-packages"
    for folder in (packages, place / "bin"):
        folder.mkdir(parents=True)
    (place / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {PYTHON}\n"
    )
    for name in ("python", "python3"):
        (place / "bin" / name).symlink_to("/usr/bin/python3")
    destination = SchemeDictionaryDestination(
        {"purelib": str(packages), "platlib": str(packages), "scripts": str(place / "bin"),
         "data": str(place), "headers": str(place / "include")},
        interpreter=str(prefix / "bin" / "python"), script_kind="posix", bytecode_optimization_levels=(),
    )  # fmt: skip
    for wheel in sorted(wheels):
        with WheelFile.open(wheel) as source:
            install(source, destination, additional_metadata={"INSTALLER": b"hub-image\n"})
    for program in (place / "bin").iterdir():
        if not program.name.startswith("python") and program.name not in programs:
            program.unlink()


def _plan(build: Build) -> tuple[Action, ...]:
    config = build.config
    return (
        *(Call(f"make the environment /opt/{name}", lambda name=name: _make(config, name)) for name in ENVIRONMENTS),
        compile_modules(config, software_dir(config), *(f"/opt/{name}" for name in ENVIRONMENTS)),
    )


def _make(config: ImageConfig, name: str) -> None:
    wheels = [*wheel_dir(config, name).glob("*.whl"), *([config.wheel] if name == "hub" else [])]
    tree = software_dir(config)
    make_environment(Path("/opt", name), tree, wheels, _PROGRAMS[name])
    packages = tree / "opt" / name / "lib" / f"python{PYTHON}" / "site-packages"
    for pattern in _UNUSED.get(name, ()):
        for path in sorted(packages.glob(pattern)):
            shutil.rmtree(path, ignore_errors=True)


STEP = Step(
    name="software",
    about="the hub's software in /opt/hub, Kolibri in /opt/kolibri, compiled",
    plan=_plan,
    makes=lambda config: (software_dir(config),),
    reads=lambda config: (Path(__file__), config.wheel),
    after=("tools", "wheels"),
)
