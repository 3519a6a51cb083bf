"""The hub's software and Kolibri, each in an environment of its own, from wheels."""

import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

from image.config import PYTHON, ImageConfig
from image.step import Action, Build, Call, Step
from image.steps.tools import compile_modules, python, tools_dir
from image.steps.wheels import wheel_dir

# Kolibri brings C extensions for 40 Pythons and machines, none for 3.13: 212 MB that it never loads.
# Tests of Kolibri and of what it brings go too; django.test stays, which Kolibri itself imports.
_UNUSED = {
    "kolibri": (
        "kolibri/dist/cext",
        "kolibri/dist/**/tests",
        "kolibri/core/**/test",
        "kolibri/plugins/**/test",
    )
}
_PROGRAMS = {"hub": {"hub"}, "kolibri": {"kolibri"}}  # the others' commands are not for a card


def software_dir(config: ImageConfig, name: str) -> Path:
    """The tree with /opt/<name>."""
    return config.work / "software" / name


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
        {
            "purelib": str(packages),
            "platlib": str(packages),
            "scripts": str(place / "bin"),
            "data": str(place),
            "headers": str(place / "include"),
        },
        interpreter=str(prefix / "bin" / "python"),
        script_kind="posix",
        bytecode_optimization_levels=(),
    )
    for wheel in sorted(wheels):
        with WheelFile.open(wheel) as source:
            install(source, destination, additional_metadata={"INSTALLER": b"hub-image\n"})
    for program in (place / "bin").iterdir():
        if not program.name.startswith("python") and program.name not in programs:
            program.unlink()


def _plan(name: str, build: Build) -> tuple[Action, ...]:
    config = build.config
    return (
        Call(f"make the environment /opt/{name}", lambda: _make(config, name)),
        compile_modules(config, software_dir(config, name), f"/opt/{name}"),
        *(_check_kolibri(config) if name == "kolibri" else ()),
    )


def _check_kolibri(config: ImageConfig) -> tuple[Action, ...]:
    """Let Kolibri load all of itself once: too much may have been taken away."""
    packages = f"/mnt/opt/kolibri/lib/python{PYTHON}/site-packages"
    env = (f"PYTHONPATH={packages}", "PYTHONDONTWRITEBYTECODE=1", "KOLIBRI_HOME=/tmp/kolibri")
    home = tools_dir(config) / "tmp" / "kolibri"
    return (
        python(config, software_dir(config, "kolibri"), "-m", "kolibri", "manage", "check", env=env),
        Call(f"remove {home}", lambda: shutil.rmtree(home, ignore_errors=True)),
    )


def _make(config: ImageConfig, name: str) -> None:
    wheels = [*wheel_dir(config, name).glob("*.whl"), *([config.wheel] if name == "hub" else [])]
    tree = software_dir(config, name)
    make_environment(Path("/opt", name), tree, wheels, _PROGRAMS[name])
    packages = tree / "opt" / name / "lib" / f"python{PYTHON}" / "site-packages"
    for pattern in _UNUSED.get(name, ()):
        for path in sorted(packages.glob(pattern)):
            shutil.rmtree(path, ignore_errors=True)


def _step(name: str, about: str, reads: Callable[[ImageConfig], tuple[Path, ...]]) -> Step:
    return Step(
        name=name,
        about=about,
        plan=partial(_plan, name),
        makes=lambda config: (software_dir(config, name),),
        reads=lambda config: (Path(__file__), *reads(config)),
        after=("tools", "wheels"),
    )


KOLIBRI = _step("kolibri", "Kolibri in /opt/kolibri, compiled", lambda config: ())
HUB = _step("hub", "the hub's software in /opt/hub, compiled", lambda config: (config.wheel,))
