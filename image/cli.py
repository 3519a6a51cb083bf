"""`hub-image build | plan`: the card's image, and what a build would do. The command is the office's."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from image import debian
from image.config import ImageConfig
from image.errors import BadUsageError, ImageError
from image.layer import read_layers
from image.same import require_same
from image.step import Build, run_steps
from image.steps import STEPS
from image.steps.root import check_files

_SOURCE = Path(__file__).parents[1]


_options = [
    click.option(
        "--wheel",
        type=click.Path(path_type=Path),
        help="The hub's software, as a wheel [default: the one that `make image` left in WORK/wheel].",
    ),
    click.option(
        "--work",
        type=click.Path(path_type=Path),
        default=Path("build/image"),
        show_default=True,
        help="What steps leave for the next build, and the cache of packages.",
    ),
    click.option(
        "-o",
        "--out",
        type=click.Path(path_type=Path),
        default=Path("build/image/out"),
        show_default=True,
        help="Where the finished files go.",
    ),
    click.option(
        "--source",
        type=click.Path(path_type=Path),
        default=_SOURCE,
        help="The repository [default: this one].",
    ),
    click.option("--fast", is_flag=True, help="Compress little: for trying out, not for schools."),
    click.option("--mirror", help="A mirror of Debian [default: this machine's]."),
    click.option("--mirror-security", help="Its security updates."),
]


def _command(function: Callable[..., None]) -> click.Command:
    """Make a command of a function: with the options that all share, and failures as text."""

    @wraps(function)
    def explained(**values: object) -> None:
        try:
            function(**values)
        except ImageError as error:
            click.echo(f"error [{error.code}]: {error.message}", err=True)
            if error.hint:
                click.echo(f"  next: {error.hint}", err=True)
            sys.exit(error.exit_code)

    command: Callable[..., None] = explained
    for option in reversed(_options):
        command = option(command)
    return click.command()(command)


@_command
@click.option("--until", metavar="STEP", help="Stop after this step.")
@click.option("--again", metavar="STEP", help="Undo this step first, so that it runs again.")
@click.option(
    "--same-as",
    metavar="IMAGE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Fail unless the image is this one, byte for byte, and say which part differs.",
)
def build(until: str | None, again: str | None, same_as: Path | None, **where: Any) -> None:  # noqa: ANN401
    """Build the card's image, the same for all schools; what is done and unchanged since is kept."""
    task = _build(**where)
    if os.geteuid() != 0:
        raise BadUsageError(
            "a build mounts, and makes what belongs to root", hint="Run it as root: sudo make image"
        )
    steps = STEPS[: _index(until) + 1 if until else None]
    if again:
        STEPS[_index(again)].undo(task.config)
    for folder in ("stamps", "log"):
        (task.config.work / folder).mkdir(parents=True, exist_ok=True)
    run_steps(steps, task, lambda text: click.echo(text, err=True))
    if same_as:
        for part, sha256 in require_same(task.config.image, same_as).items():
            click.echo(f"{part:8} {sha256}")


@_command
def plan(**where: Any) -> None:  # noqa: ANN401 - those of _build
    """Print what a build does, step by step, and do nothing."""
    task = _build(**where, is_plan=True)
    for number, step in enumerate(STEPS, 1):
        click.echo(f"{number:2} {step.name}: {step.about}")
        for action in step.plan(task):
            click.echo(f"     {action}")


def _index(name: str) -> int:
    names = [step.name for step in STEPS]
    if name not in names:
        raise BadUsageError(f"no step {name!r}; there are {', '.join(names)}")
    return names.index(name)


def _find_wheel(wheel: Path | None, work: Path, *, is_plan: bool) -> Path:
    """Return the wheel that was named or left by `make image`; a plan only names it."""
    if wheel is None:
        left = sorted((work / "wheel").glob("*.whl"))
        wheel = left[-1] if left else work / "wheel" / "classroom_hub.whl"
        if is_plan:
            return wheel
    if not wheel.is_file():
        raise BadUsageError(f"{wheel}: no such wheel", hint="make image builds it; or: pip wheel --no-deps .")
    return wheel


def _build(
    wheel: Path | None,
    work: Path,
    out: Path,
    source: Path,
    fast: bool,
    mirror: str | None,
    mirror_security: str | None,
    *,
    is_plan: bool = False,
) -> Build:
    wheel = _find_wheel(wheel, work, is_plan=is_plan)
    config = ImageConfig(
        source=source.resolve(),
        wheel=wheel.resolve(),
        work=work.resolve(),
        out=out.resolve(),
        version=_git(source, "describe", "--always", "--dirty"),
        epoch=int(_git(source, "log", "-1", "--format=%ct")),
        mirrors=debian.sources(mirror, mirror_security) if mirror else debian.read_mirrors(),
        host_architecture=debian.host_architecture(),
        zstd_level=1 if fast else 15,
        xz_level=0 if fast else 3,
    )
    task = Build(config, read_layers(config.layers))
    check_files(task)  # the step that needs it comes after minutes of others
    return task


def _git(source: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(source), *words], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BadUsageError(
            f"{source} is no git checkout", hint="The image's version and time are the commit's."
        ) from error
    return done.stdout.strip()
